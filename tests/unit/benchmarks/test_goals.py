"""The table of goals says what is met, what is missed and by how much, and what nobody measured."""

from pathlib import Path

import pytest

from benchmarks.goals import ALL, BEGIN, END, Goal, Kept, keep, kept, lines, write
from benchmarks.load import Measured
from benchmarks.serving_goals import goals as of_serving

FEWER = Goal("a batch", "model.predict", 2.0, {"table": 3.0, "forest": 1.5}, why="JSON is in it.")
MORE = Goal("requests", "bare", 0.5, {"at 1": 0.4, "at 8": 0.5, "at 64": 1.5}, at_least=True)


def test_a_miss_says_by_how_much_and_why() -> None:
    assert FEWER.verdict == "missed: table by 50%. JSON is in it."
    assert MORE.verdict == "missed: at 1 by 20%"


def test_what_keeps_to_the_limit_is_met_and_says_no_reason() -> None:
    assert Goal("a batch", "model.predict", 2.0, {"table": 2.0}, why="JSON is in it.").verdict == "met"


def test_a_hair_beyond_the_limit_is_told_to_a_tenth_and_level_with_it_is_met() -> None:
    assert Goal("error", "grid", 1.0, {"year": 1.0008}).verdict == "missed: year by 0.1%"
    assert Goal("error", "grid", 1.0, {"year": 1.0 + 1e-9}).verdict == "met"


def test_a_benchmark_that_was_not_run_has_a_row_that_says_so(tmp_path: Path) -> None:
    keep("etl", "one core", [FEWER], tmp_path)
    told = dict(zip(ALL, lines(kept(tmp_path)), strict=True))
    assert told["etl"][:4] == ("a batch", "model.predict", "at most 2.00 x", "table: 3.00 x; forest: 1.50 x")
    assert told["start"][4] == "not measured: make benchmark-start"


def test_a_run_that_measured_too_little_for_any_goal_leaves_what_is_there(tmp_path: Path) -> None:
    keep("etl", "one core", [FEWER], tmp_path)
    keep("etl", "one core", [Goal("a batch", "model.predict", 2.0, {})], tmp_path)
    assert kept(tmp_path)["etl"] == Kept([FEWER], "one core", **_told(kept(tmp_path)["etl"]))


def test_the_table_goes_between_its_marks_and_nothing_else_is_touched(tmp_path: Path) -> None:
    results = tmp_path / "RESULTS.md"
    results.write_text(f"# Results\n\n{BEGIN}\nof before\n{END}\n\nmore\n", "utf-8")
    keep("etl", "one core", [MORE], tmp_path)
    write(kept(tmp_path), results)
    text = results.read_text("utf-8")
    assert text.startswith(f"# Results\n\n{BEGIN}\n")
    assert text.endswith(f"{END}\n\nmore\n")
    assert "| requests | bare | at least 0.50 x |" in text
    assert "of before" not in text


def test_a_file_without_marks_is_refused_and_left(tmp_path: Path) -> None:
    results = tmp_path / "RESULTS.md"
    results.write_text("# Results\n", "utf-8")
    with pytest.raises(ValueError, match="no lines"):
        write(kept(tmp_path), results)
    assert results.read_text("utf-8") == "# Results\n"


def test_servings_goals_take_the_peers_best_run_and_our_median() -> None:
    def runs(*rates: float) -> list[Measured]:
        return [Measured(rate, 1.0, 1000 / rate, 10.0, 0) for rate in rates]

    found: dict[str, object] = {"mlflow|8": runs(10, 50, 20), "batch": [0.3, 0.2]}
    for at in (1, 8, 64):
        found |= {f"bare|{at}": runs(1000, 900, 1100), f"ours, distinct|{at}": runs(600, 800, 700)}
    rate, p99, bare, batch = of_serving({"forest": found})
    assert rate.seen == {"forest": 14.0}
    assert p99.seen == {"forest": pytest.approx(50 / 700)}
    assert bare.seen == {"forest, 1": 0.7, "forest, 8": 0.7, "forest, 64": 0.7}
    assert batch.seen == {"forest": pytest.approx(1.5)}


def _told(one: Kept | None) -> dict[str, str]:
    assert one is not None
    return {"date": one.date, "commit": one.commit}
