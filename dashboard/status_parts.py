"""The parts of the page «Estado»: a tile for each part of the system, the backlog, events, alerts."""

from datetime import datetime
from typing import Any, NamedTuple

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard import formats
from dashboard.i18n import gettext as _
from dashboard.i18n import mark as N_
from dashboard.parts import badge, card, empty, figure_of, figures
from dashboard.words import Label
from ventas.contract import Kind, is_own_output, kind_of
from ventas.states import WORKING_STATES, RunStatus

Told = dict[str, Any]


class Part(NamedTuple):
    """A part of the system: its name, what it does, and what happens while it is away."""

    name: str
    does: str
    without: str


PARTS = {
    "minio": Part(
        "MinIO", N_("Guarda los archivos"), N_("No se puede subir nada; lo que está en marcha espera.")
    ),
    "webhooks": Part(
        N_("Receptor de avisos"),
        N_("Oye cada archivo que llega"),
        N_("Los archivos se encuentran igual, en el próximo recorrido."),
    ),
    "redis": Part("Redis", N_("Reparte las tareas"), N_("Lo que llega se anota y se procesa cuando vuelva.")),
    "worker": Part(
        N_("Lectura y decisión"),
        N_("Lee archivos y compara modelos"),
        N_("Los archivos esperan; los pronósticos siguen."),
    ),
    "trainer": Part(
        N_("Entrenamiento"),
        N_("Entrena los modelos"),
        N_("Los archivos leídos esperan; los pronósticos siguen."),
    ),
    "beat": Part(
        N_("Recorrido"),
        N_("Busca lo que se haya perdido"),
        N_("Todo sigue, salvo que se pierda un aviso o una tarea."),
    ),
    "mlflow": Part(
        "MLflow", N_("Guarda los modelos"), N_("Se pronostica con el modelo actual; no se entrenan otros.")
    ),
    "ledger": Part(
        N_("Base de datos"),
        N_("Recuerda ejecuciones e historial"),
        N_("Los pronósticos siguen y se anotan después."),
    ),
    "flower": Part("Flower", N_("Muestra las tareas"), N_("Todo sigue; solo falta esa vista.")),
}
_STATUS = {
    "ok": Label(N_("Funciona"), "green"),
    "away": Label(N_("No responde"), "red"),
    "unknown": Label(N_("Sin consultar"), "gray"),
}
OUTCOMES = {
    "recorded": Label(N_("Anotado"), "green"),
    "duplicate": Label(N_("Repetido"), "gray"),
    "ignored": Label(N_("Ignorado"), "yellow"),
}
_SOURCES = {"minio": N_("Aviso de MinIO"), "sweep": N_("Recorrido")}
_ALERTS = {
    "live_error": Label(N_("El modelo se equivoca más que antes"), "red"),
    "overtaken": Label(N_("El modelo en la sombra acierta más"), "orange"),
    "drift": Label(N_("Los datos cambiaron"), "yellow"),
}
# What the message of an alert says; that of a drift names its columns besides.
_ALERT_SENTENCES = {
    "live_error": N_("En la realidad su error es {value}; el límite, según su veredicto, es {limit}."),
    "overtaken": N_(
        "En los mismos días la versión {rival}, en la sombra, tiene un error de {value}, menor que su {limit}."
    ),
    "drift": N_(
        "Los datos se reparten de otra manera que en su entrenamiento: PSI de {value}, por encima de {limit}."
    ),
}
_ACTIONS = {
    "record": N_("Solo se anota."),
    "retrain": N_("Se entrena de nuevo."),
    "rollback": N_("Se vuelve al modelo anterior."),
}


def parts_card(told: Told, zone: str) -> Any:
    """Every part: whether it works, and where not, since when, why and what that means."""
    states = told.get("parts") or {}
    known = [name for name in PARTS if name in states]
    away = [name for name in known if states[name].get("status") == "away"]
    said = (
        _("{parts} sin responder.").format(parts=formats.counted(len(away), "parte", "partes"))
        if away
        else _("Todo funciona.")
    )
    tiles = [_tile(PARTS[name], states[name], zone) for name in known]
    return card(
        html.Div(said, className="card-note", role="status"),
        html.Ul(tiles, className="tiles"),
        title=_("Partes del sistema"),
    )


def _tile(part: Part, state: Told, zone: str) -> html.Li:
    status = str(state.get("status"))
    lines = [
        html.Div(
            [html.Span(_(part.name), className="tile-name"), badge(_STATUS.get(status, _STATUS["unknown"]))],
            className="tile-head",
        ),
        dmc.Text(_(part.does), size="sm", c="dimmed"),
    ]
    if status == "away":
        since = _("Desde el {moment}.").format(moment=formats.clock(state.get("since"), zone))
        lines += [
            dmc.Text(_(part.without), size="sm"),
            dmc.Text(since, size="xs", c="dimmed"),
            # As the system said it, for whoever looks after it.
            html.Div(str(state.get("reason") or ""), lang="en", className="step-error breakable"),
        ]
    return html.Li(lines, className=f"tile {status}")


def backlog_card(told: Told) -> Any:
    """What waits: runs, tasks, and how the sweep is."""
    backlog, queues = told.get("backlog"), told.get("queues") or {}
    if not backlog:
        sentence = _("No se sabe qué está pendiente mientras la base de datos no responde.")
        return card(empty(sentence, "runs"), title=_("Trabajo pendiente"))
    runs: dict[str, int] = backlog.get("runs") or {}
    working = sum(runs.get(str(status), 0) for status in WORKING_STATES)
    items = [
        figure_of(_("Ejecuciones en marcha"), formats.count(working), _oldest(backlog, told)),
        figure_of(_("Fallidas"), formats.count(runs.get(RunStatus.FAILED, 0)), _("por revisar, de todas")),
        _queue(_("Lecturas en espera"), queues.get("control") or {}),
        _queue(_("Entrenamientos en espera"), queues.get("training") or {}),
        _sweep(backlog.get("sweep") or {}, told),
    ]
    return card(figures(*items), title=_("Trabajo pendiente"))


