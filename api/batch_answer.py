"""The answer of `POST /predict/batch`: the champion's for all rows, and its JSON.

The JSON is put together of columns: a dict for each row and pydantic's walk through them took twenty times as long as
a table of means. Numbers and texts are written by `as_json`, as in every other answer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from api.answers import as_json
from api.holder import Champion
from api.inputs import Questions
from ventas.contract import DATE


@dataclass(frozen=True)
class Answered:
    """What a champion says to `questions`: lists of a value for each; `low` and `high` are empty without intervals.

    `closed` are the rows that are assumed to be closed days, `series` are as `Roles.series_of` writes them, `known`
    is what the model was told of the rows, by its name.
    """

    version: int
    questions: Questions
    values: list[float]
    low: list[float]
    high: list[float]
    coverage: float | None
    closed: list[bool]
    series: list[str]
    known: dict[str, list[bool]]

    @classmethod
    def of(cls, champion: Champion, questions: Questions) -> Self:
        """Ask the champion; raises ModelUnusable where an answer is no number."""
        model = champion.model
        frame = model.with_plan(questions.frame())
        forecast = champion.predict(frame)
        known = {DATE: [not assumed for assumed in questions.assumed]}
        if model.roles.series:
            known[model.roles.series] = model.series_known(frame).tolist()
        if (opening := model.open_known(frame)) is not None:
            known["open"] = opening.tolist()
        if (plan := model.plan_known(frame)) is not None:
            known["plan"] = plan.tolist()
        return cls(
            champion.version,
            questions,
            forecast.values.tolist(),
            _listed(forecast.low),
            _listed(forecast.high),
            forecast.coverage,
            model.closed_assumed(frame).tolist(),
            model.roles.series_of(frame).tolist() if model.roles.series else [""] * len(frame),
            known,
        )


def batch_json(
    answered: Answered, ids: Sequence[int] | None = None, places: Sequence[int] | None = None
) -> bytes:
    """The answer's JSON; `ids` where the rows were recorded.

    `places` are those of the rows that were sent among the questions, where equal ones were asked once.
    """
    rows = list(_row_texts(answered, ids))
    if places is not None:
        rows = list(map(rows.__getitem__, places))
    frame = as_json({"model_version": answered.version, "recorded": ids is not None, "predictions": []})
    rows[0] = frame[:-2] + rows[0]
    rows[-1] += frame[-2:]
    return b",".join(rows)  # once: of two megabytes each copy takes half as long as a table of means


def _row_texts(answered: Answered, ids: Sequence[int] | None) -> Iterable[bytes]:
    dates = answered.questions.dates
    written = {day: b'"%b"' % day.isoformat().encode() for day in set(dates)}
    of_id = _numbers(ids) if ids else [b"null"] * len(dates)
    columns = [of_id, _numbers(answered.values), map(written.__getitem__, dates), _ends(answered)]
    form = b'{"id":%b,"prediction":%b,"interval":null,"Fecha":%b,%b'
    if answered.low:
        coverage = as_json(answered.coverage)
        form = form.replace(b"null", b'{"low":%b,"high":%b,"coverage":' + coverage + b"}")
        columns[2:2] = [_numbers(answered.low), _numbers(answered.high)]
    return map(form.__mod__, zip(*columns, strict=True))


def _numbers(numbers: Sequence[float]) -> list[bytes]:
    return as_json(numbers)[1:-1].split(b",")


def _ends(answered: Answered) -> Iterable[bytes]:
    """Each row's last members, of which there are few kinds."""
    assumed, known = (answered.questions.assumed, answered.closed), answered.known.values()
    kinds = list(zip(*assumed, answered.series, *known, strict=True))
    return map({kind: _end(kind, answered.known) for kind in set(kinds)}.__getitem__, kinds)


def _end(kind: tuple[Any, ...], names: Iterable[str]) -> bytes:
    date_assumed, closed_assumed, series, *known = kind
    members = {
        "date_assumed": date_assumed,
        "closed_assumed": closed_assumed,
        "series": series,
        "known": dict(zip(names, known, strict=True)),
    }
    return as_json(members)[1:]


def _listed(numbers: npt.NDArray[np.float64] | None) -> list[float]:
    return [] if numbers is None else numbers.tolist()
