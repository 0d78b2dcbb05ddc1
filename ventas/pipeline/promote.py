"""Step three: challenger against champion, and the alias follows."""

import shutil
from tempfile import mkdtemp

import redis
import structlog

from ventas.champion import CHANNEL, mirror
from ventas.errors import ModelUnusable, RegistryUnavailable
from ventas.ledger import Lease, Promotion, Run
from ventas.pipeline.context import Context
from ventas.pipeline.retrain import dataset
from ventas.pipeline.runner import Outcome
from ventas.promotion import Contender, Verdict, judge
from ventas.registry import JUDGED_FILE, REJECTED, STAGE_TAG, TRAINED_ON_FILE
from ventas.served import load_served
from ventas.states import RunStatus
from ventas.times import utc_now

log = structlog.get_logger()


def promote(context: Context, lease: Lease) -> Outcome:
    """Judge a run's challenger. Raises ModelUnusable, RegistryUnavailable, StoreUnavailable, ChampionChanged."""
    run = context.ledger.runs.get(lease.run_id)
    assert run is not None  # it is leased
    assert run.model_version is not None  # retrain has set it
    head = context.ledger.promotions.head()
    verdict = _verdict(context, run, run.model_version, head)
    columns = {"verdict": verdict.as_dict(), "reason": verdict.reason}
    if not verdict.promoted:
        return Outcome(RunStatus.NOT_PROMOTED, columns, after=lambda: _tag_rejected(context, run))
    promotion = Promotion(
        created_at=utc_now(),
        model_version=run.model_version,
        previous_version=head.model_version if head else None,
        run_id=run.id,
        uploaded_at=run.uploaded_at,
        source="verdict",
        actor="pipeline",
        reason=verdict.reason,
    )
    return Outcome(
        RunStatus.PROMOTED, columns, promotion=promotion, after=lambda: _announce(context, promotion)
    )


def _verdict(context: Context, run: Run, version: int, head: Promotion | None) -> Verdict:
    challenger = _contender(context, version)  # also proves that it can be loaded and answers
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


def _contender(context: Context, version: int) -> Contender:
    """A version with its judged fit and the dates that this was trained on."""
    described = context.registry.version(version)
    scratch = context.settings.home / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    folder = mkdtemp(dir=scratch)
    try:
        model = load_served(context.registry.download(described, JUDGED_FILE, scratch / folder), version)
        dates = context.registry.download(described, TRAINED_ON_FILE, scratch / folder).read_text("ascii")
    finally:
        shutil.rmtree(folder)
    return Contender(version, model.estimator, frozenset(dates.split()))


def _announce(context: Context, promotion: Promotion) -> None:
    """Mirror the promotion in MLflow and wake the API; both would find it by themselves a little later."""
    try:
        mirror(context.ledger, context.registry, promotion)
    except (RegistryUnavailable, ModelUnusable) as error:
        log.warning("alias_not_mirrored", version=promotion.model_version, reason=str(error))
    try:
        with redis.Redis.from_url(
            context.settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2
        ) as broker:
            broker.publish(CHANNEL, str(promotion.model_version))
    except redis.RedisError as error:
        log.warning("champion_not_announced", version=promotion.model_version, reason=str(error))


def _tag_rejected(context: Context, run: Run) -> None:
    try:
        context.registry.set_tags(run.model_version or 0, {STAGE_TAG: REJECTED})
    except RegistryUnavailable as error:
        log.warning("stage_not_tagged", version=run.model_version, reason=str(error))