def _oldest(backlog: Told, told: Told) -> str:
    oldest = backlog.get("oldest")
    if not oldest:
        return _("nada espera")
    age = formats.duration(_seconds(oldest.get("created_at"), told.get("checked_at")))
    return _("la más antigua, hace {age}").format(age=age)


def _queue(label: str, queue: Told) -> html.Div:
    workers = queue.get("workers")
    note = (
        _("no se sabe quién las toma")
        if workers is None
        else formats.counted(len(workers), "proceso las toma", "procesos las toman")
    )
    return figure_of(label, formats.count(queue.get("waiting")), note)


def _sweep(sweep: Told, told: Told) -> html.Div:
    if not sweep.get("finished_at"):
        return figure_of(_("Último recorrido"), formats.NOTHING, _("todavía ninguno"))
    age = formats.duration(_seconds(sweep["finished_at"], told.get("checked_at")))
    seen = formats.counted(sweep.get("listed") or 0, "archivo visto", "archivos vistos")
    return figure_of(_("Último recorrido"), _("hace {age}").format(age=age), seen)


def _seconds(start: str | None, end: str | None) -> float:
    if not start or not end:
        return 0.0
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def events_table(events: list[Told], zone: str) -> Any:
    """Notifications and finds of the sweep, newest first, with what became of each and why."""
    if not events:
        return empty(_("Todavía no llegó ningún aviso de este tipo."), "files")
    head = [_("Cuándo"), _("Archivo"), _("Cómo se supo"), _("Resultado"), _("Por qué")]
    return html.Div(
        dmc.Table(
            [
                dmc.TableThead(dmc.TableTr([dmc.TableTh(text) for text in head])),
                dmc.TableTbody([_event(event, zone) for event in events]),
            ],
            verticalSpacing="xs",
            borderColor="var(--line)",
        ),
        className="scroll-x events",
        role="region",
        tabIndex=0,
        **{"aria-label": _("Últimos avisos de archivos")},
    )


def _event(event: Told, zone: str) -> dmc.TableTr:
    key, run_id, source = str(event.get("key")), event.get("run_id"), str(event.get("source"))
    outcome = str(event.get("outcome"))
    cells = [
        formats.clock(event.get("received_at"), zone),
        dcc.Link(key, href=f"/ejecuciones/{run_id}", className="breakable") if run_id else key,
        _(_SOURCES[source]) if source in _SOURCES else source,
        badge(OUTCOMES.get(outcome, Label(outcome, "gray")), "sm"),
        why(event),
    ]
    return dmc.TableTr([dmc.TableTd(cell) for cell in cells])


def why(event: Told) -> str:
    """Why an event started no run, in a sentence; empty where it did."""
    key, outcome = str(event.get("key")), event.get("outcome")
    if outcome == "duplicate":
        return _("Ya se había anotado: el mismo archivo no se procesa dos veces.")
    if outcome != "ignored":
        return ""
    if is_own_output(key):
        return _("Lo escribió el propio sistema.")
    if kind_of(key) is Kind.FORECAST:
        return _("Su nombre no termina en .csv ni en .csv.gz.")
    return _("Su nombre no contiene «ventas» o no termina en .csv ni en .csv.gz.")


def alerts_list(alerts: list[Told], zone: str) -> Any:
    """Alerts, newest first: what, when, about which version, and what was done."""
    if not alerts:
        return empty(_("No hay alertas."), "check")
    return html.Ul([_alert(alert, zone) for alert in alerts], className="alerts")


def _alert(alert: Told, zone: str) -> html.Li:
    kind = str(alert.get("kind"))
    facts = [
        formats.clock(alert.get("created_at"), zone),
        _("versión {number}").format(number=alert.get("model_version")),
        _action(alert),
    ]
    return html.Li(
        [
            html.Div(
                [
                    badge(_ALERTS.get(kind, Label(kind, "gray"))),
                    dcc.Link(_("Ver la ejecución"), href=f"/ejecuciones/{alert.get('run_id')}"),
                ],
                className="tile-head",
            ),
            dmc.Text(_alert_sentence(alert), size="sm"),
            # As the system said it: it names the columns.
            html.Div(str(alert.get("message")), lang="en", className="step-error breakable")
            if kind == "drift"
            else None,
            dmc.Text(" · ".join(facts), size="xs", c="dimmed"),
        ]
    )


def _alert_sentence(alert: Told) -> str:
    """What happened, in the page's language; the system's own words for a kind that is not known here."""
    known = _ALERT_SENTENCES.get(str(alert.get("kind")))
    if known is None:
        return str(alert.get("message"))
    value, limit = formats.number(alert.get("value")), formats.number(alert.get("limit"))
    return _(known).format(value=value, limit=limit, rival=alert.get("rival_version"))


def _action(alert: Told) -> str:
    action = str(alert.get("action"))
    said = _(_ACTIONS[action]) if action in _ACTIONS else action
    due = "" if alert.get("acted_at") or action == "record" else _("(pendiente)")
    return " ".join(text for text in (said, due, str(alert.get("note") or "")) if text)
