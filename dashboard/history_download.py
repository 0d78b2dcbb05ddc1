"""The filtered history as a file, passed on from the API piece by piece: the browser need not reach the API."""

from contextlib import ExitStack
from urllib.parse import urlencode

import flask
from flask import Response

from dashboard import context, downloads
from dashboard.history_filters import YES, Query
from dashboard.i18n import gettext as _
from dashboard.problems import ApiProblem

PATH = "/historial/pronosticos.csv"


def register(server: flask.Flask) -> None:
    """Add the file's address."""
    server.add_url_rule(PATH, "download-history", _download)


def href(wanted: Query, *, excel: bool) -> str:
    """Where the predictions of a filter are downloaded."""
    query = wanted | ({"excel": YES} if excel else {})
    return PATH + (f"?{urlencode(query)}" if query else "")


def _download() -> Response:
    """The file, or one sentence saying why there is none."""
    opened = ExitStack()
    wanted = flask.request.args.to_dict()
    try:
        answer = opened.enter_context(context.api().history_file(wanted))
    except ApiProblem as problem:
        return downloads.why_none(problem)
    name = _("pronosticos") + ("_excel" if wanted.get("excel") == YES else "")
    headers = {
        "Content-Type": answer.headers.get("Content-Type", "text/csv"),
        "Content-Disposition": f'attachment; filename="{name}.csv"',
    }
    return Response(downloads.pieces(answer.iter_bytes(), opened), headers=headers)
