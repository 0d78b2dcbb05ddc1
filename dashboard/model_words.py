"""What is said of a model version: its state, its family, and the figures that versions are compared by."""

from collections.abc import Callable
from typing import Any

from dashboard import formats, words
from dashboard.i18n import gettext as _
from dashboard.i18n import mark as N_
from dashboard.words import Label

Model = dict[str, Any]
Card = dict[str, Any]

HELD = Label(N_("Espera aprobación"), "cyan")
CHAMPION = Label(N_("En producción"), "green")
EXAMPLE_CHAMPION = Label(N_("En producción: datos de ejemplo"), "yellow")
FAMILIES = {
    "means": N_("Tabla de promedios"),
    "seasonal_naive": N_("Semana parecida"),
    "linear": N_("Lineal"),
    "boosting": N_("Boosting"),
    "forest": N_("Bosque"),
    "grid": N_("Bosque (rejilla)"),
}
# Python's words among the parameters.
_VALUES = {"True": N_("Sí"), "False": N_("No"), "None": N_("ninguno")}
# Parameters that the figures tell in words.
_TOLD_ELSEWHERE = {
    "table_note",
    *(f"replaced_{name}" for name in ("candidate", "table", "rmse", "table_rmse", "rows", "on")),
}
# Of the model card: what a figure is called, where it stands, how it is written.
_FIGURES: list[tuple[str, tuple[str, ...], Callable[[Any], str]]] = [
    (N_("Error en la prueba (RMSE)"), ("errors", "test_rmse"), formats.number),
    (N_("Error en la búsqueda (CV)"), ("errors", "cv_rmse"), formats.number),
    (N_("Error de la tabla de promedios"), ("errors", "baselines", "means"), formats.number),
    (N_("Error de la semana parecida"), ("errors", "baselines", "seasonal_naive"), formats.number),
    ("R²", ("errors", "test_r2"), lambda value: formats.number(value, 3)),
    (N_("Ventas dentro del intervalo"), ("errors", "test_coverage"), formats.share),
    (N_("Filas de entrenamiento"), ("data", "train", "rows"), formats.count),
    (N_("Entrenado desde"), ("data", "train", "first"), formats.day),
    (N_("Entrenado hasta"), ("data", "train", "last"), formats.day),
    (N_("Filas de prueba"), ("data", "test", "rows"), formats.count),
    (N_("Probado desde"), ("data", "test", "first"), formats.day),
    (N_("Probado hasta"), ("data", "test", "last"), formats.day),
    (N_("Series"), ("data", "train", "series"), formats.count),
    (N_("Candidatos probados"), ("search", "candidates"), formats.count),
    (N_("Ganador de la búsqueda, reemplazado"), ("search", "replaced", "candidate"), str),
    (N_("Error del reemplazado"), ("search", "replaced", "rmse"), formats.number),
]


def state(model: Model, champion: int | None) -> Label:
    """Word and colour of a version's state; the ledger knows the champion before MLflow's stages tell it."""
    if model["version"] == champion:
        return EXAMPLE_CHAMPION if model.get("example") else CHAMPION
    if model.get("awaits_approval"):
        return HELD
    return words.stage("Archived" if model.get("stage") == "Production" else model.get("stage"))


def family(model: Model) -> str:
    """What kind of model it is; an unknown one is shown as it is, an old one may not tell."""
    told = (model.get("params") or {}).get("family", "")
    return _(FAMILIES[told]) if told in FAMILIES else told or formats.NOTHING


def metric(model: Model, name: str) -> float | None:
    """One of the figures that MLflow keeps."""
    value = (model.get("metrics") or {}).get(name)
    return None if value is None else float(value)


def live_errors(accuracy: list[dict[str, Any]]) -> dict[int, float]:
    """The live error of each version that was served, of what `GET /accuracy` answers."""
    return {
        entry["model_version"]: float(entry["rmse"])
        for entry in accuracy
        if not entry.get("shadow") and entry.get("rmse") is not None
    }


def figures(cards: list[Card]) -> list[tuple[str, list[str]]]:
    """Name and value by version of each figure that some card has."""
    rows = []
    for name, path, written in _FIGURES:
        values = [_at(card, path) for card in cards]
        if any(value is not None for value in values):
            told = [formats.NOTHING if value is None else written(value) for value in values]
            rows.append((_(name), told))
    return rows


def params(models: list[Model]) -> list[tuple[str, list[str]]]:
    """Name and value by version of each parameter, those that differ first."""
    names = {name for model in models for name in model.get("params") or {}} - _TOLD_ELSEWHERE
    rows = [
        (name, [_value((model.get("params") or {}).get(name, formats.NOTHING)) for model in models])
        for name in sorted(names)
    ]
    return sorted(rows, key=lambda row: not differs(row[1]))


def _value(text: Any) -> str:
    """A parameter as MLflow keeps it, with Python's words in the page's language."""
    return _(_VALUES.get(str(text), "")) or str(text)


def differs(values: list[str]) -> bool:
    """Whether versions have different values."""
    return len(set(values)) > 1


def _at(card: Card, path: tuple[str, ...]) -> Any:
    found: Any = card
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found
