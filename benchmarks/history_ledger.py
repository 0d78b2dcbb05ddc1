"""A ledger with a long history, made in seconds: rows go into the database past the API."""

import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

VERSIONS, STORES, AHEAD_DAYS = 10, 50, 30
LAST = datetime(2026, 11, 24, 12)
DAYS = 1000
JUDGED_SHARE = 0.3
_PREDICTION = """
INSERT INTO predictions (created_at, model_version, date, input_data, prediction, series, low, high, coverage,
                         date_assumed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0.8, 0)
"""
_OUTCOME = """
INSERT OR IGNORE INTO outcomes (prediction_id, model_version, series, date, shadow, prediction, low, high, actual,
                                weekday, promotion, holiday, run_id, uploaded_at, version_id, judged_at)
SELECT id, model_version, series, date, 0, prediction, low, high, prediction + (id % 301) - 150, 1, promotion,
       holiday, 'run', created_at, 'v', created_at
FROM predictions WHERE id % 100 < ? ORDER BY id DESC
"""


def fill(ledger: Path, rows: int) -> None:
    """Give a migrated, empty ledger `rows` predictions of DAYS days by VERSIONS versions, a part of them judged."""
    with closing(sqlite3.connect(ledger)) as database, database:
        database.executemany(_PREDICTION, _predictions(rows))
        database.execute(_OUTCOME, (JUDGED_SHARE * 100,))


def _predictions(rows: int) -> Iterator[tuple[object, ...]]:
    generator = random.Random(7)
    step = timedelta(days=DAYS) / rows
    for number in range(rows):
        moment = LAST - step * (rows - number)
        day = (moment + timedelta(days=generator.randint(1, AHEAD_DAYS))).date()
        value, store = generator.gauss(1500, 200), str(generator.randint(1, STORES))
        given = {
            "DíaDeLaSemana": day.isoweekday(),
            "Promociones": int(generator.random() < 0.3),
            "Festivo": int(generator.random() < 0.03),
            "Fecha": str(day),
            "Tienda": store,
        }
        version = 1 + number * VERSIONS // rows
        told = json.dumps(given)
        yield (moment.isoformat(" "), version, str(day), told, value, store, value - 100, value + 100)
