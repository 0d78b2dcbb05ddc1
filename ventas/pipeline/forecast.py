"""The one step of a forecast file: its days are answered by the champion, and the answer is put beside it.

The answer of one upload by one version is always the same, and first lies under a name of its own in bucket `data`.
Only then does the run name the version that answered (by a write that the lease fences), and what the sender sees is
copied from the newest upload that has named one. So a worker that lost its lease, or is late with an older upload,
copies what the newer one said. Each looks again after writing, as S3 cannot compare and set.
"""

import sys
from pathlib import Path

from ventas.contract import answer_key, keys_of_answer, shown
from ventas.dataset_keys import dataset_key
from ventas.errors import ModelUnusable, NoChampion
from ventas.forecast_answer import answer_csv
from ventas.forecast_file import ForecastFile, read_forecast_file, rejected_rows_csv
from ventas.ledger import Lease, Run
from ventas.pipeline.coalescing import superseded
from ventas.pipeline.context import Context
from ventas.pipeline.runner import Outcome
from ventas.pipeline.uploads import (
    CSV,
    JSON,
    as_json,
    bad_rows_place,
    downloaded,
    file_sha256,
    rejection_reported,
    with_upload_order,
)
from ventas.quality import Report
from ventas.remarks import Remark, remark, remarks_report
from ventas.served import Forecast, ServedModel
from ventas.settings import DATA_BUCKET, UPLOADS_BUCKET
from ventas.states import RunStatus


def forecast(context: Context, lease: Lease) -> Outcome:
    """Answer one forecast file.

    Raises RejectedUpload, NoChampion as long as there is none, ModelUnusable, StoreUnavailable, RegistryUnavailable
    and LeaseLost.
    """
    run = with_upload_order(context, lease)
    if (outcome := superseded(context, run)) is not None:
        return outcome
    with rejection_reported(context, lease, run), downloaded(context, run) as path:
        context.ledger.runs.note(lease, sha256=file_sha256(path))
        report = _answer(context, lease, run, path)
    newest = _publish_newest(context, run)
    if newest.id != run.id:
        reason = f"A newer forecast file has its answer at {answer_key(run.key)}: that of run {newest.id}."
        return Outcome(
            RunStatus.SUPERSEDED, {"superseded_by": newest.id, "quality": report, "reason": reason}
        )
    return Outcome(RunStatus.COMPLETED, {"quality": report, "reason": None})


def _answer(context: Context, lease: Lease, run: Run, path: Path) -> Report:
    """Score the file and keep the answer under the run; its quality report."""
    champion = context.champion.now()
    # A file that cannot be used is rejected at once, champion or not.
    file = read_forecast_file(path, context.settings, champion.inputs if champion else ())
    if champion is None:
        raise NoChampion("No model has been promoted yet; the file is answered as soon as there is one.")
    data = answer_csv(file, _asked(champion, file), champion.version)
    remarks = [*_unknown_series(champion, file), *_assumed_opening(champion, file)]
    for name, told in remarks_report(remarks).items():
        file.report[name] += told
    context.ledger.runs.renew(lease)  # whoever lost the lease meanwhile need not write
    put = context.store.put_bytes
    if len(file.rejected):
        put(*bad_rows_place(run), rejected_rows_csv(file.rejected, file.table.delimiter), CSV)
    put(DATA_BUCKET, dataset_key(run.id, "quality.json"), as_json(file.report), JSON)
    put(DATA_BUCKET, kept_answer_key(run.id, champion.version), data, CSV)
    context.ledger.runs.note(lease, model_version=champion.version)
    return file.report


def kept_answer_key(run_id: str, version: int) -> str:
    """Where the answer of one upload by one version lies in bucket `data`."""
    return dataset_key(run_id, f"pronostico-v{version}.csv")


def _asked(champion: ServedModel, file: ForecastFile) -> Forecast:
    """All rows in one call. Raises ModelUnusable where an answer is no number."""
    answer = champion.forecast(champion.with_plan(file.frame))
    if (odd := answer.oddity()) is not None:
        raise ModelUnusable(f"Version {champion.version} answered {odd} for a row that fits its inputs.")
    return answer


def _unknown_series(champion: ServedModel, file: ForecastFile) -> list[Remark]:
    unknown = ~champion.series_known(file.frame)
    if not unknown.any():
        return []
    line = int(file.table.records.lines[file.good][unknown][0])
    return [remark("series_unknown", rows=int(unknown.sum()), series=champion.roles.series, line=line)]


def _assumed_opening(champion: ServedModel, file: ForecastFile) -> list[Remark]:
    known = champion.open_known(file.frame)
    if known is None or known.all():
        return []
    closed = int(champion.closed_assumed(file.frame).sum())
    column = shown(champion.roles.open)
    return [remark("open_assumed", rows=int((~known).sum()), closed=closed, column=column)]


def _publish_newest(context: Context, run: Run) -> Run:
    """Put the newest complete answer where the sender looks, and say whose it is."""
    newest = context.ledger.runs.latest_answer(run.bucket, keys_of_answer(run.key))
    while newest is not None and newest.model_version is not None:
        kept = kept_answer_key(newest.id, newest.model_version)
        data = context.store.get_bytes(DATA_BUCKET, kept, max_bytes=sys.maxsize)
        context.store.put_bytes(UPLOADS_BUCKET, answer_key(run.key), data, CSV)
        now = context.ledger.runs.latest_answer(run.bucket, keys_of_answer(run.key))
        if now is None or (now.id, now.model_version) == (newest.id, newest.model_version):
            return newest
        newest = now
    return run  # it was started anew from outside meanwhile: its next write learns that its lease is lost
