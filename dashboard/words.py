"""The words of the ledger and the registry as a Spanish-speaking sales team says them."""

from typing import Any, NamedTuple

from dashboard import formats
from ventas.rejections import DETAIL_NAMES, FILE_ADVICE, LEAK_ADVICE, ROW_RULES
from ventas.states import WORKING_STATES, RunStatus, Step


class Label(NamedTuple):
    """A word and the colour (of the theme) in which it is shown."""

    text: str
    color: str


STATUS = {
    RunStatus.RECEIVED: Label("Recibido", "gray"),
    RunStatus.ETL: Label("Leyendo el archivo", "blue"),
    RunStatus.RETRAIN: Label("Entrenando", "violet"),
    RunStatus.PROMOTE: Label("Comparando", "indigo"),
    RunStatus.FORECAST: Label("Pronosticando", "cyan"),
    RunStatus.PROMOTED: Label("Promovido", "green"),
    RunStatus.NOT_PROMOTED: Label("No promovido", "yellow"),
    RunStatus.COMPLETED: Label("Respondido", "green"),
    RunStatus.REJECTED: Label("Rechazado", "orange"),
    RunStatus.SUPERSEDED: Label("Superado", "gray"),
    RunStatus.IGNORED: Label("Ignorado", "gray"),
    RunStatus.FAILED: Label("Falló", "red"),
}

STEPS = {
    Step.ETL: "Lectura y limpieza del archivo",
    Step.RETRAIN: "Entrenamiento del modelo",
    Step.PROMOTE: "Comparación con el modelo en producción",
    Step.FORECAST: "Lectura del archivo y pronóstico de sus días",
}
_RETRY = "retry"  # no step of work: the ledger keeps under it that somebody started the run again

STAGES = {
    "Production": Label("En producción", "green"),
    "Staging": Label("Candidato", "blue"),
    "Archived": Label("Archivado", "gray"),
    "Rejected": Label("No promovido", "yellow"),
}

ROLES = {
    "date": "Fecha",
    "weekday": "Día de la semana",
    "promotion": "Promoción",
    "holiday": "Festivo",
    "target": "Ventas",
    "numeric": "Número",
    "categorical": "Texto",
    "id": "Identificador",
    "left_out": "No se usa",
}

_DELIMITERS = {",": "coma", ";": "punto y coma", "\t": "tabulador"}
_DECIMALS = {",": "coma decimal", ".": "punto decimal"}

_WAITING = {
    RunStatus.RECEIVED: "El archivo llegó y espera su turno.",
    RunStatus.ETL: "Se revisan y limpian las filas del archivo.",
    RunStatus.RETRAIN: "Se entrena un modelo nuevo con estas ventas.",
    RunStatus.PROMOTE: "Se compara el modelo nuevo con el que está en producción.",
    RunStatus.FORECAST: "Se pronostican los días del archivo; si todavía no hay modelo, se espera al primero.",
    RunStatus.PROMOTED: "El modelo nuevo pasó a producción.",
    RunStatus.NOT_PROMOTED: "El modelo nuevo no pasó a producción.",
    RunStatus.COMPLETED: "El pronóstico de los días del archivo está listo.",
    RunStatus.REJECTED: "El archivo no se pudo usar: abra el informe para ver qué corregir.",
    RunStatus.SUPERSEDED: "Un archivo más nuevo ocupó el lugar de este.",
    RunStatus.IGNORED: "No es un archivo de ventas: su nombre debe contener «ventas» y terminar en .csv. "
    "Uno de días para pronosticar va en pronosticos/entrada/ y también termina en .csv.",
    RunStatus.FAILED: "La ejecución falló por un problema del sistema, no del archivo.",
}


def status(value: str) -> Label:
    """Word and colour of a run's state; an unknown state is shown as it is."""
    return STATUS[RunStatus(value)] if value in list(RunStatus) else Label(value, "gray")


def status_of(run: dict[str, Any]) -> Label:
    """The same of a run, which may wait for a person's approval."""
    if (run.get("verdict") or {}).get("held"):
        return Label("Espera aprobación", "cyan")
    return status(run.get("status", ""))


def stage(value: str | None) -> Label:
    """Word and colour of a model version's stage; an unknown stage is shown as it is."""
    return STAGES.get(value or "", Label(value or "Sin estado", "gray"))


def step(value: str) -> str:
    """What a step does; an unknown step is shown as it is."""
    if value == _RETRY:
        return "Reinicio de la ejecución"
    return STEPS[Step(value)] if value in list(Step) else value


def is_working(value: str) -> bool:
    """Whether a run in this state still moves."""
    return value in list(WORKING_STATES)


def state_sentence(value: str) -> str:
    """What a run's state means, as one sentence."""
    return _WAITING[RunStatus(value)] if value in list(RunStatus) else ""


def row_fault(code: str) -> str:
    """What to do about rows that break the rule `code`; an unknown code is shown as it is."""
    return ROW_RULES[code].advice if code in ROW_RULES else code


def file_fault(rejection: dict[str, Any]) -> str:
    """What to do about a whole file that was rejected."""
    return FILE_ADVICE.get(rejection.get("code", ""), "El archivo no cumple el formato acordado.")


def file_fault_details(rejection: dict[str, Any]) -> list[str]:
    """The facts of a rejection that a sales person can use: «Columnas que faltan: Festivo»."""
    details = rejection.get("details") or {}
    return [
        f"{DETAIL_NAMES[name]}: {_listed(value)}" for name, value in details.items() if name in DETAIL_NAMES
    ]


def leak(found: dict[str, Any]) -> str:
    """How a column gives sales away; one of an unknown kind is told as the report does."""
    advice = LEAK_ADVICE.get(found.get("kind", ""))
    return advice.format(name=f"«{found.get('name')}»") if advice else str(found.get("why"))


def dialect(found: dict[str, Any]) -> str:
    """How the file was written, as one line: «UTF-8 · separado por punto y coma · coma decimal»."""
    parts = [
        str(found["encoding"]).upper() if found.get("encoding") else "",
        f"separado por {_DELIMITERS.get(found['delimiter'], found['delimiter'])}"
        if found.get("delimiter")
        else "",
        _DECIMALS.get(found.get("decimal") or "", ""),
        "comprimido (gzip)" if found.get("gzip") else "",
    ]
    return " · ".join(part for part in parts if part)


def promotion(entry: dict[str, Any]) -> str:
    """One change of champion in a sentence."""
    version, previous = entry.get("model_version"), entry.get("previous_version")
    if previous is None:
        return f"La versión {version} fue el primer modelo en producción."
    return f"La versión {version} reemplazó a la {previous}."


def approver(entry: dict[str, Any]) -> str:
    """Who approved a promotion, with why; empty where the pipeline needed nobody."""
    return (
        f"Aprobado por {entry.get('actor')}: {entry.get('reason')}"
        if entry.get("source") == "approved"
        else ""
    )


def by_hand(entry: dict[str, Any]) -> bool:
    """Whether a person, not a run of the pipeline, changed the champion."""
    return not entry.get("run_id")


def progress(value: dict[str, Any] | None) -> tuple[float, str] | None:
    """Percentage done and its words, or None where a run tells no progress."""
    if not value or not value.get("total"):
        return None
    done, total = value.get("done") or 0, value["total"]
    return 100 * done / total, f"{formats.count(done)} de {formats.count(total)} candidatos probados"


def _listed(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
