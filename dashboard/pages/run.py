"""One run: what was wrong with the file, what the steps did, why the model was promoted or not."""

from datetime import UTC, datetime
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, dcc, html, no_update

from dashboard import context, polling, run_actions, run_replay, spans, verdicts, words
from dashboard.i18n import gettext as _
from dashboard.i18n import mark as N_
from dashboard.i18n import title
from dashboard.parts import (
    NO_PROBLEM,
    badge,
    card,
    empty,
    problem_notice,
    problem_outputs,
    problem_shown,
    skeleton,
)
from dashboard.problems import ApiProblem
from dashboard.quality_parts import quality_card
from dashboard.run_parts import facts_card, progress_bar, steps_card
from dashboard.run_timeline import bar_with_legend
from dashboard.verdict_parts import verdict_card
from ventas.settings import Settings

MISSING = N_("Esta ejecución no existe: la dirección está mal escrita o la ejecución se borró.")


def register(app: Dash) -> None:
    """Add the page and its callbacks."""
    dash.register_page(
        __name__,
        path_template="/ejecuciones/<run_id>",
        name=N_("Ejecución"),
        title=title("Ejecución"),
        layout=layout,
    )
    app.callback(
        Output("run-head", "children"),
        Output("run-body", "children"),
        Output("run-shown", "data"),
        Output("run-version", "data"),
        Output("run-tick", "interval"),
        Output("run-tick", "disabled"),
        *problem_outputs("run"),
        polling.due(app, "run"),
        Input("run-retry", "n_clicks"),
        Input("run-acted", "data"),
        State("run-id", "data"),
        State("run-shown", "data"),
        running=polling.busy("run"),
    )(show_run)
    run_actions.register(app)
    run_replay.register(app)


def layout(run_id: str = "", **_query: str) -> html.Div:
    """The page of the run `run_id`."""
    return html.Div(
        [
            *polling.ticker("run"),
            dcc.Store(id="run-id", data=run_id),
            dcc.Store(id="run-shown"),
            *run_actions.stores(),
            dcc.Link(_("← Todas las ejecuciones"), href="/ejecuciones", className="back"),
            problem_notice("run"),
            html.Div(id="run-told", role="status", className="run-told"),
            html.Div(skeleton(60), id="run-head"),
            run_replay.area(),
            html.Div([skeleton(160), skeleton(240)], id="run-body", className="stack"),
            run_actions.dialog(),
        ],
        className="stack tight",
    )


def show_run(
    _ticks: int | None, _retry: int | None, _acted: str | None, run_id: str, shown: str | None
) -> tuple[Any, Any, Any, Any, int, bool, bool, str]:
    """Heading and body (only when they changed), mark, version, the pace (none once it is over), the notice."""
    try:
        run = context.api().run(run_id)
    except ApiProblem as problem:
        if problem.missing:
            missing = card(empty(_(MISSING), "runs"))
            return missing, [], None, None, polling.LIVE_MILLISECONDS, True, *NO_PROBLEM
        kept = no_update if shown else []
        return kept, kept, no_update, no_update, polling.SLOW_MILLISECONDS, False, *problem_shown(problem)
    over = not words.is_working(run.get("status", ""))
    mark = polling.mark(run)
    head, body = (no_update, no_update) if mark == shown else (_heading(run), _body(run, context.settings()))
    return head, body, mark, run.get("model_version"), polling.LIVE_MILLISECONDS, over, *NO_PROBLEM


def _body(run: dict[str, Any], settings: Settings) -> list[Any]:
    found = spans.spans(run, datetime.now(UTC))
    parts = [
        verdict_card(run),
        html.Div(
            [facts_card(run, settings), steps_card(run, bar_with_legend(found), settings)],
            className="two-columns even",
        ),
        quality_card(run),
    ]
    return [part for part in parts if part is not None]


def _link_to_newer(run: dict[str, Any]) -> Any:
    newer = run.get("superseded_by")
    said = _("Ver la ejecución del archivo más nuevo")
    return dcc.Link(said, href=f"/ejecuciones/{newer}") if newer else None


def _heading(run: dict[str, Any]) -> html.Div:
    name = str(run.get("key", "")).rpartition("/")[2]
    own = run.get("reason") if run.get("status") == "failed" else None
    return html.Div(
        [
            html.Div(
                [
                    dmc.Group(
                        [
                            dmc.Title(name, order=1, className="page-title breakable"),
                            badge(words.status_of(run), "lg"),
                        ],
                        gap="sm",
                    ),
                    run_actions.buttons(run),
                ],
                className="run-top",
            ),
            dmc.Text(verdicts.of_run(run), c="dimmed") if not run.get("verdict") else None,
            # As the system said it, for whoever looks after it.
            html.Div(str(own), lang="en", className="step-error breakable") if own else None,
            _link_to_newer(run),
            *progress_bar(run),
        ],
        className="run-heading",
    )
