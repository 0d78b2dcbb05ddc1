"""Champions saved by earlier releases load and answer as they did when they were saved.

One small model of each family, with the answers that it gave then, lies in `champions/`. No file there is ever made
anew: a class that was saved keeps its import path, or the old path goes on leading to it.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ventas.checks import Example, failed_check
from ventas.compiled.model import compiled
from ventas.contract import DATE
from ventas.served import load_served

CHAMPIONS = Path(__file__).with_name("champions")
FAMILIES = sorted(path.stem for path in CHAMPIONS.glob("*.skops"))


def test_each_family_has_one() -> None:
    assert {"means", "seasonal_naive", "linear", "boosting", "forest", "grid"} <= set(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_saved_champion_answers_as_it_did(family: str) -> None:
    example = Example.from_json((CHAMPIONS / f"{family}.json").read_text("utf-8"))
    model = load_served(CHAMPIONS / f"{family}.skops", 1)

    assert failed_check(model, example.rows, example.predictions["model"]) is None


@pytest.mark.parametrize("family", [name for name in FAMILIES if not name.endswith("_before_sales_matrix")])
def test_its_compiled_form_answers_the_same(family: str) -> None:
    example = Example.from_json((CHAMPIONS / f"{family}.json").read_text("utf-8"))
    model = compiled(load_served(CHAMPIONS / f"{family}.skops", 1))

    rows = example.rows.drop(columns=DATE).to_dict("records")
    days = [pd.Timestamp(day).date() for day in example.rows[DATE]]
    questions = [
        ({str(name): value for name, value in row.items() if pd.notna(value)}, day)
        for row, day in zip(rows, days, strict=True)
    ]
    answers = [sales for sales, _, _ in model.answers(questions)]
    assert np.allclose(answers, example.predictions["model"], rtol=1e-9)
