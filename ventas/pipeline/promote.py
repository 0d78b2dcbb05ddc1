"""Step three: challenger against champion, and the alias follows."""

from dataclasses import replace
from pathlib import Path

import structlog

from ventas.card_files import add_verdict
from ventas.champion import APPROVAL_TAG, AWAITED, follow, scratch_folder
from ventas.checks import checked
from ventas.errors import ModelUnusable, NotFound, RegistryUnavailable
from ventas.ledger import Lease, Promotion, Run
from ventas.pipeline.context import Context
from ventas.pipeline.datasets import dataset
from ventas.pipeline.runner import Outcome
from ventas.pipeline.shapes import lost_to
from ventas.promotion import Case, Contender, first_verdict, judge
from ventas.reasons import held
from ventas.registry import JUDGED_FILE, REJECTED, STAGE_TAG, STAGING, TRAINED_ON_FILE, ModelVersion
from ventas.reproducible import irreproducible
from ventas.roles import Roles
from ventas.served import load_served
from ventas.states import RunStatus
from ventas.times import utc_now
from ventas.verdict import Verdict

log = structlog.get_logger()
VERDICT_TAG = "ventas.verdict"  # the last that is written: a version that has it has all


def promote(context: Context, lease: Lease) -> Outcome:
    """Judge a run's challenger. Raises ModelUnusable, RegistryUnavailable, StoreUnavailable, ChampionChanged.

    With APPROVAL=human a promotion is held: the run ends `not_promoted`, and `ventas approve` makes up for it.
    """
    run = context.ledger.runs.get(lease.run_id)
    assert run is not None  # it is leased
    assert run.model_version is not None  # retrain has set it
    head = context.ledger.promotions.head()
    described = context.registry.version(run.model_version)
    verdict = _verdict(context, run, described, head)
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
        after=lambda: _follow(context, promotion, described, verdict),
    )


def _verdict(context: Context, run: Run, described: ModelVersion, head: Promotion | None) -> Verdict:
    version = described.version
    try:
        challenger = _checked_contender(context, described)
        if head is not None and _older(run, head):
            return _older_upload(version, head)
        case = _case(context, run)
        if fault := irreproducible(challenger.estimator, case.train, context.settings.SEED):
            raise ModelUnusable(f"Version {version} must not be served: its recipe {fault}")
    except ModelUnusable as error:
        return Verdict(False, "checks", f"Not promoted: {error}", None, version, _version(head))
    if head is None:
        verdict = first_verdict(challenger, case)
    else:
        verdict = judge(challenger, _contender(context, head.model_version), case)
    note = described.params.get("table_note")  # why a table is served, where no model was worth its while
    lost = [one.sentence for one in lost_to(context, head, run.quality)] if verdict.promoted else []
    return replace(verdict, reason=" ".join([verdict.reason, *([note] if note else []), *lost]))


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


def _checked_contender(context: Context, version: ModelVersion) -> Contender:
    """A challenger that may be served: its files pass all checks. Raises ModelUnusable."""
    with scratch_folder(context.settings) as folder:
        model = checked(context.registry, version, folder)
        return Contender(version.version, model.estimator, _trained_on(context, version, folder))


def _contender(context: Context, version: int) -> Contender:
    """A version with its judged fit and the dates that this was trained on. Raises ModelUnusable."""
    described = context.registry.version(version)
    with scratch_folder(context.settings) as folder:
        model = load_served(context.registry.download(described, JUDGED_FILE, folder), version)
        return Contender(version, model.estimator, _trained_on(context, described, folder))


def _trained_on(context: Context, version: ModelVersion, folder: Path) -> frozenset[str]:
    try:
        path = context.registry.download(version, TRAINED_ON_FILE, folder)
    except NotFound as error:
        raise ModelUnusable(str(error)) from error
    return frozenset(path.read_text("ascii").split())


def _follow(context: Context, promotion: Promotion, described: ModelVersion, verdict: Verdict) -> None:
    follow(context.settings, context.ledger, context.registry, promotion)
    _told(context, described, verdict, {})


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
