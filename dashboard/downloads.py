"""Files of a run, passed on from the API piece by piece: the browser need not reach the API for them."""

from collections.abc import Iterator
from contextlib import ExitStack

import flask
from flask import Response

from dashboard import context, rejected_file
from dashboard.problems import ApiProblem

REJECTED = "rejected.csv"
FILES = (REJECTED, "answer.csv")
PASSED_ON = ("Content-Type", "Content-Disposition", "Content-Length")


def register(server: flask.Flask) -> None:
    """Add `/ejecuciones/<run id>/rejected.csv` and `/answer.csv`."""
    for name in FILES:
        server.add_url_rule(
            f"/ejecuciones/<run_id>/{name}",
            f"download-{name}",
            lambda run_id, of=name: _download(run_id, of),
        )


def href(run_id: str, name: str) -> str:
    """Where a file of a run is downloaded."""
    return f"/ejecuciones/{run_id}/{name}"


def _download(run_id: str, name: str) -> Response:
    """The file, or one sentence saying why there is none."""
    opened = ExitStack()
    try:
        answer = opened.enter_context(context.api().run_file(run_id, name))
    except ApiProblem as problem:
        return why_none(problem)
    headers = {header: answer.headers[header] for header in PASSED_ON if header in answer.headers}
    if name == REJECTED:
        headers.pop("Content-Length", None)  # it is told in other words, and so of another length
        told = pieces(rejected_file.in_words(answer.iter_bytes()), opened)
        return Response(flask.stream_with_context(told), headers=headers)
    return Response(pieces(answer.iter_raw(), opened), headers=headers)


def why_none(problem: ApiProblem) -> Response:
    """The sentence that is answered in place of a file."""
    status = 404 if problem.missing else 400 if problem.refused else 502
    return Response(str(problem), status, mimetype="text/plain")


def pieces(found: Iterator[bytes], opened: ExitStack) -> Iterator[bytes]:
    """The pieces of a file; what it needed open is closed after the last, or when the browser is gone."""
    with opened:
        yield from found
