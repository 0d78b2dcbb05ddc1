"""A model card tells of a version all that is known, in JSON and in Markdown that no file's text can break."""

import json

import numpy as np
import pandas as pd
import pytest

from ventas.card import Made, importance, model_card
from ventas.card_files import CARD_JSON, CARD_MARKDOWN, card_files
from ventas.promotion import Case, Contender, first_verdict
from ventas.settings import Settings
from ventas.training import evaluate, search

QUICK = {"GRID_N_ESTIMATORS": [5], "GRID_MAX_DEPTH": [None], "GRID_MIN_SAMPLES_SPLIT": [2], "SEARCH": "grid"}


@pytest.fixture(scope="module")
def sales() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    dates = pd.date_range("2024-01-01", periods=130)
    return pd.DataFrame(
        {
            "Fecha": dates,
            "DíaDeLaSemana": dates.day_of_week + 1,
            "Promociones": rng.integers(0, 2, 130),
            "Festivo": 0,
            "Ventas": 100.0 * (dates.day_of_week + 1) + rng.normal(0, 5, 130),
            "Ruido | <b>": rng.normal(0, 1, 130),
        }
    )


@pytest.fixture
def case(settings: Settings, sales: pd.DataFrame) -> Case:
    return Case(sales[:91], sales[91:], settings.model_copy(update=QUICK))


@pytest.fixture
def made(case: Case) -> Made:
    found = search(case.train, case.settings, lambda *_: None)
    return Made(found, evaluate(found.estimator, case.test), "ab12", "cd34")


def test_the_card_tells_of_data_search_errors_and_segments(made: Made, case: Case) -> None:
    card = json.loads(card_files(model_card(made, case))[CARD_JSON])
    assert card["data"]["train"] == {
        "rows": 91, "first": "2024-01-01", "last": "2024-03-31", "dates": 91, "series": 1, "rows_closed": 0
    }  # fmt: skip
    assert card["data"]["test"]["rows"] == 39
    assert card["columns"]["Ventas"] == "float64"
    assert card["digest"] == {"upload_sha256": "ab12", "recipe_sha256": "cd34"}
    assert card["settings"]["seed"] == 42
    assert card["search"]["candidates"] == made.found.candidates
    assert card["errors"]["test_rmse"] == made.metrics.rmse < 20
    assert card["errors"]["test_coverage"] == made.metrics.coverage
    assert card["errors"]["baselines"].keys() == {"means", "seasonal_naive"}
    assert {one["segment"] for one in card["segments"]} == {"weekday", "promotion", "holiday"}
    assert card["verdict"] is None


def test_a_column_that_matters_is_told_from_one_that_does_not(made: Made, case: Case) -> None:
    found = importance(made.found.estimator, case.test, seed=1)
    assert next(iter(found)) == "DíaDeLaSemana"
    assert found["DíaDeLaSemana"] > 100 > 10 > abs(found["Ruido | <b>"])
    assert found["Fecha"] == 0
    assert importance(made.found.estimator, case.test, seed=1) == found
    assert importance(made.found.estimator, case.test[:0], seed=1) == {}


def test_the_importance_changes_no_table(made: Made, case: Case) -> None:
    before = case.test.copy()
    importance(made.found.estimator, case.test, seed=1)
    pd.testing.assert_frame_equal(case.test, before)


def test_the_markdown_has_every_part_and_whole_tables(made: Made, case: Case) -> None:
    card = model_card(made, case)
    text = card_files(card)[CARD_MARKDOWN]
    for part in ("Verdict", "Errors", "Data", "Search", "Segments", "Importance", "Settings"):
        assert f"\n## {part}\n" in text
    assert "Not judged yet." in text
    assert "Ruido \\| &lt;b>" in text
    for table in (block for block in text.split("\n\n") if block.startswith("| ")):
        widths = {line.replace("\\|", "").count("|") for line in table.splitlines()}
        assert len(widths) == 1, table


def test_the_verdict_stands_first(made: Made, case: Case) -> None:
    verdict = first_verdict(Contender(1, made.found.estimator, frozenset()), case).as_dict()
    text = card_files(model_card(made, case) | {"verdict": verdict})[CARD_MARKDOWN]
    assert text.index(verdict["reason"]) < text.index("## Errors")
    assert (
        "held for approval"
        in card_files(model_card(made, case) | {"verdict": verdict | {"held": True}})[CARD_MARKDOWN]
    )


def test_what_is_no_number_is_null(made: Made, case: Case) -> None:
    text = card_files(model_card(made, case) | {"importance": {"Fecha": float("nan")}})[CARD_JSON]
    assert json.loads(text, parse_constant=pytest.fail)["importance"] == {"Fecha": None}
