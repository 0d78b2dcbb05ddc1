"""Old predictions go where a setting says so, a few at a time, and nothing else does."""

from datetime import UTC, datetime, timedelta

import pytest
from ledger_databases import ON_BOTH
from sqlalchemy import func, insert, select

from ventas.ledger import Ledger, UploadEvent
from ventas.ledger.predictions import NewPrediction
from ventas.ledger.shadows import NewShadowPrediction
from ventas.ledger.tables import Outcome, ShadowPrediction
from ventas.retention import delete_old
from ventas.settings import Settings

pytestmark = ON_BOTH
NOW = datetime.now(UTC)
KEPT = {"KEEP_HISTORY_DAYS": 90}


def _served(ledger: Ledger, days_ago: int, count: int) -> list[int]:
    moment = NOW - timedelta(days=days_ago)
    rows = [NewPrediction(moment, 1, moment.date(), {"Festivo": 0}, 1.5) for _ in range(count)]
    shadow = NewShadowPrediction(moment, 2, moment.date(), "", 0, 0, 1.0, None, None)
    ledger.shadows.add([shadow] * count)
    return ledger.predictions.add(rows)


def _came_true(ledger: Ledger, number: int, *, shadow: bool) -> None:
    (recorded,) = ledger.intake.record([UploadEvent("ventas", f"{number}/ventas.csv", "v", "e", 1)])
    row = {
        **{
            "prediction_id": number,
            "model_version": number,
            "series": "",
            "date": NOW.date(),
            "shadow": shadow,
        },
        **{"prediction": 1.0, "actual": 2.0, "weekday": 1, "promotion": 0, "holiday": 0, "version_id": "v"},
        **{"run_id": recorded.run_id, "uploaded_at": NOW, "judged_at": NOW},
    }
    with ledger.database.write() as session:
        session.execute(insert(Outcome), [row])


def _left(ledger: Ledger) -> tuple[int, int, set[tuple[int, bool]]]:
    with ledger.database.read() as session:
        shadows = session.scalar(select(func.count()).select_from(ShadowPrediction)) or 0
        outcomes = {(one.prediction_id, one.shadow) for one in session.scalars(select(Outcome))}
    _, total = ledger.history.page(0, 10)
    return total, shadows, outcomes


def test_all_is_kept_unless_a_setting_says_otherwise(settings: Settings, ledger: Ledger) -> None:
    _served(ledger, days_ago=5000, count=3)
    assert delete_old(ledger, settings) == 0
    assert _left(ledger)[:2] == (3, 3)


def test_what_is_older_goes_with_what_came_true_of_it(settings: Settings, ledger: Ledger) -> None:
    old = _served(ledger, days_ago=91, count=3)
    young = _served(ledger, days_ago=89, count=2)
    for number in (old[0], young[0]):
        _came_true(ledger, number, shadow=False)
    _came_true(ledger, old[1], shadow=True)
    assert _left(ledger)[0] == 5
    limit = NOW - timedelta(days=90)
    assert ledger.retention.predictions_before(limit) == 3
    assert delete_old(ledger, settings.model_copy(update=KEPT)) == 6
    assert _left(ledger) == (2, 2, {(young[0], False)}), "the count that was kept is not told on"
    assert ledger.history.get(old[0]) is None
    assert ledger.predictions.add([NewPrediction(NOW, 1, None, {}, 1.0)])[0] == young[-1] + 1


def test_a_sweep_deletes_only_so_many(
    settings: Settings, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    _served(ledger, days_ago=91, count=501)
    _served(ledger, days_ago=1, count=1)
    assert delete_old(ledger, settings.model_copy(update=KEPT), batches=1) == 1000
    assert _left(ledger)[:2] == (2, 2)
    assert delete_old(ledger, settings.model_copy(update=KEPT), batches=None) == 2
    assert _left(ledger)[:2] == (1, 1)
