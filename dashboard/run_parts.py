"""What is shown of a run beside its verdict and its report: progress, the file, the steps, the ways onward."""

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard import downloads, formats, links, words
from dashboard.i18n import gettext as _
from dashboard.parts import badge, card, figure_of, figures, icon
from ventas.settings import DATA_BUCKET, Settings

Run = dict[str, Any]


def progress_bar(run: Run) -> list[Any]:
    """A bar with its words while a run works and tells how far it is; nothing otherwise."""
    known = words.progress(run.get("progress"))
    if known is None or not words.is_working(run.get("status", "")):
        return []
    percent, text = known
    bar = dmc.Progress(value=percent, animated=True, size="sm", **{"aria-label": text})
    return [html.Div([bar, html.Span(text, className="progress-text")], className="progress")]


def facts_card(run: Run, settings: Settings) -> Any:
    """Which file it was, when it came, what can be downloaded, and where to look further."""
    version = run.get("model_version")
    return card(
        figures(
            figure_of(_("Tamaño"), formats.size(run.get("size"))),
            figure_of(
                _("Modelo"), _("Versión {number}").format(number=version) if version else formats.NOTHING
            ),
        ),
        _origin(run, settings.BUSINESS_TIMEZONE),
        html.Div([*answer_links(run), *_onward(run, settings)], className="run-links"),
        title=_("Archivo"),
    )


def steps_card(run: Run, bar: Any, settings: Settings) -> Any:
    """What the time went into, and every start of a step in its order, with worker, task and error."""
    steps = run.get("steps") or []
    if not steps:
        said = words.state_sentence(run.get("status", ""))
        return card(dmc.Text(said, size="sm", c="dimmed"), title=_("Pasos"))
    rows = [html.Li(_step(step, settings)) for step in steps]
    return card(bar, html.Ol(rows, className="run-steps"), title=_("Pasos"))


def _step(step: dict[str, Any], settings: Settings) -> list[Any]:
    asked = step.get("step") == words.RETRY
    label = words.outcome(step.get("outcome"))
    kind = html.Span(className=f"swatch piece-{step.get('step')}", **{"aria-hidden": "true"})
    head = html.Div(
        [
            html.Span([kind, words.step(step.get("step", ""))], className="step-name"),
            None if asked else badge(label, "sm"),
        ],
        className="run-head",
    )
    facts = _asked_facts(step, settings) if asked else _work_facts(step, settings)
    error = step.get("error") if not asked else None
    return [
        head,
        html.Div(facts, className="step-facts breakable"),
        # As the system said it, for whoever looks after it.
        html.Div(str(error), lang="en", className="step-error breakable") if error else None,
    ]


def _work_facts(step: dict[str, Any], settings: Settings) -> list[Any]:
    since = _("desde {moment}").format(
        moment=formats.clock(step.get("started_at"), settings.BUSINESS_TIMEZONE)
    )
    attempt = step.get("attempt") or 1
    facts = [
        formats.between(step.get("started_at"), step.get("ended_at")) if step.get("ended_at") else "",
        since,
        _("intento {number}").format(number=attempt) if attempt > 1 else "",
        str(step.get("worker") or ""),
    ]
    task = step.get("task_id")
    link = links.flower_task(settings, task) if task else ""
    told = " · ".join(fact for fact in facts if fact)
    return [told, *([" · ", _outside(_("tarea en Flower"), link)] if link else [])]


def _asked_facts(step: dict[str, Any], settings: Settings) -> list[Any]:
    """Who asked for a new start, and how the run had ended."""
    who = _("Lo pidió {actor}").format(actor=step.get("worker"))
    ended = step.get("outcome") or "ok"
    had = (
        _("había terminado como «{state}»").format(state=_(words.status(ended).text)) if ended != "ok" else ""
    )
    when = formats.clock(step.get("started_at"), settings.BUSINESS_TIMEZONE)
    return [" · ".join(part for part in (when, who, had) if part)]


def _origin(run: Run, zone: str) -> html.Dl:
    deleted = run.get("dataset_deleted_at")  # by KEEP_DATASETS_DAYS
    upload = run.get("upload_deleted_at")  # by KEEP_REJECTED_DAYS
    facts = {
        _("Subido el"): formats.clock(run.get("uploaded_at") or run.get("created_at"), zone),
        _("Ubicación"): f"{run.get('bucket')}/{run.get('key')}",
        _("Versión del archivo"): run.get("version_id"),
        _("Ejecución"): run.get("id"),
        _("Datos limpios borrados el"): formats.clock(deleted, zone) if deleted else None,
        _("Archivo borrado el"): formats.clock(upload, zone) if upload else None,
        _("Respuesta"): f"{run.get('bucket')}/{run['answer']}" if run.get("answer") else None,
    }
    rows = [
        [html.Dt(name), html.Dd(str(value), className="breakable")] for name, value in facts.items() if value
    ]
    return html.Dl([part for row in rows for part in row], className="facts")


def rejected_link(run: Run) -> Any:
    """The download of the rows that were left aside, or nothing where there are none."""
    count = (run.get("quality") or {}).get("rows_rejected")
    if not count or run.get("dataset_deleted_at") or run.get("upload_deleted_at"):
        return None
    said = _("Descargar las filas apartadas ({count})").format(count=formats.count(count))
    return _download(said, downloads.href(run["id"], "rejected.csv"))


def answer_links(run: Run) -> list[Any]:
    """The download of a forecast that is ready, else nothing."""
    answer = _download(_("Descargar el pronóstico"), downloads.href(run["id"], "answer.csv"))
    return [answer] if run.get("answer") else []


def _download(text: str, href: str) -> html.A:
    return html.A([icon("download"), text], href=href, download=True, className="run-link")


def _onward(run: Run, settings: Settings) -> list[Any]:
    """Links to the model, and to what the other tools show of this run."""
    version, mlflow = run.get("model_version"), run.get("mlflow_run_id")
    sales = run.get("kind") != "forecast"
    trained = sales and run.get("status") in ("retrain", "promote", "promoted", "not_promoted")
    dataset = links.stored_object(settings, DATA_BUCKET, f"runs/{run['id']}/")
    upload = links.stored_object(settings, str(run.get("bucket")), str(run.get("key")))
    found = {
        _("Archivo en MinIO"): "" if run.get("upload_deleted_at") else upload,
        _("Datos limpios en MinIO"): dataset if trained and _has_dataset(run) else "",
        _("Entrenamiento en MLflow"): links.mlflow_run(settings, mlflow) if mlflow else "",
    }
    own = dcc.Link(
        _("Modelo, versión {number}").format(number=version),
        href=f"/modelos?version={version}",
        className="run-link",
    )
    return [
        *([own] if version else []),
        *(_outside(text, href, True) for text, href in found.items() if href),
    ]


def _has_dataset(run: Run) -> bool:
    return not run.get("same_as_run") and not run.get("dataset_deleted_at")


def _outside(text: str, href: str, button: bool = False) -> html.A:
    return html.A(
        [text, icon("outside")],
        href=href,
        target="_blank",
        rel="noreferrer",
        className="run-link" if button else "outside-link",
    )
