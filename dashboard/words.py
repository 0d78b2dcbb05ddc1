"""The words of the ledger and the registry as a sales team says them; constants are translated where shown."""

from typing import Any, NamedTuple

from dashboard import formats
from dashboard.i18n import gettext as _
from dashboard.i18n import mark as N_
from ventas.rejections import DETAIL_NAMES, FILE_ADVICE, LEAK_ADVICE, ROW_RULES
from ventas.states import WORKING_STATES, RunStatus, Step


class Label(NamedTuple):
    """A word and the colour (of the theme) in which it is shown."""

    text: str
    color: str


STATUS = {
    RunStatus.RECEIVED: Label(N_("Recibido"), "gray"),
    RunStatus.ETL: Label(N_("Leyendo el archivo"), "blue"),
    RunStatus.RETRAIN: Label(N_("Entrenando"), "violet"),
    RunStatus.PROMOTE: Label(N_("Comparando"), "indigo"),
    RunStatus.FORECAST: Label(N_("Pronosticando"), "cyan"),
    RunStatus.PROMOTED: Label(N_("Promovido"), "green"),
    RunStatus.NOT_PROMOTED: Label(N_("No promovido"), "yellow"),
    RunStatus.COMPLETED: Label(N_("Respondido"), "green"),
    RunStatus.REJECTED: Label(N_("Rechazado"), "orange"),
    RunStatus.SUPERSEDED: Label(N_("Superado"), "gray"),
    RunStatus.IGNORED: Label(N_("Ignorado"), "gray"),
    RunStatus.FAILED: Label(N_("Falló"), "red"),
}
HELD = Label(N_("Espera aprobación"), "cyan")

STEPS = {
    Step.ETL: N_("Lectura y limpieza del archivo"),
    Step.RETRAIN: N_("Entrenamiento del modelo"),
    Step.PROMOTE: N_("Comparación con el modelo en producción"),
    Step.FORECAST: N_("Lectura del archivo y pronóstico de sus días"),
}
SHORT_STEPS = {
    Step.ETL: N_("Lectura"),
    Step.RETRAIN: N_("Entrenamiento"),
    Step.PROMOTE: N_("Comparación"),
    Step.FORECAST: N_("Pronóstico"),
}
RETRY = "retry"  # no step of work: the ledger keeps under it that somebody started the run again
OUTCOMES = {
    "ok": Label(N_("Terminado"), "green"),
    "retry": Label(N_("Se intentó de nuevo"), "yellow"),
    "failed": Label(N_("Falló"), "red"),
    "lost": Label(N_("Se interrumpió"), "orange"),
}

STAGES = {
    "Production": Label(N_("En producción"), "green"),
    "Staging": Label(N_("Candidato"), "blue"),
    "Archived": Label(N_("Archivado"), "gray"),
    "Rejected": Label(N_("No promovido"), "yellow"),
}

ROLES = {
    "date": N_("Fecha"),
    "weekday": N_("Día de la semana"),
    "promotion": N_("Promoción"),
    "holiday": N_("Festivo"),
    "target": N_("Ventas"),
    "numeric": N_("Número"),
    "categorical": N_("Texto"),
    "id": N_("Identificador"),
    "left_out": N_("No se usa"),
}

_DELIMITERS = {
    ",": N_("separado por coma"),
    ";": N_("separado por punto y coma"),
    "\t": N_("separado por tabulador"),
}
_DECIMALS = {",": N_("coma decimal"), ".": N_("punto decimal")}

_WAITING = {
    RunStatus.RECEIVED: N_("El archivo llegó y espera su turno."),
    RunStatus.ETL: N_("Se revisan y limpian las filas del archivo."),
    RunStatus.RETRAIN: N_("Se entrena un modelo nuevo con estas ventas."),
    RunStatus.PROMOTE: N_("Se compara el modelo nuevo con el que está en producción."),
    RunStatus.FORECAST: N_(
        "Se pronostican los días del archivo; si todavía no hay modelo, se espera al primero."
    ),
    RunStatus.PROMOTED: N_("El modelo nuevo pasó a producción."),
    RunStatus.NOT_PROMOTED: N_("El modelo nuevo no pasó a producción."),
    RunStatus.COMPLETED: N_("El pronóstico de los días del archivo está listo."),
    RunStatus.REJECTED: N_("El archivo no se pudo usar: abra el informe para ver qué corregir."),
    RunStatus.SUPERSEDED: N_("Un archivo más nuevo ocupó el lugar de este."),
    RunStatus.IGNORED: N_(
        "No es un archivo de ventas: su nombre debe contener «ventas» y terminar en .csv. "
        "Uno de días para pronosticar va en pronosticos/entrada/ y también termina en .csv."
    ),
    RunStatus.FAILED: N_("La ejecución falló por un problema del sistema, no del archivo."),
}

