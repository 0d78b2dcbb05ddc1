"""Past uploads judged anew, with the present code and settings, without changing anything.

The uploads are taken in their order, as if each had been worked on before the next one came, against a line of
champions of their own that starts with none. Ledger, MLflow and buckets are only read, or not even that.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ventas.challenger import train_challenger
from ventas.champion import scratch_folder
from ventas.checks import EXAMPLE_ROWS, failed_check
from ventas.errors import ModelUnusable, NotFound, RejectedUpload
from ventas.ingest import ingest
from ventas.ledger import Run
from ventas.pipeline.context import Context
from ventas.pipeline.datasets import dataset
from ventas.pipeline.uploads import file_sha256
from ventas.promotion import Case, Contender, date_keys, first_verdict, judge
from ventas.promotion_plan import with_plan
from ventas.quality import rejection
from ventas.reproducible import irreproducible
from ventas.retention import deleted_sentence
from ventas.roles import Roles
from ventas.served import served_model
from ventas.settings import Settings
from ventas.split import read_dataset, split, to_csv_bytes
from ventas.states import RunStatus
from ventas.times import iso_z
from ventas.training import Search, inputs
from ventas.verdict import Verdict, without_tables

# Told of the runs that are done, with the part of the one at work, and of the run at work.
OnProgress = Callable[[float, Run], None]
GONE = "gone"  # neither the upload nor its dataset is there any more


@dataclass(frozen=True)
class Replayed:
    """How one past upload would end now.

    `status` is promoted, not_promoted, rejected or gone; `reason` a sentence. Versions in `verdict` are not those of
    MLflow: the replay numbers its uploads from 1.
    """

    run: Run
    status: str
    reason: str
    verdict: Verdict | None = None
    rejection: Any = None  # as in a quality report

    @property
    def same(self) -> bool:
        """Whether the run ended so the first time too."""
        return self.status == self.run.status

    def as_dict(self) -> dict[str, Any]:
        """The comparison as JSON shows it."""
        verdict = self.verdict.as_dict() if self.verdict else None
        return {
            "run_id": self.run.id,
            "key": self.run.key,
            "version_id": self.run.version_id,
            "uploaded_at": iso_z(self.run.came_at),
            "then": {"status": self.run.status, "reason": self.run.reason, "verdict": self.run.verdict},
            "now": {"status": self.status, "reason": self.reason, "verdict": verdict},
            "same": self.same,
        }

    def summary(self) -> dict[str, Any]:
        """The same as the ledger keeps it: verdicts without their tables, and what was wrong with the file."""
        told = self.as_dict()
        refused = {"then": (self.run.quality or {}).get("rejection"), "now": self.rejection}
        for side, why in refused.items():
            verdict = told[side]["verdict"]
            told[side] |= {"verdict": verdict and without_tables(verdict), "rejection": why}
        return told


def replay(context: Context, runs: Sequence[Run], on_progress: OnProgress) -> list[Replayed]:
    """Train and judge the uploads of `runs`, in the order given. Raises StoreUnavailable."""
    line = _Line(context, on_progress)
    return [line.replayed(run) for run in runs]


class _Line:
    """The line of champions of one replay."""

    def __init__(self, context: Context, on_progress: OnProgress):
        self._context = context
        self._settings = context.settings
        self._on_progress = on_progress
        self._number = 0
        self._champion: Contender | None = None
        self._judged: dict[str, int] = {}

    def replayed(self, run: Run) -> Replayed:
        self._number += 1
        self._on_progress(self._number - 1, run)
        try:
            verdict = self._verdict(run)
        except RejectedUpload as error:
            told = error if "rejection" in error.report else rejection(error, {})
            return Replayed(run, RunStatus.REJECTED, str(error), rejection=told.report["rejection"])
        except NotFound:
            why = deleted_sentence(run)
            reason = "Neither the upload nor its dataset is there any more."
            return Replayed(run, GONE, f"{reason} {why}" if why else reason)
        finally:
            self._on_progress(self._number, run)
        status = RunStatus.PROMOTED if verdict.promoted else RunStatus.NOT_PROMOTED
        return Replayed(run, status, verdict.reason, verdict)

    def _verdict(self, run: Run) -> Verdict:
        case, sha256 = _case(self._context, run)
        if sha256 in self._judged:
            reason = f"The same bytes were judged before, as number {self._judged[sha256]} of this replay."
            return Verdict(promoted=False, kind="same_bytes", reason=reason)
        self._judged[sha256] = self._number
        found = self._searched(run, case)
        challenger = Contender(self._number, found.estimator, frozenset(date_keys(case.train)))
        try:
            _check(challenger, case)
        except ModelUnusable as error:
            return Verdict(False, "checks", f"Not promoted: {error}", None, self._number)
        verdict = self._judge(challenger, case)
        if verdict.promoted:
            self._champion = challenger
        replaced = asdict(found.replaced) if found.replaced else None
        reason = f"{verdict.reason} {found.table_note}".strip()
        return replace(verdict, reason=reason, replaced=replaced)

    def _searched(self, run: Run, case: Case) -> Search:
        def tell(done: int, total: int) -> None:
            self._on_progress(self._number - 1 + done / total, run)

        return train_challenger(case, tell)

    def _judge(self, challenger: Contender, case: Case) -> Verdict:
        if self._champion is None:
            return first_verdict(challenger, case)
        return judge(challenger, self._champion, case)


def _check(challenger: Contender, case: Case) -> None:
    model = served_model(challenger.estimator, challenger.version)
    fault = failed_check(model, inputs(case.train.head(EXAMPLE_ROWS))) or irreproducible(
        challenger.estimator, case.train, case.settings.SEED
    )
    if fault:
        raise ModelUnusable(f"number {challenger.version} {fault}")


def _case(context: Context, run: Run) -> tuple[Case, str]:
    """Train and test, and the digest of the bytes: from the upload itself, or its old dataset where that is gone.

    Raises RejectedUpload, StoreUnavailable, and NotFound where neither is there.
    """
    with scratch_folder(context.settings) as folder:
        path = folder / "upload"
        try:
            context.store.download(
                run.bucket, run.key, run.version_id, path, max_bytes=context.settings.MAX_UPLOAD_BYTES
            )
        except NotFound:
            train, test = (dataset(context, run.id, name) for name in ("train", "test"))
            return Case(train, test, context.settings, Roles.of_report(run.quality)), run.sha256 or run.id
        return _read(path, context.settings), file_sha256(path)


def _read(path: Path, settings: Settings) -> Case:
    """Train and test as the next step would read them from the bucket."""
    found = ingest(path, settings)
    parts = split(with_plan(found.frame, found.roles), settings, found.roles)
    train, test = (read_dataset(to_csv_bytes(part)) for part in (parts.train, parts.test))
    return Case(train, test, settings, found.roles)
