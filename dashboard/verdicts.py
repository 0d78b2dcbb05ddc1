"""A verdict of the pipeline as sentences that a sales person can check with a pocket calculator."""

from typing import Any

from dashboard import formats, remarks, words
from dashboard.i18n import gettext as _
from dashboard.i18n import mark as N_
from ventas.contract import COUNTS_FROM_ROWS

Verdict = dict[str, Any]

FEWEST_DATES = 30  # fewer decide nothing, whatever the interval says
_EVIDENCE = {
    "win": N_("La mejora es clara: no se explica por el azar."),
    "undecided": N_("La diferencia es tan pequeña que podría deberse al azar."),
    "loss": N_("La desventaja es clara: no se explica por el azar."),
}
_BASELINES = {
    "means": N_("la tabla de promedios"),
    "seasonal_naive": N_("repetir la última semana parecida"),
}
_BEATEN = N_(
    "El mejor modelo de la búsqueda ({candidate}) tuvo en la prueba un error de {error}; como {table} tuvo "
    "{table_error}, se usa en su lugar."
)
_LATEST = N_(
    "Las ventas cambiaron de nivel: en las últimas cuatro semanas el modelo elegido ({candidate}) tuvo un error de "
    "{error}, aun entrenado con todo lo anterior; como {table} tuvo {table_error}, se usa en su lugar."
)
_WEEKDAYS = {
    "1": N_("los lunes"),
    "2": N_("los martes"),
    "3": N_("los miércoles"),
    "4": N_("los jueves"),
    "5": N_("los viernes"),
    "6": N_("los sábados"),
    "7": N_("los domingos"),
}
_SEGMENTS = {
    ("promotion", "0"): N_("los días sin promoción"),
    ("promotion", "1"): N_("los días con promoción"),
    ("holiday", "0"): N_("los días que no son festivos"),
    ("holiday", "1"): N_("los festivos"),
} | {("weekday", number): name for number, name in _WEEKDAYS.items()}

_HELD = N_("La versión {ours} espera aprobación para reemplazar a la {theirs}")
_REPLACES = N_("La versión {ours} reemplaza a la {theirs}")
_STAYS = N_("La versión {ours} no reemplaza a la {theirs}")
# Why there was no rival, and whether the promotion is held.
_FIRST = {
    ("", False): N_("La versión {ours} es el primer modelo en producción."),
    ("", True): N_("La versión {ours} sería el primer modelo y espera aprobación."),
    ("example", False): N_(
        "La versión {ours} es el primer modelo de sus propias ventas: reemplaza sin comparación a la {theirs}, "
        "que aprendió de los datos de ejemplo."
    ),
    ("example", True): N_(
        "La versión {ours} es el primer modelo de sus propias ventas y espera aprobación para reemplazar a la "
        "{theirs}, que aprendió de los datos de ejemplo."
    ),
    ("gone", False): N_(
        "La versión {ours} pasa a producción sin comparación: MLflow ya no tiene la versión {theirs}."
    ),
    ("gone", True): N_(
        "La versión {ours} espera aprobación, sin comparación: MLflow ya no tiene la versión {theirs}."
    ),
}
_UNCOMPARED = {
    "same_bytes": N_(
        "Es el mismo archivo que el de una ejecución anterior: no hizo falta entrenar de nuevo."
    ),
    "older_upload": N_(
        "El modelo en producción viene de un archivo más nuevo, así que este no lo reemplaza."
    ),
    "checks": N_(
        "La versión {ours} no pasó las comprobaciones de todo modelo, así que no puede ponerse en producción."
    ),
}


def of_run(run: dict[str, Any]) -> str:
    """One sentence about how a run ended, or what it is doing."""
    verdict = run.get("verdict")
    rejection = run.get("rejection") or (run.get("quality") or {}).get("rejection")
    if verdict:
        return sentence(verdict)
    if run.get("status") == "rejected" and rejection:
        return words.file_fault(rejection)
    return words.state_sentence(run.get("status", ""))


def sentence(verdict: Verdict) -> str:
    """What was decided and why, with both errors where models were compared."""
    kind, held = verdict.get("kind") or "", bool(verdict.get("held"))
    if kind in _UNCOMPARED:
        return _(_UNCOMPARED[kind]).format(ours=verdict.get("challenger_version"))
    if kind == "first":
        return _first(verdict, held)
    if held:
        return " ".join(filter(None, [remarks.losses(verdict), _comparison(verdict, _(_HELD))]))
    compared = _comparison(verdict, _(_REPLACES) if verdict.get("promoted") else _(_STAYS))
    return " ".join(filter(None, [compared, remarks.losses(verdict)]))


def evidence(verdict: Verdict) -> str:
    """How sure the verdict is, in a sentence or two; empty where nothing was compared."""
    told = _(_split_evidence(verdict) or _EVIDENCE.get(verdict.get("evidence") or "", ""))
    likely = verdict.get("probability")
    if likely is None:
        return told
    chance = _("Probabilidad de que el modelo nuevo sea mejor: {share}.")
    return f"{told} {chance.format(share=formats.percent(100 * likely))}".strip()


def _split_evidence(verdict: Verdict) -> str:
    """What to say where the interval is clear of zero and the other test is not; empty where they agree."""
    if verdict.get("evidence") != "undecided" or (verdict.get("dates") or 0) < FEWEST_DATES:
        return ""
    if (verdict.get("difference_low") or 0) > 0:
        return N_("Las dos pruebas que se hacen no coinciden, así que la mejora no se da por segura.")
    if (verdict.get("difference_high") or 0) < 0:
        return N_("Las dos pruebas que se hacen no coinciden, así que la desventaja no se da por segura.")
    return ""


