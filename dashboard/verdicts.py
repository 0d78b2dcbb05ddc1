"""A verdict of the pipeline as Spanish sentences that a sales person can check with a pocket calculator."""

from typing import Any

from dashboard import formats, words

Verdict = dict[str, Any]

_EVIDENCE = {
    "win": "La mejora es clara: no se explica por el azar.",
    "undecided": "La diferencia es tan pequeña que podría deberse al azar.",
    "loss": "La desventaja es clara: no se explica por el azar.",
}
_BASELINES = {
    "means": "la tabla de promedios",
    "seasonal_naive": "repetir la última semana parecida",
}
_PLURALS = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábados", "domingos")
_WEEKDAYS = {str(number): name for number, name in enumerate(_PLURALS, start=1)}
_SEGMENTS = {
    ("promotion", "0"): "los días sin promoción",
    ("promotion", "1"): "los días con promoción",
    ("holiday", "0"): "los días que no son festivos",
    ("holiday", "1"): "los festivos",
}
_SERIES = "la serie"


def of_run(run: dict[str, Any]) -> str:
    """One sentence about how a run ended, or what it is doing."""
    verdict, rejection = run.get("verdict"), (run.get("quality") or {}).get("rejection")
    if verdict:
        return sentence(verdict)
    if run.get("status") == "rejected" and rejection:
        return words.file_fault(rejection)
    return words.state_sentence(run.get("status", ""))


def sentence(verdict: Verdict) -> str:
    """What was decided and why, with both errors where models were compared."""
    kind, promoted = verdict.get("kind"), bool(verdict.get("promoted"))
    ours = verdict.get("challenger_version")
    if kind == "same_bytes":
        return "Es el mismo archivo que el de una ejecución anterior: no hizo falta entrenar de nuevo."
    if kind == "older_upload":
        return "El modelo en producción viene de un archivo más nuevo, así que este no lo reemplaza."
    if kind == "first" and verdict.get("held"):
        return f"La versión {ours} sería el primer modelo y espera aprobación.{_first_error(verdict)}"
    if kind == "first":
        return f"La versión {ours} es el primer modelo en producción.{_first_error(verdict)}"
    if kind == "checks":
        return f"La versión {ours} no pasó las comprobaciones de todo modelo, así que no puede ponerse en producción."
    if verdict.get("held"):
        return _comparison(verdict, f"La versión {ours} espera aprobación para reemplazar")
    return _comparison(verdict, f"La versión {ours} {'reemplaza' if promoted else 'no reemplaza'}")


def evidence(verdict: Verdict) -> str:
    """How sure the verdict is, in a sentence or two; empty where nothing was compared."""
    told = _EVIDENCE.get(verdict.get("evidence") or "", "")
    likely = verdict.get("probability")
    if likely is None:
        return told
    return (
        f"{told} Probabilidad de que el modelo nuevo sea mejor: {formats.number(100 * likely, 0)} %.".strip()
    )


def approval(verdict: Verdict) -> str:
    """What a person has to do, or has done, about a promotion that needs approval; empty where none does."""
    approved = verdict.get("approved")
    if approved:
        return f"Aprobado por {approved.get('actor')}: {approved.get('reason')}"
    if not verdict.get("held"):
        return ""
    return (
        f"Para ponerla en producción, el operador ejecuta: ventas approve {verdict.get('challenger_version')}"
    )


def baselines(verdict: Verdict) -> str:
    """The errors of the tables on the same rows, as a sentence; empty where they were not measured."""
    known = verdict.get("baselines") or {}
    told = [f"{_BASELINES.get(name, name)}, {formats.number(error)}" for name, error in known.items()]
    return f"Para comparar, el error de {' y el de '.join(told)}." if told else ""


def worst_segment(verdict: Verdict) -> str:
    """Where the new model is worse by most, as a sentence; empty where it is so nowhere."""
    worst = verdict.get("worst_segment") or {}
    if not worst or (worst.get("change") or 0) <= 0:
        return ""
    counted, worse = verdict.get("series_compared") or 0, verdict.get("series_worse") or 0
    series = (
        f" Empeora en {formats.count(worse)} de {formats.counted(counted, 'serie', 'series')}."
        if counted
        else ""
    )
    return (
        f"Donde más empeora es en {segment(worst)}: su error es un {formats.share(worst['change'])} mayor "
        f"({formats.number(worst['challenger_rmse'])} frente a {formats.number(worst['champion_rmse'])}).{series}"
    )


def segment(entry: dict[str, Any]) -> str:
    """A segment in words: «los domingos», «días con promoción», «la serie 17»."""
    name, value = entry.get("segment", ""), str(entry.get("value", ""))
    if name == "weekday" and value in _WEEKDAYS:
        return f"los {_WEEKDAYS[value]}"
    return _SEGMENTS.get((name, value)) or f"{_SERIES if name == 'series' else name} {value}"


def basis(verdict: Verdict) -> str:
    """Which rows the models were compared on, as a sentence; empty where nothing was compared."""
    if not verdict.get("rows"):
        return ""
    rows = formats.counted(verdict["rows"], "fila", "filas")
    dates = formats.counted(verdict.get("dates") or 0, "fecha", "fechas")
    if verdict.get("origins"):
        windows = formats.counted(len(verdict["origins"]), "ventana", "ventanas")
        return f"Medido en {rows} de {dates}, en {windows}: ambas recetas se entrenaron de nuevo antes de cada una."
    if verdict.get("kind") == "recipe":
        return (
            f"Medido en {rows} de {dates}. Casi todas eran conocidas por el modelo en producción, así que su receta "
            "se entrenó de nuevo con los mismos datos para comparar en igualdad."
        )
    if verdict.get("kind") == "fair":
        return f"Medido en {rows} de {dates} que ninguno de los dos modelos había visto."
    return f"Medido en {rows} de {dates} que el modelo no había visto."


def _comparison(verdict: Verdict, start: str) -> str:
    ours, theirs = verdict.get("challenger_rmse"), verdict.get("champion_rmse")
    rival = verdict.get("champion_version")
    if ours is None or theirs is None:
        return f"{start} a la {rival}."
    return (
        f"{start} a la {rival}: su error es {formats.number(ours)}, {_relation(ours, theirs)} "
        f"{formats.number(theirs)} de la versión {rival}."
    )


def _relation(ours: float, theirs: float) -> str:
    if formats.number(ours) == formats.number(theirs):
        return "prácticamente igual al"
    change = abs(ours - theirs) / theirs if theirs else 0.0
    return f"un {formats.share(change)} {'menor' if ours < theirs else 'mayor'} que el"


def _first_error(verdict: Verdict) -> str:
    error = verdict.get("challenger_rmse")
    return "" if error is None else f" Su error es {formats.number(error)}."