_OTHER_FAULT = N_("El archivo no cumple el formato acordado.")


def status(value: str) -> Label:
    """Word and colour of a run's state; an unknown state is shown as it is."""
    return STATUS[RunStatus(value)] if value in list(RunStatus) else Label(value, "gray")


def status_of(run: dict[str, Any]) -> Label:
    """The same of a run, which may wait for a person's approval."""
    return HELD if (run.get("verdict") or {}).get("held") else status(run.get("status", ""))


def stage(value: str | None) -> Label:
    """Word and colour of a model version's stage; an unknown stage is shown as it is."""
    return STAGES.get(value or "", Label(value or N_("Sin estado"), "gray"))


def step(value: str) -> str:
    """What a step does; an unknown step is shown as it is."""
    if value == RETRY:
        return _("Reinicio de la ejecución")
    return _(STEPS[Step(value)]) if value in list(Step) else value


def short_step(value: str) -> str:
    """The same in one word, for charts; anything but a step is a wait."""
    return _(SHORT_STEPS[Step(value)]) if value in list(Step) else _("Espera")


def outcome(value: str | None) -> Label:
    """How an attempt at a step ended; None is still at work, an unknown outcome is shown as it is."""
    return OUTCOMES.get(value, Label(value, "gray")) if value else Label(N_("En curso"), "blue")


def is_working(value: str) -> bool:
    """Whether a run in this state still moves."""
    return value in list(WORKING_STATES)


def state_sentence(value: str) -> str:
    """What a run's state means, as one sentence."""
    return _(_WAITING[RunStatus(value)]) if value in list(RunStatus) else ""


def row_fault(code: str) -> str:
    """What to do about rows that break the rule `code`; an unknown code is shown as it is."""
    return _(ROW_RULES[code].advice) if code in ROW_RULES else code


def file_fault(rejection: dict[str, Any]) -> str:
    """What to do about a whole file that was rejected."""
    return _(FILE_ADVICE.get(rejection.get("code", ""), _OTHER_FAULT))


def file_fault_details(rejection: dict[str, Any]) -> list[str]:
    """The facts of a rejection that a sales person can use: «Columnas que faltan: Festivo»."""
    details = rejection.get("details") or {}
    return [
        f"{_(DETAIL_NAMES[name])}: {_listed(value)}"
        for name, value in details.items()
        if name in DETAIL_NAMES
    ]


def leak(found: dict[str, Any]) -> str:
    """How a column gives sales away; one of an unknown kind is told as the report does."""
    advice = LEAK_ADVICE.get(found.get("kind", ""))
    return _(advice).format(name=f"«{found.get('name')}»") if advice else str(found.get("why"))


def dialect(found: dict[str, Any]) -> str:
    """How the file was written, as one line: «UTF-8 · separado por punto y coma · coma decimal»."""
    delimiter = str(found.get("delimiter") or "")
    parts = [
        str(found.get("encoding") or "").upper(),
        _(_DELIMITERS.get(delimiter, "")),
        _(_DECIMALS.get(found.get("decimal") or "", "")),
        _("comprimido (gzip)") if found.get("gzip") else "",
    ]
    return " · ".join(part for part in parts if part)


def promotion(entry: dict[str, Any]) -> str:
    """One change of champion in a sentence."""
    version, previous = entry.get("model_version"), entry.get("previous_version")
    if previous is None:
        return _("La versión {version} fue el primer modelo en producción.").format(version=version)
    said = _("La versión {version} reemplazó a la {previous}.")
    return said.format(version=version, previous=previous)


def approver(entry: dict[str, Any]) -> str:
    """Who approved a promotion, with why; empty where the pipeline needed nobody."""
    if entry.get("source") != "approved":
        return ""
    said = _("Aprobado por {actor}: {reason}")
    return said.format(actor=entry.get("actor"), reason=entry.get("reason"))


def by_hand(entry: dict[str, Any]) -> bool:
    """Whether a person, not a run of the pipeline, changed the champion."""
    return not entry.get("run_id")


def progress(value: dict[str, Any] | None) -> tuple[float, str] | None:
    """Percentage done and its words, or None where a run tells no progress."""
    if not value or not value.get("total"):
        return None
    done, total = value.get("done") or 0, value["total"]
    said = _("{done} de {total} candidatos probados")
    return 100 * done / total, said.format(done=formats.count(done), total=formats.count(total))


def _listed(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return formats.count(value) if isinstance(value, int) else str(value)