def approval(verdict: Verdict) -> str:
    """What a person has to do, or has done, about a promotion that needs approval; empty where none does."""
    approved = verdict.get("approved")
    if approved:
        return words.approver(approved | {"source": "approved"})
    if not verdict.get("held"):
        return ""
    said = _("Para ponerla en producción, apruébela aquí o con: ventas approve {version}")
    return said.format(version=verdict.get("challenger_version"))


def baselines(verdict: Verdict) -> str:
    """The errors of the tables on the same rows, as a sentence; empty where they were not measured."""
    known = verdict.get("baselines") or {}
    told = [f"{_(_BASELINES.get(name, name))}, {formats.number(error)}" for name, error in known.items()]
    return _("Para comparar, el error de {tables}.").format(tables=_(" y el de ").join(told)) if told else ""


def replaced(verdict: Verdict) -> str:
    """The search's winner that a table took the place of, as a sentence; empty where there is none."""
    known = verdict.get("replaced")
    if not known:
        return ""
    said = _LATEST if known.get("on") == "latest" else _BEATEN
    return _(said).format(
        candidate=known["candidate"],
        error=formats.number(known["rmse"]),
        table=_(_BASELINES.get(known["table"], known["table"])),
        table_error=formats.number(known["table_rmse"]),
    )


def worst_segment(verdict: Verdict) -> str:
    """Where the new model is worse by most, as a sentence; empty where it is so nowhere."""
    worst = verdict.get("worst_segment") or {}
    if not worst or (worst.get("change") or 0) <= 0 or formats.share(worst["change"]) == formats.share(0):
        return ""
    said = _(
        "De las partes con {rows} filas o más, donde más empeora es en {segment}: su error es un {change} mayor "
        "({ours} frente a {theirs}).{series}"
    )
    return said.format(
        rows=COUNTS_FROM_ROWS,
        segment=segment(worst),
        change=formats.share(worst["change"]),
        ours=formats.number(worst["challenger_rmse"]),
        theirs=formats.number(worst["champion_rmse"]),
        series=_series_worse(verdict),
    )


def segment(entry: dict[str, Any]) -> str:
    """A segment in words: «los domingos», «los días con promoción», «la serie 17»."""
    name, value = entry.get("segment", ""), str(entry.get("value", ""))
    if (name, value) in _SEGMENTS:
        return _(_SEGMENTS[name, value])
    return _("la serie {name}").format(name=value) if name == "series" else f"{name} {value}"


def basis(verdict: Verdict) -> str:
    """Which rows the models were compared on, as a sentence; empty where nothing was compared."""
    if not verdict.get("rows"):
        return ""
    rows = formats.counted(verdict["rows"], "fila", "filas")
    dates = formats.counted(verdict.get("dates") or 0, "fecha", "fechas")
    origins = len(verdict.get("origins") or [])
    windows = formats.counted(origins, "ventana", "ventanas")
    return _measured(verdict.get("kind"), origins).format(rows=rows, dates=dates, windows=windows)


def _measured(kind: str | None, origins: int) -> str:
    if origins:
        return _(
            "Medido en {rows} de {dates}, en {windows}: ambas recetas se entrenaron de nuevo antes de cada una."
        )
    if kind == "recipe":
        return _(
            "Medido en {rows} de {dates}. Casi todas eran conocidas por el modelo en producción, así que su receta "
            "se entrenó de nuevo con los mismos datos para comparar en igualdad."
        )
    if kind == "fair":
        return _("Medido en {rows} de {dates} que ninguno de los dos modelos había visto.")
    return _("Medido en {rows} de {dates} que el modelo no había visto.")


def _first(verdict: Verdict, held: bool) -> str:
    text = _start_of_first(verdict, held).format(
        ours=verdict.get("challenger_version"), theirs=verdict.get("champion_version")
    )
    error = verdict.get("challenger_rmse")
    return text if error is None else text + _(" Su error es {error}.").format(error=formats.number(error))


def _start_of_first(verdict: Verdict, held: bool) -> str:
    return _(_FIRST[verdict.get("absent_rival") or "", held])


def _comparison(verdict: Verdict, start: str) -> str:
    ours, theirs = verdict.get("challenger_rmse"), verdict.get("champion_rmse")
    rival = verdict.get("champion_version")
    said = start.format(ours=verdict.get("challenger_version"), theirs=rival)
    if ours is None or theirs is None:
        return f"{said}."
    relation = _relation(ours, theirs).format(
        change=formats.share(abs(ours - theirs) / theirs if theirs else 0.0),
        error=formats.number(theirs),
        version=rival,
    )
    return _("{said}: su error es {error}, {relation}.").format(
        said=said, error=formats.number(ours), relation=relation
    )


def _relation(ours: float, theirs: float) -> str:
    unseen = theirs and formats.share(abs(ours - theirs) / theirs) == formats.share(0)
    if unseen or formats.number(ours) == formats.number(theirs):
        return _("prácticamente igual al {error} de la versión {version}")
    if ours < theirs:
        return _("un {change} menor que el {error} de la versión {version}")
    return _("un {change} mayor que el {error} de la versión {version}")


def _series_worse(verdict: Verdict) -> str:
    compared, worse = verdict.get("series_compared") or 0, verdict.get("series_worse") or 0
    if not compared:
        return ""
    said = _(" Empeora en {worse} de {series}.")
    return said.format(worse=formats.count(worse), series=formats.counted(compared, "serie", "series"))
