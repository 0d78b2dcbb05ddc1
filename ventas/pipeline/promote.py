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
from ventas.lost_knowledge import is_example, losses_report
from ventas.pipeline.context import Context
from ventas.pipeline.datasets import dataset
from ventas.pipeline.rival import Rival, rival
from ventas.pipeline.runner import Outcome
from ventas.promotion import Case, Contender, first_verdict, judge
from ventas.reasons import held, held_for_losses
from ventas.registry import (
    REJECTED,
    STAGE_TAG,
    STAGING,
    TRAINED_ON_FILE,
    ModelVersion,
    served_file,
)
from ventas.remarks import Remark
from ventas.replaced import Replaced
from ventas.reproducible import irreproducible
from ventas.roles import Roles
from ventas.served import ServedModel
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

    With APPROVAL=human a promotion is held: the run ends `not_promoted`, and `ventas approve` makes up for it. It is
    held, too, where the champion knows what the file lacks, unless ON_LOSS=promote.
    """
    run = context.ledger.runs.get(lease.run_id)
    assert run is not None  # it is leased
    assert run.model_version is not None  # retrain has set it
    head = context.ledger.promotions.head()
    described = context.registry.version(run.model_version)
    judged = _judged(context, run, described, head)
    verdict = judged.verdict
    if verdict.promoted:
        verdict = _guarded(context, run, verdict, head)
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


def _guarded(context: Context, run: Run, verdict: Verdict, head: Promotion | None) -> Verdict:
    """A promotion, held where a person has to approve it: always, or for what would be lost."""
    lost = context.knowledge.losses(head, context.knowledge.of_run(run))
    verdict = replace(verdict, losses=losses_report(lost))
    version = run.model_version or 0
    if lost and context.settings.ON_LOSS == "hold":
        reason = held_for_losses(verdict.reason, version, _sentences(lost))
    elif context.settings.APPROVAL == "human":
        reason = held(_after_losses(verdict.reason, lost), version)
    else:
        return replace(verdict, reason=_after_losses(verdict.reason, lost))
    return replace(verdict, promoted=False, held=True, reason=reason, champion_version=_version(head))


def _after_losses(reason: str, lost: list[Remark]) -> str:
    return " ".join([reason, *([_sentences(lost)] if lost else [])])


def _sentences(lost: list[Remark]) -> str:
    return " ".join(loss.sentence for loss in lost)


def _judged(context: Context, run: Run, described: ModelVersion, head: Promotion | None) -> _Judged:
    version = described.version
    example = _example_champion(context, run, head)
    judged = head if example is None else None
    with ThreadPoolExecutor() as pool:  # what is needed last is fetched beside the checks
        fetched_case = pool.submit(_case, context, run)
        fetched_champion = pool.submit(rival, context, judged.model_version) if judged else None
        try:
            challenger, served = _checked_contender(context, described)
            if judged is not None and _older(run, judged):
                return _Judged(_older_upload(version, judged))
            case = fetched_case.result()
            if fault := irreproducible(challenger.estimator, case.train, context.settings.SEED):
                raise ModelUnusable(f"Version {version} must not be served: its recipe {fault}")
        except ModelUnusable as error:
            reason = f"Not promoted: {error}"
            return _Judged(Verdict(False, "checks", reason, None, version, _version(head)))
        champion = fetched_champion.result() if fetched_champion else None
    verdict = _compared(challenger, champion, case) if example is None else _first(challenger, example, case)
    note = described.params.get("table_note")  # why a table is served, where no model was worth its while
    reason = " ".join([verdict.reason, *([note] if note else [])])
    replaced = Replaced.of_params(described.params)
    return _Judged(replace(verdict, reason=reason, replaced=asdict(replaced) if replaced else None), served)


def _example_champion(context: Context, run: Run, head: Promotion | None) -> int | None:
    """The champion's version where it learnt from the bundled sample, and this run from a file of a user's."""
    if head is None or is_example(run):
        return None
    trained = context.ledger.queries.run_of_version(head.model_version)
    return head.model_version if is_example(trained) else None


def _first(challenger: Contender, example: int, case: Case) -> Verdict:
    """The first file of a user's is not compared with made-up sales."""
    absence = (
        f"is the first model of your own sales; champion version {example} learnt from the bundled sample data and "
        "is replaced without a comparison"
    )
    verdict = first_verdict(challenger, case, absence=absence)
    return replace(verdict, champion_version=example, absent_rival="example")


def _compared(challenger: Contender, champion: Rival | None, case: Case) -> Verdict:
    """The verdict against the champion, or without one where there is none, or none that can be compared."""
    if champion is None:
        return first_verdict(challenger, case)
    champion = champion.checked(case)
    contender = champion.contender(case)
    if contender is None:
        verdict = first_verdict(challenger, case, absence=champion.absence)
        return replace(verdict, champion_version=champion.version, absent_rival="gone")
    verdict = judge(challenger, contender, case)
    return replace(verdict, reason=f"{verdict.reason} {champion.note}".rstrip())


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
