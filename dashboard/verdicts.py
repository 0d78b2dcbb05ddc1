"""A verdict of the pipeline as Spanish sentences that a sales person can check with a pocket calculator."""

from typing import Any

from dashboard import formats, words

Verdict = dict[str, Any]

_EVIDENCE = {
    "win": "La mejora es clara: no se explica por el azar.",
    "undecided": "La diferencia es tan pequeña que podría deberse al azar.",
    "loss": "La desventaja es clara: no se explica por el azar.",
}


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
    if kind == "first":
        return f"La versión {ours} es el primer modelo en producción.{_first_error(verdict)}"
    if kind == "checks":
        return f"La versión {ours} no pasó las comprobaciones de todo modelo, así que no puede ponerse en producción."
    return _comparison(verdict, f"La versión {ours} {'reemplaza' if promoted else 'no reemplaza'}")


def evidence(verdict: Verdict) -> str:
    """How sure the verdict is, as a sentence; empty where nothing was compared."""
    return _EVIDENCE.get(verdict.get("evidence") or "", "")


def basis(verdict: Verdict) -> str:
    """Which rows the models were compared on, as a sentence; empty where nothing was compared."""
    if not verdict.get("rows"):
        return ""
    rows = formats.counted(verdict["rows"], "fila", "filas")
    dates = formats.counted(verdict.get("dates") or 0, "fecha", "fechas")
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
