"""What every model must pass before it may become champion.

A model is asked the same things in several ways and must give the same finite answers, none of them negative. It is
asked as it comes out of its file, for that is what will be served, and so is the fit that was judged. Whether its
recipe gives the same model again is asked in `ventas.reproducible`.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas.contract import DATE, HOLIDAY, PROMOTION, WEEKDAY
from ventas.errors import Deleted, ModelUnusable, NotFound
from ventas.registry import EXAMPLE_FILE, EXAMPLE_TAG, JUDGED_FILE, ModelVersion, Registry, served_file
from ventas.served import ModelInput, ServedModel, load_served

EXAMPLE_ROWS = 50
TOLERANCE = 1e-9  # relative: threads add up the trees in any order
_EXTREMES = (0.0, -1.0, 1e30, -1e30, 1e308, -1e308)
_UNKNOWN_TEXT = "a text that no training had 🂡"

Answers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    """Rows of training (as many as EXAMPLE_ROWS) and what each file of the model answered to them then."""

    rows: pd.DataFrame
    predictions: dict[str, list[float]]

    @classmethod
    def of(cls, rows: pd.DataFrame, models: dict[str, Any]) -> "Example":
        """The answers of `models` (fits by the name of their file) to the first of `rows` (raw columns)."""
        rows = rows.head(EXAMPLE_ROWS)
        return cls(rows, {name: _answers(fit.predict, rows).tolist() for name, fit in models.items()})

    def to_json(self) -> str:
        """As text; numbers come back exactly as they were."""
        columns: dict[str, list[Any]] = {
            str(name): _plain(self.rows[name], is_date=name == DATE) for name in self.rows.columns
        }
        return json.dumps({"rows": columns, "predictions": self.predictions}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Example":
        """The example that `to_json` wrote. Raises ModelUnusable."""
        try:
            known = json.loads(text)
            rows = pd.DataFrame(known["rows"])
            if DATE in rows:
                rows[DATE] = pd.to_datetime(rows[DATE])
            return cls(rows, {str(name): list(values) for name, values in known["predictions"].items()})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelUnusable(f"Its example of inputs and answers cannot be read: {error!r}") from error


def checked(registry: Registry, version: ModelVersion, folder: Path) -> ServedModel:
    """The judged fit of a version whose files all pass; they are downloaded into `folder`.

    Raises ModelUnusable with a sentence naming the check that failed, and RegistryUnavailable.
    """
    return passed(version, fetched(registry, version, checked_files(version), folder))


def checked_files(version: ModelVersion) -> list[str]:
    """The files of a version that are checked; those made before examples were kept have none."""
    example = _example_file(version)
    return [*_fits(version), *([example] if example else [])]


def _fits(version: ModelVersion) -> list[str]:
    """The judged fit and the served one, where that is another."""
    return [*dict.fromkeys([JUDGED_FILE, served_file(version)])]


def _example_file(version: ModelVersion) -> str | None:
    return version.tags[EXAMPLE_TAG] or EXAMPLE_FILE if EXAMPLE_TAG in version.tags else None


def fetched(registry: Registry, version: ModelVersion, names: Iterable[str], folder: Path) -> dict[str, Path]:
    """Files of a version, downloaded into `folder`. Raises Deleted, and ModelUnusable where one is missing."""
    try:
        return registry.download_all(version, names, folder)
    except Deleted:
        raise
    except NotFound as error:
        raise ModelUnusable(str(error)) from error


def passed(version: ModelVersion, files: dict[str, Path]) -> ServedModel:
    """The judged fit of a version whose `checked_files` all pass. Raises ModelUnusable as `checked`."""
    example = _example(version, files)
    models = {name: load_served(files[name], version.version) for name in _fits(version)}
    for name, model in models.items():
        expected = example.predictions.get(name) if example else None
        fault = failed_check(model, example.rows if example else None, expected)
        if fault:
            raise ModelUnusable(f"Version {version.version} must not be served: its {name} {fault}")
    return models[JUDGED_FILE]


def failed_check(
    model: ServedModel, example: pd.DataFrame | None = None, expected: list[float] | None = None
) -> str | None:
    """What is wrong with a model, as the end of a sentence, or None.

    `example` are raw rows of its training, and `expected` what it answered to them then, if that is known.
    """
    try:
        return next(_faults(model, example, expected), None)
    except Exception as error:  # noqa: BLE001 - a model can fail in any way, and then must not be served
        return f"fails when it is asked: {type(error).__name__}: {error}"


def _faults(model: ServedModel, example: pd.DataFrame | None, expected: list[float] | None) -> Iterator[str]:
    frames = [*_edge_frames(model.inputs), *([example] if example is not None else [])]
    if example is not None and expected is not None and not _same(model.predict(example.copy()), expected):
        yield "does not answer as it did at training."
    for frame in frames:
        yield from _faults_on(model, frame)


def _faults_on(model: ServedModel, frame: pd.DataFrame) -> Iterator[str]:
    before = frame.copy(deep=True)
    answers = _answers(model.predict, frame)
    if not frame.equals(before):
        yield "changes the table that it is given."
    if len(answers) != len(frame) or not np.isfinite(answers).all():
        worst = int(np.argmin(np.isfinite(answers))) if len(answers) == len(frame) else 0
        yield f"gives no finite number for {before.iloc[worst].to_dict()}."
    if not _same(model.predict(before[before.columns[::-1]]), answers):
        yield "answers otherwise where the columns come in another order."
    for row in dict.fromkeys((0, len(before) // 2, len(before) - 1)):
        if not _same(model.predict(before.iloc[[row]].reset_index(drop=True)), answers[[row]]):
            yield "answers otherwise to a row alone than to the same row among others."
    if (answers < 0).any():
        yield f"gives negative sales for {before.iloc[int(np.argmin(answers))].to_dict()}."
    yield from _faults_of_interval(model, before, answers)


def _faults_of_interval(model: ServedModel, frame: pd.DataFrame, answers: Answers) -> Iterator[str]:
    told = model.forecast(frame)
    if not _same(told.values, answers):
        yield "answers otherwise with an interval than without."
    if told.low is None or told.high is None:
        return  # made before models had intervals
    in_order = (told.low <= told.values) & (told.values <= told.high)
    sound = in_order & np.isfinite(told.low) & np.isfinite(told.high)
    if not sound.all():
        worst = frame.iloc[int(np.argmin(sound))].to_dict()
        yield f"gives an interval that does not hold its own answer for {worst}."


def _edge_frames(known_inputs: tuple[ModelInput, ...]) -> Iterator[pd.DataFrame]:
    """Every cell of weekday and flags: without the optional columns, without a date, then with all at their edges."""
    cells = pd.DataFrame(
        [(weekday, *flags) for weekday, *flags in product(range(1, 8), (0, 1), (0, 1))],
        columns=[WEEKDAY, PROMOTION, HOLIDAY],
    )
    cells.insert(0, DATE, pd.Timestamp("2024-01-01") + pd.to_timedelta(cells[WEEKDAY] - 1, unit="D"))
    yield cells
    yield cells.assign(**{DATE: pd.Series(pd.NaT, index=cells.index, dtype=cells[DATE].dtype)})
    edges = {known.name: _edges(known) for known in known_inputs if not known.required}
    for turn in range(max(map(len, edges.values()), default=0)):
        frame = cells.copy()
        for name, values in edges.items():
            frame[name] = values[turn % len(values)]
        yield frame


def _edges(known: ModelInput) -> tuple[float | str, ...]:
    if known.kind == "text":
        return (*known.categories[:3], _UNKNOWN_TEXT, "")
    seen = [bound for bound in (known.low, known.high) if bound is not None and np.isfinite(bound)]
    return (*seen, *_EXTREMES)


def _answers(predict: Callable[[pd.DataFrame], Any], frame: pd.DataFrame) -> Answers:
    return np.asarray(predict(frame), dtype=np.float64)


def _same(found: Any, expected: Any) -> bool:
    return np.shape(found) == np.shape(expected) and bool(
        np.allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE)
    )


def _plain(column: pd.Series, *, is_date: bool) -> list[Any]:
    """The values as JSON has them: dates as ISO text, gaps as None."""
    values = column.dt.strftime("%Y-%m-%d") if is_date else column.astype(object)
    return [None if pd.isna(value) else value for value in values.tolist()]


def _example(version: ModelVersion, files: dict[str, Path]) -> Example | None:
    """What the version answered at its training; None for versions that were made before this was kept."""
    name = _example_file(version)
    if name is None:
        return None
    try:
        return Example.from_json(files[name].read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise ModelUnusable(f"The example of version {version.version} cannot be read: {error}") from error
