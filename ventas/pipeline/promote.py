"""Step three: challenger against champion, and the alias follows."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import structlog

from ventas.card_files import add_verdict
from ventas.champion import APPROVAL_TAG, AWAITED, follow, keep_copy, scratch_folder
from ventas.checks import checked_files, fetched, passed
from ventas.errors import ModelUnusable, NotFound, RegistryUnavailable
from ventas.ledger import Lease, Promotion, Run
from ventas.pipeline.context import Context
from ventas.pipeline.datasets import dataset
from ventas.pipeline.runner import Outcome
from ventas.pipeline.shapes import lost_to
from ventas.promotion import Case, Contender, first_verdict, judge
from ventas.reasons import held
from ventas.registry import (
    JUDGED_FILE,
    REJECTED,
    STAGE_TAG,
    STAGING,
    TRAINED_ON_FILE,
    ModelVersion,
    served_file,
)
from ventas.replaced import Replaced
from ventas.reproducible import irreproducible
from ventas.roles import Roles
from ventas.served import ServedModel, load_served
from ventas.states import RunStatus
from ventas.times import utc_now
from ventas.verdict import Verdict

log = structlog.get_logger()
VERDICT_TAG = "ventas.verdict"  # the last that is written: a version that has it has all


@dataclass(frozen=True)
class _Judged:
    """A verdict, and the challenger's file that is served if it wins."""

    verdict: Verdict
    served: bytes = b""


def promote(context: Context, lease: Lease) -> Outcome:
    """Judge a run's challenger. Raises ModelUnusable, RegistryUnavailable, StoreUnavailable, ChampionChanged.

    With APPROVAL=human a promotion is held: the run ends `not_promoted`, and `ventas approve` makes up for it.
    """
    run = context.ledger.runs.get(lease.run_id)
    assert run is not None  # it is leased
    assert run.model_version is not None  # retrain has set it
    head = context.ledger.promotions.head()
    described = context.registry.version(run.model_version)
    judged = _judged(context, run, described, head)
    verdict = judged.verdict
    if verdict.promoted and context.settings.APPROVAL == "human":
        reason = held(verdict.reason, described.version)
        verdict = replace(verdict, promoted=False, held=True, reason=reason, champion_version=_version(head))
    columns = {"verdict": verdict.as_dict(), "reason": verdict.reason}
    if not verdict.promoted:
        tags = {STAGE_TAG: STAGING, APPROVAL_TAG: AWAITED} if verdict.held else {STAGE_TAG: REJECTED}
        return Outcome(
            RunStatus.NOT_PROMOTED, columns, after=lambda: _told(context, described, verdict, tags)
        )
    promotion = Promotion(
        created_at=utc_now(),
        model_version=run.model_version,
        previous_version=_version(head),
        run_id=run.id,
        uploaded_at=run.uploaded_at,
        source="verdict",
        actor="pipeline",
        reason=verdict.reason,
    )
    return Outcome(
        RunStatus.PROMOTED,
        columns,
        promotion=promotion,
        after=lambda: _follow(context, promotion, described, judged),
    )


def _judged(context: Context, run: Run, described: ModelVersion, head: Promotion | None) -> _Judged:
    version = described.version
    with ThreadPoolExecutor() as pool:  # what is needed last is fetched beside the checks
        fetched_case = pool.submit(_case, context, run)
        fetched_champion = pool.submit(_contender, context, head.model_version) if head else None
        try:
            challenger, served = _checked_contender(context, described)
            if head is not None and _older(run, head):
                return _Judged(_older_upload(version, head))
            case = fetched_case.result()
            if fault := irreproducible(challenger.estimator, case.train, context.settings.SEED):
                raise ModelUnusable(f"Version {version} must not be served: its recipe {fault}")
        except ModelUnusable as error:
            reason = f"Not promoted: {error}"
            return _Judged(Verdict(False, "checks", reason, None, version, _version(head)))
        champion = fetched_champion.result() if fetched_champion else None
    verdict = judge(challenger, champion, case) if champion else first_verdict(challenger, case)
    note = described.params.get("table_note")  # why a table is served, where no model was worth its while
    lost = [one.sentence for one in lost_to(context, head, run.quality)] if verdict.promoted else []
    reason = " ".join([verdict.reason, *([note] if note else []), *lost])
    replaced = Replaced.of_params(described.params)
    return _Judged(replace(verdict, reason=reason, replaced=asdict(replaced) if replaced else None), served)


def _case(context: Context, run: Run) -> Case:
    train, test = (dataset(context, run.id, name) for name in ("train", "test"))
    return Case(train, test, context.settings, Roles.of_report(run.quality))


def _older_upload(version: int, head: Promotion) -> Verdict:
    reason = (
        f"Not promoted: version {version} comes from an upload older than that of champion version "
        f"{head.model_version}."
    )
    return Verdict(False, "older_upload", reason, None, version, head.model_version)


def _older(run: Run, head: Promotion) -> bool:
    return None not in (run.uploaded_at, head.uploaded_at) and run.uploaded_at < head.uploaded_at  # type: ignore[operator]


def _version(head: Promotion | None) -> int | None:
    return head.model_version if head else None


def _checked_contender(context: Context, version: ModelVersion) -> tuple[Contender, bytes]:
    """A challenger that may be served, for its files pass all checks, and the one to serve. Raises ModelUnusable."""
    with scratch_folder(context.settings) as folder:
        names = [*checked_files(version), TRAINED_ON_FILE]
        files = fetched(context.registry, version, names, folder)
        return _contender_of(passed(version, files), files), files[served_file(version)].read_bytes()


def _contender(context: Context, version: int) -> Contender:
    """A version with its judged fit and the dates that this was trained on. Raises ModelUnusable."""
    described = context.registry.version(version)
    with scratch_folder(context.settings) as folder:
        files = fetched(context.registry, described, [JUDGED_FILE, TRAINED_ON_FILE], folder)
        return _contender_of(load_served(files[JUDGED_FILE], version), files)


def _contender_of(model: ServedModel, files: dict[str, Path]) -> Contender:
    trained_on = frozenset(files[TRAINED_ON_FILE].read_text("ascii").split())
    return Contender(model.version, model.estimator, trained_on)


def _follow(context: Context, promotion: Promotion, described: ModelVersion, judged: _Judged) -> None:
    keep_copy(context.settings, promotion.model_version, judged.served)
    follow(context.settings, context.ledger, context.registry, promotion)
    _told(context, described, judged.verdict, {})


def _told(context: Context, described: ModelVersion, verdict: Verdict, more: dict[str, str]) -> None:
    """Keep the verdict on the model version too, for whoever looks there; the ledger has it in any case."""
    errors = {"challenger_rmse": verdict.challenger_rmse, "champion_rmse": verdict.champion_rmse}
    tags = {f"ventas.{name}": f"{value:.6g}" for name, value in errors.items() if value is not None}
    with scratch_folder(context.settings) as folder:
        add_verdict(context.registry, described, verdict.as_dict(), folder)
    try:
        context.registry.set_tags(described.version, more | tags | {VERDICT_TAG: verdict.reason})
    except (RegistryUnavailable, NotFound) as error:
        log.warning("verdict_not_tagged", version=described.version, reason=str(error))
