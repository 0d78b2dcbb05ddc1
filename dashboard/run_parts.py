"""What is shown of a run: its card in the list, and the parts of its own page."""

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard import formats, verdicts, words
from dashboard.parts import badge, card, figure_of, figures, plain_table

Run = dict[str, Any]


def run_card(run: Run, zone: str) -> dcc.Link:
    """A run in the list: state, file, what happened, and progress while it works."""
    folder, _, name = str(run.get("key", "")).rpartition("/")
    when = formats.clock(run.get("uploaded_at") or run.get("created_at"), zone)
    facts = [when, formats.size(run.get("size")), f"en {folder}/" if folder else ""]
    return dcc.Link(
        [
            html.Div(
                [html.Span(name, className="run-name"), badge(words.status_of(run))],
                className="run-head",
            ),
            html.Span(verdicts.of_run(run), className="run-sentence"),
            *progress_bar(run),
            html.Span(" · ".join(fact for fact in facts if fact), className="run-facts"),
        ],
        href=f"/ejecuciones/{run['id']}",
        className="run-card",
    )


def progress_bar(run: Run) -> list[Any]:
    """A bar with its words while a run works and tells how far it is; nothing otherwise."""
    known = words.progress(run.get("progress"))
    if known is None or not words.is_working(run.get("status", "")):
        return []
    percent, text = known
    bar = dmc.Progress(value=percent, animated=True, size="md", **{"aria-label": text})
    return [html.Div([bar, html.Span(text, className="progress-text")], className="progress")]


def facts_card(run: Run, zone: str) -> Any:
    """Which file it was, when it came, and how long the work took."""
    return card(
        figures(
            figure_of("Tamaño", formats.size(run.get("size"))),
            figure_of("Duración", formats.between(run.get("created_at"), run.get("finished_at"))),
            figure_of(
                "Modelo", f"Versión {run['model_version']}" if run.get("model_version") else formats.NOTHING
            ),
        ),
        _origin(run, zone),
        title="Archivo",
    )


def steps_card(run: Run, zone: str) -> Any:
    """The steps that were started, in their order, with duration and outcome."""
    steps = run.get("steps") or []
    done = [step for step in steps if step.get("ended_at")]
    if not steps:
        return card(
            dmc.Text(words.state_sentence(run.get("status", "")), size="sm", c="dimmed"), title="Pasos"
        )
    return card(
        dmc.Timeline(
            [_step(step, zone) for step in steps],
            active=len(done) - 1,
            bulletSize=14,
            lineWidth=2,
            className="timeline",
        ),
        title="Pasos",
    )


def verdict_card(run: Run) -> Any:
    """The decision with both errors, or nothing while there is none."""
    verdict = run.get("verdict")
    if not verdict:
        return None
    again = run.get("same_as_run")
    return card(
        dmc.Text(verdicts.sentence(verdict), className="verdict-sentence"),
        _errors(verdict),
        *[
            dmc.Text(text, size="sm", c="dimmed")
            for text in (
                verdicts.approval(verdict),
                verdicts.evidence(verdict),
                verdicts.basis(verdict),
                verdicts.baselines(verdict),
                verdicts.worst_segment(verdict),
            )
            if text
        ],
        _segments(verdict.get("segments") or []),
        dcc.Link("Ver la primera ejecución de este archivo", href=f"/ejecuciones/{again}") if again else None,
        title="Veredicto",
        className="verdict",
    )


def _errors(verdict: dict[str, Any]) -> Any:
    ours, theirs = verdict.get("challenger_rmse"), verdict.get("champion_rmse")
    if ours is None and theirs is None:
        return None
    low, high = verdict.get("difference_low"), verdict.get("difference_high")
    items = [
        figure_of("Error del modelo nuevo", formats.number(ours), _version(verdict.get("challenger_version")))
    ]
    if theirs is not None:
        rival = _version(verdict.get("champion_version"))
        items.append(figure_of("Error del modelo en producción", formats.number(theirs), rival))
    if low is not None and high is not None:
        span = f"{formats.number(low, 1)} a {formats.number(high, 1)}"
        items.append(figure_of("Mejora del error cuadrático (95 %)", span, "positivo favorece al nuevo"))
    return figures(*items)


def _segments(entries: list[dict[str, Any]]) -> Any:
    """The errors part by part, folded away; nothing where no champion was compared."""
    compared = [entry for entry in entries if entry.get("champion_rmse") is not None]
    if not compared:
        return None
    rows = [
        [
            verdicts.segment(entry).removeprefix("los ").capitalize(),
            formats.count(entry["rows"]),
            formats.number(entry["challenger_rmse"]),
            formats.number(entry["champion_rmse"]),
            formats.share(entry.get("change")),
        ]
        for entry in compared
    ]
    head = ["Parte", "Filas", "Error del nuevo", "Error en producción", "Cambio"]
    return html.Details(
        [html.Summary("Error por partes"), plain_table(head, rows, "Error por partes")], className="segments"
    )


def _version(number: int | None) -> str:
    return f"versión {number}" if number else ""


def _step(step: dict[str, Any], zone: str) -> dmc.TimelineItem:
    took = formats.between(step.get("started_at"), step.get("ended_at"))
    attempt = f"intento {step['attempt']}" if (step.get("attempt") or 1) > 1 else ""
    begun = f"desde {formats.clock(step.get('started_at'), zone)}"
    facts = [took if step.get("ended_at") else "en curso", begun, attempt, str(step.get("worker") or "")]
    return dmc.TimelineItem(
        [
            dmc.Text(
                " · ".join(fact for fact in facts if fact), size="sm", c="dimmed", className="breakable"
            ),
            dmc.Text(str(step["error"]), size="sm", c="red", className="breakable")
            if step.get("error")
            else None,
        ],
        title=words.step(step.get("step", "")),
    )


def _has_unscored(run: Run) -> bool:
    return bool(run.get("answer") and (run.get("quality") or {}).get("rows_rejected"))


def _origin(run: Run, zone: str) -> html.Dl:
    facts = {
        "Subido el": formats.clock(run.get("uploaded_at") or run.get("created_at"), zone),
        "Ubicación": f"{run.get('bucket')}/{run.get('key')}",
        "Versión del archivo": run.get("version_id"),
        "Ejecución": run.get("id"),
        "Respuesta": f"{run.get('bucket')}/{run['answer']}" if run.get("answer") else None,
        "Filas sin pronóstico": f"{run.get('bucket')}/informes/{run['id']}.csv"
        if _has_unscored(run)
        else None,
    }
    rows = [
        [html.Dt(name), html.Dd(str(value), className="breakable")] for name, value in facts.items() if value
    ]
    return html.Dl([part for row in rows for part in row], className="facts")
