"""A large bucket is listed page by page: little memory, few statements, one sweep at a time."""

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import event

from ventas.errors import StoreUnavailable
from ventas.ledger import Ledger
from ventas.pipeline.sweep import BATCH, sweep
from ventas.store import ObjectVersion

MANY = 5_000
START = datetime(2026, 1, 1, tzinfo=UTC)


class Bucket:
    """Our own fake of the store's port: a listing made up as it is read; no object can be read at all."""

    def __init__(self, count: int, *, versions_of_a_key: int = 1, breaks_after: int | None = None):
        self.count, self.versions_of_a_key, self.breaks_after = count, versions_of_a_key, breaks_after

    def versions(self, bucket: str, prefix: str = "") -> Iterator[ObjectVersion]:
        for number in range(self.count):
            if number == self.breaks_after:
                raise StoreUnavailable("MinIO went away")
            key = f"tienda-{number // self.versions_of_a_key:06}/ventas.csv"
            moment = START + timedelta(seconds=number)
            yield ObjectVersion(bucket, key, f"version-{number:030}", f"etag-{number:027}", 12_345, moment)


def _parts(settings, ledger: Ledger, bucket: Bucket) -> SimpleNamespace:
    return SimpleNamespace(settings=settings, ledger=ledger, store=bucket)


def _nowhere(*_: object) -> None: ...


@pytest.mark.parametrize("versions_of_a_key", [1, MANY], ids=["a key each", "all of one key"])
def test_every_upload_is_found_once(settings, ledger: Ledger, versions_of_a_key: int) -> None:
    parts = _parts(settings, ledger, Bucket(MANY, versions_of_a_key=versions_of_a_key))
    first, second = sweep(parts, _nowhere), sweep(parts, _nowhere)
    assert (first.listed, first.found, first.enqueued) == (MANY, MANY, MANY)
    assert (second.listed, second.found, second.enqueued) == (MANY, 0, 0)
    last = ledger.sweeps.last()
    assert (last.listed, last.found, last.problem) == (MANY, 0, None)


def test_a_known_bucket_costs_a_few_statements_a_page(settings, ledger: Ledger) -> None:
    parts = _parts(settings, ledger, Bucket(MANY))
    sweep(parts, _nowhere)
    statements: list[str] = []
    event.listen(ledger.database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    sweep(parts, _nowhere)
    assert len(statements) <= 5 * MANY / BATCH + 10


def test_a_large_bucket_is_never_in_memory_as_a_whole(settings, ledger: Ledger) -> None:
    """Ten times the pages, the same memory (the first sweeps fill the libraries' caches)."""

    def peak(pages: int) -> int:
        parts = _parts(settings, ledger, Bucket(pages * BATCH))
        sweep(parts, _nowhere)
        tracemalloc.start()
        sweep(parts, _nowhere)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(1)
    assert peak(5) < 1.5 * peak(1)


def test_a_listing_that_breaks_off_keeps_what_it_found_and_says_why(settings, ledger: Ledger) -> None:
    parts = _parts(settings, ledger, Bucket(MANY, breaks_after=BATCH + 1))
    with pytest.raises(StoreUnavailable):
        sweep(parts, _nowhere)
    last = ledger.sweeps.last()
    assert (last.finished_at, last.problem) == (None, "MinIO went away")
    parts.store.breaks_after = None
    assert sweep(parts, _nowhere).found == MANY - BATCH, "the next one goes on at once"


def test_what_is_due_is_sent_even_where_the_bucket_cannot_be_listed(settings, ledger: Ledger) -> None:
    parts = _parts(settings, ledger, Bucket(1))
    sweep(parts, _nowhere)
    run_ids = [run_id for run_id, _ in ledger.runs.take_due(timedelta(0))]
    ledger.runs.unmark_enqueued(run_ids)
    sent: list[str] = []
    parts.store = Bucket(1, breaks_after=0)
    with pytest.raises(StoreUnavailable):
        sweep(parts, lambda step, run_id: sent.append(run_id))
    assert sent == run_ids


def test_while_one_sweep_lists_another_only_sends(settings, ledger: Ledger) -> None:
    parts = _parts(settings, ledger, Bucket(3))
    token = ledger.sweeps.begin()
    other = sweep(parts, _nowhere)
    assert (other.listed, other.found) == (None, 0)
    ledger.sweeps.break_off(token, "ended")
    assert sweep(parts, _nowhere).found == 3


def test_a_sweep_that_stood_still_leaves_the_rest_to_the_one_that_took_over(settings, ledger: Ledger) -> None:
    impatient = settings.model_copy(update={"LEASE_SECONDS": 2})
    parts = _parts(impatient, ledger, Bucket(2 * BATCH))

    def taken_over(step: object, run_id: str) -> None:
        with ledger.database.write() as session:
            session.connection().exec_driver_sql("UPDATE sweeps SET token = 'another'")

    assert sweep(parts, taken_over).listed is None
    assert ledger.sweeps.last().finished_at is None
