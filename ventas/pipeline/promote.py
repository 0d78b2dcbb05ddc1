"""Step three: challenger against champion, and the alias follows."""

from pathlib import Path

import structlog

from ventas.champion import follow, scratch_folder
from ventas.checks import checked
from ventas.errors import ModelUnusable, NotFound, RegistryUnavailable
from ventas.ledger import Lease, Promotion, Run
from ventas.pipeline.context import Context
from ventas.pipeline.datasets import dataset
from ventas.pipeline.runner import Outcome
from ventas.promotion import Contender, Verdict, judge
from ventas.registry import JUDGED_FILE, REJECTED, STAGE_TAG, TRAINED_ON_FILE, ModelVersion
from ventas.served import load_served
from ventas.states import RunStatus
from ventas.times import utc_now

log = structlog.get_logger()
VERDICT_TAG = "ventas.verdict"  # the last that is written: a version that has it has all


def promote(context: Context, lease: Lease) -> Outcome:
    """Judge a run's challenger. Raises ModelUnusable, RegistryUnavailable, StoreUnavailable, ChampionChanged."""
    run = context.ledger.runs.get(lease.run_id)
    assert run is not None  # it is leased
    assert run.model_version is not None  # retrain has set it
    head = context.ledger.promotions.head()
    verdict = _verdict(context, run, run.model_version, head)
    columns = {"verdict": verdict.as_dict(), "reason": verdict.reason}
    if not verdict.promoted:
        return Outcome(
            RunStatus.NOT_PROMOTED, columns, after=lambda: _tag(context, verdict, {STAGE_TAG: REJECTED})
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
        RunStatus.PROMOTED, columns, promotion=promotion, after=lambda: _follow(context, promotion, verdict)
    )


def _verdict(context: Context, run: Run, version: int, head: Promotion | None) -> Verdict:
    described = context.registry.version(version)
    try:
        challenger = _checked_contender(context, described)
    except ModelUnusable as error:
        return Verdict(False, "checks", f"Not promoted: {error}", None, version, _version(head))
    if head is None:
        reason = f"Promoted: version {version} is the first model, there is no champion to beat."
        return Verdict(promoted=True, kind="first", reason=reason, challenger_version=version)
    if _older(run, head):
        reason = (
            f"Not promoted: version {version} comes from an upload older than that of champion version "
            f"{head.model_version}."
        )
        return Verdict(False, "older_upload", reason, None, version, head.model_version)
    champion = _contender(context, head.model_version)
    train, test = (dataset(context, run.id, name) for name in ("train", "test"))
    return judge(challenger, champion, train, test, context.settings)


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


def _follow(context: Context, promotion: Promotion, verdict: Verdict) -> None:
    follow(context.settings, context.ledger, context.registry, promotion)
    _tag(context, verdict, {})


def _tag(context: Context, verdict: Verdict, more: dict[str, str]) -> None:
    """Keep the verdict on the model version too, for whoever looks there; the ledger has it in any case."""
    version = verdict.challenger_version
    assert version is not None  # a verdict on a model names it
    errors = {"challenger_rmse": verdict.challenger_rmse, "champion_rmse": verdict.champion_rmse}
    tags = {f"ventas.{name}": f"{value:.6g}" for name, value in errors.items() if value is not None}
    try:
        context.registry.set_tags(version, more | tags | {VERDICT_TAG: verdict.reason})
    except (RegistryUnavailable, NotFound) as error:
        log.warning("verdict_not_tagged", version=version, reason=str(error))
