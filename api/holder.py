"""The champion in memory: loaded beside the requests, swapped between two of them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite
from typing import TYPE_CHECKING

import pandas as pd
import structlog

from api.background import Loop
from api.inputs import Form, Question
from api.parts import Parts
from api.ports import ModelSource
from ventas.compiled.unfit import NotCompiled
from ventas.contract import DATE
from ventas.errors import LedgerUnavailable, ModelUnusable, NoChampion, RegistryUnavailable
from ventas.served import Forecast, ServedModel
from ventas.times import utc_now

if TYPE_CHECKING:
    from ventas.compiled.model import CompiledModel

CHAMPION, LEDGER, REGISTRY = "champion", "ledger", "registry"
# A version that could not be used may have been repaired; asking for it at every poll would download it anew.
RETRY_UNUSABLE_SECONDS = 60.0

EPOCH = date(1970, 1, 1)
log = structlog.get_logger()


@dataclass(frozen=True)
class Answered:
    """What the champion says to one question; the interval is None where its model has none."""

    value: float
    low: float | None
    high: float | None
    coverage: float | None
    series: str


@dataclass(frozen=True)
class Champion:
    """One loaded version with the form of its inputs: a request uses one such object from start to end.

    `example` says that it learnt from the bundled sample data.
    """

    model: ServedModel
    form: Form
    loaded_at: datetime
    compiled: "CompiledModel | None" = None
    example: bool = False

    @property
    def version(self) -> int:
        """The registered version."""
        return self.model.version

    def predict(self, frame: pd.DataFrame) -> Forecast:
        """The sales expected for each row; raises ModelUnusable where an answer is no number."""
        forecast = self.model.forecast(frame)
        if (odd := forecast.oddity()) is not None:
            raise ModelUnusable(f"Version {self.version} answered {odd} to a valid question.")
        return forecast

    def answers(self, questions: Sequence[Question]) -> list[Answered]:
        """The sales expected, by the compiled model where there is one; raises ModelUnusable as `predict`."""
        if self.compiled is None:
            return [self._answer_plainly(question) for question in questions]
        asked = [(one.columns, None if one.date_assumed else one.date) for one in questions]
        series_text, coverage = self.compiled.rows.series_text, self.compiled.coverage
        answers = []
        for question, said in zip(questions, self.compiled.answers(asked), strict=True):
            if not isfinite(sum(said)):
                raise ModelUnusable(f"Version {self.version} answered {said[0]} to a valid question.")
            answers.append(Answered(*said, coverage, series_text(question.columns)))
        return answers

    def _answer_plainly(self, question: Question) -> Answered:
        frame = question.frame()
        forecast = self.predict(frame)
        low, high = (None if end is None else float(end[0]) for end in (forecast.low, forecast.high))
        series = str(self.model.roles.series_of(frame).iloc[0])
        return Answered(float(forecast.values[0]), low, high, forecast.coverage, series)

    def closed_assumed(self, question: Question) -> bool:
        """Whether the row does not say if its series is open, and is answered as a closed day."""
        if self.compiled:
            day = None if question.date_assumed else (question.date - EPOCH).days
            return self.compiled.rows.assumes_closed(question.columns, day)
        return bool(self.model.closed_assumed(question.frame())[0])

    def known(self, question: Question) -> dict[str, bool]:
        """What the model was told of the row: its date and, if it reads such, a series that it knows, whether that
        is open, and the promotions around the day."""
        known = {DATE: not question.date_assumed}
        if series := self.model.roles.series:
            known[series] = (
                self.compiled.rows.knows_series(question.columns)
                if self.compiled
                else bool(self.model.series_known(question.frame())[0])
            )
        if self.model.roles.open:
            known["open"] = self.model.roles.open in question.columns
        if self.model.plan_inputs:
            known["plan"] = any(name in question.columns for name in self.model.plan_inputs)
        return known


class ChampionHolder:
    """Keeps the champion; its `loops` follow the ledger's decisions.

    The champion is one attribute, replaced whole: no request waits for a load, and none sees half a swap.

    Parameters
    ----------
    run_of: the id of the run that made a version, for the log; None where that is not known now.
    trace: is told of each swap: that run's id, the version, and the one before it.
    is_example: says of a version that it learnt from the bundled sample data.
    """

    def __init__(
        self,
        source: ModelSource,
        parts: Parts,
        poll_seconds: float,
        run_of: Callable[[int], str | None] = lambda _version: None,
        trace: Callable[[str | None, int, int | None], None] = lambda _run_id, _version, _previous: None,
        is_example: Callable[[int], bool] = lambda _version: False,
    ):
        self._source = source
        self._parts = parts
        self._run_of, self._trace, self._is_example = run_of, trace, is_example
        self._champion: Champion | None = None
        self._reason = "The API has only just started and is looking for a champion."
        self._unusable: tuple[int, float] | None = None
        self._poll = Loop("champion-poll", self.look, poll_seconds)
        # A loop of its own, for MLflow may hang, and a swap from the local copy must not wait for that.
        self.loops = (self._poll, Loop("champion-reconcile", self.reconcile, poll_seconds))

    @property
    def current(self) -> Champion | None:
        """The champion that is served, or None."""
        return self._champion

    def champion(self) -> Champion:
        """The champion that is served; raises NoChampion with the reason."""
        champion = self._champion
        if champion is None:
            raise NoChampion(self._reason)
        return champion

    def wake(self) -> None:
        """Look at once."""
        self._poll.wake()

    def look(self) -> None:
        """Ask the ledger once who is champion, and serve that version if it is another one."""
        try:
            version = self._source.current_version()
        except LedgerUnavailable as error:
            self._parts.away(LEDGER, f"The database does not answer: {error}")
            self._serve_copy("The database does not answer, and there is no local copy of a champion.")
            return
        self._parts.back(LEDGER)
        if version is None:
            self._reason = "No model has been promoted yet; the first good upload makes one."
            self._parts.away(CHAMPION, self._reason)
        elif self._champion is not None and self._champion.version == version:
            self._parts.back(CHAMPION)
        elif not self._is_unusable(version):
            self._load(version)

    def reconcile(self) -> None:
        """Let ledger and registry come together once."""
        try:
            self._source.reconcile()
        except RegistryUnavailable as error:
            self._parts.away(REGISTRY, str(error))
        except LedgerUnavailable:
            return  # the poll meets the same and reports it
        else:
            self._parts.back(REGISTRY)

    def _load(self, version: int) -> None:
        try:
            self._swap(self._source.fetch(version))
        except RegistryUnavailable as error:
            self._keep(f"Version {version} is champion, but it cannot be fetched: {error}")
        except ModelUnusable as error:
            self._unusable = (version, time.monotonic() + RETRY_UNUSABLE_SECONDS)
            self._keep(f"Version {version} is champion, but it cannot be used: {error}")
        else:
            self._parts.back(CHAMPION)

    def _keep(self, reason: str) -> None:
        self._parts.away(CHAMPION, reason)
        self._serve_copy(reason)

    def _is_unusable(self, version: int) -> bool:
        if self._unusable is None:
            return False
        number, retry_at = self._unusable
        return number == version and time.monotonic() < retry_at

    def _serve_copy(self, reason: str) -> None:
        """Where nothing is served yet, serve the newest local copy."""
        if self._champion is not None:
            return
        self._reason = reason
        copy = self._source.last_good()
        if copy is None:
            return
        try:
            self._swap(copy)
        except ModelUnusable as error:
            self._reason = f"{reason} The local copy cannot be used: {error}"

    def _swap(self, model: ServedModel) -> None:
        example = self._is_example(model.version)
        champion = Champion(model, Form(model.inputs), utc_now(), _compiled(model), example)
        _warm(champion)
        before, self._champion = self._champion, champion
        previous = before.version if before else None
        run_id = self._run_of(model.version)
        log.info("champion_swapped", run_id=run_id, version=model.version, previous=previous)
        self._trace(run_id, model.version, previous)


def _compiled(model: ServedModel) -> "CompiledModel | None":
    """`model` compiled, or None where it must answer by itself; the log says why."""
    if not hasattr(model.estimator, "named_steps"):
        return None  # no pipeline
    from ventas.compiled.model import compiled  # brings sklearn, as the model that is loaded has done

    try:
        return compiled(model)
    except NotCompiled as error:
        log.warning("champion_not_compiled", version=model.version, reason=str(error))
    except Exception:  # whatever it is, the model itself answers
        log.exception("compiling_failed", version=model.version)
    return None


def _warm(champion: Champion) -> None:
    """Predict once, so that no request pays for the first time; raises ModelUnusable."""
    try:
        champion.predict(champion.form.sample().frame())
    except ModelUnusable:
        raise
    except Exception as error:  # a model can fail in any way, and then must not be served
        raise ModelUnusable(f"Version {champion.version} fails on a plain question: {error!r}") from error
