"""Tasks are sent beside the answers: one at once, many by one message, none forgotten."""

from collections.abc import Iterator

import pytest
from webhook_helpers import Broker, eventually, runs

from ventas.ledger import Ledger, UploadEvent
from ventas.states import Step
from webhooks.sender import FEW, Sender


@pytest.fixture
def sender(ledger: Ledger, broker: Broker) -> Iterator[Sender]:
    """Not started yet, so that a test says what is there when it starts."""
    sender = Sender(ledger, lambda: broker)
    yield sender
    sender.close()


def recorded(ledger: Ledger, count: int) -> list[str]:
    """The ids of new runs."""
    events = [UploadEvent("ventas", "ventas.csv", f"v{number}", "e", 1) for number in range(count)]
    return [str(one.run_id) for one in ledger.intake.record(events)]


def marked(ledger: Ledger) -> set[str]:
    return {run.id for run in runs(ledger) if run.enqueued_at is not None}


def test_a_single_task_is_sent_without_anything_else_to_push_it(
    sender: Sender, ledger: Ledger, broker: Broker
) -> None:
    sender.start()
    (run_id,) = recorded(ledger, 1)
    sender.offer(Step.ETL, run_id)
    eventually(lambda: marked(ledger) == {run_id})
    assert broker.sent == [(Step.ETL, run_id)]


def test_few_are_sent_in_their_order(sender: Sender, ledger: Ledger, broker: Broker) -> None:
    ids = recorded(ledger, FEW)
    for run_id in ids:
        sender.offer(Step.ETL, run_id)
    sender.start()
    eventually(lambda: marked(ledger) == set(ids))
    assert broker.sent == [(Step.ETL, run_id) for run_id in ids]


def test_many_are_handed_over_to_a_worker_by_one_message(
    sender: Sender, ledger: Ledger, broker: Broker
) -> None:
    for run_id in recorded(ledger, FEW + 1):
        sender.offer(Step.ETL, run_id)
    sender.start()
    eventually(lambda: broker.handed_over == 1)
    assert (broker.sent, marked(ledger)) == ([], set()), "the ledger tells the worker which"


@pytest.mark.parametrize("count", [1, FEW + 1])
def test_what_the_broker_does_not_take_is_left_to_the_sweep_and_the_next_is_sent(
    sender: Sender, ledger: Ledger, broker: Broker, count: int
) -> None:
    broker.away = True
    *lost, last = recorded(ledger, count + 1)
    for run_id in lost:
        sender.offer(Step.ETL, run_id)
    sender.start()
    eventually(lambda: broker.refused == 1)
    broker.away = False
    sender.offer(Step.FORECAST, last)
    eventually(lambda: marked(ledger) == {last})
    assert broker.sent == [(Step.FORECAST, last)]


def test_a_task_that_was_sent_before_the_broker_went_is_noted(
    sender: Sender, ledger: Ledger, broker: Broker
) -> None:
    first, second = recorded(ledger, 2)
    broker.most = 1
    sender.offer(Step.ETL, first)
    sender.offer(Step.ETL, second)
    sender.start()
    eventually(lambda: broker.refused == 1)
    sender.close()
    assert marked(ledger) == {first}


def test_a_fault_in_sending_does_not_end_it(sender: Sender, ledger: Ledger, broker: Broker) -> None:
    (run_id,) = recorded(ledger, 1)
    broker.broken = True
    sender.offer(Step.ETL, run_id)
    sender.start()
    eventually(lambda: not broker.broken)
    sender.offer(Step.ETL, run_id)
    eventually(lambda: marked(ledger) == {run_id})


def test_closing_sends_what_waits(sender: Sender, ledger: Ledger, broker: Broker) -> None:
    sender.start()
    ids = recorded(ledger, 2)
    for run_id in ids:
        sender.offer(Step.ETL, run_id)
    sender.close()
    assert marked(ledger) == set(ids)
