import hashlib
from datetime import date
from pathlib import Path

import pytest

from ventas.ingest import ingest
from ventas.sample import generate, write_sales, write_sample
from ventas.settings import Settings


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_sample(tmp_path / name, seed=seed)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() != (tmp_path / "c").read_bytes()


def test_the_bundled_sample_is_a_year_that_the_pipeline_takes_without_remark(tmp_path: Path) -> None:
    path = tmp_path / "ventas.csv"
    write_sample(path)
    lines = path.read_text("utf-8").splitlines()
    assert lines[0] == "Fecha,DíaDeLaSemana,Promociones,Festivo,Ventas"
    assert lines[1].startswith("2021-01-01,5,0,1,")
    assert "." not in lines[1]
    taken = ingest(path, Settings(_env_file=None))
    assert len(taken.frame) == 365
    assert taken.report["warnings"] == []
    assert taken.report["weekday_contradictions"] == 0


def test_the_bundled_sample_is_the_same_for_ever(tmp_path: Path) -> None:
    write_sample(tmp_path / "ventas.csv")
    digest = hashlib.sha256((tmp_path / "ventas.csv").read_bytes()).hexdigest()
    assert digest == "3f7fd2b03fd29efdc06c2907bc40e334c59e1dd21652a08f18531c1e926e41d3"


def test_it_sells_like_a_shop() -> None:
    year = generate(3 * 365, 42, start=date(2021, 1, 1))
    usual = year[year["Festivo"] == 0]
    means = usual[usual["Promociones"] == 0].groupby("DíaDeLaSemana")["Ventas"].mean()
    assert means.is_monotonic_increasing
    assert means[1] == pytest.approx(1500, rel=0.1)
    both = usual[usual["DíaDeLaSemana"] == 4].groupby("Promociones")["Ventas"].mean()
    assert both[1] > 1.03 * both[0]
    holidays = year[(year["Festivo"] == 1) & (year["DíaDeLaSemana"] < 5)]
    assert holidays["Ventas"].mean() == pytest.approx(means[7], rel=0.1)
    assert (year["Ventas"] >= 0).all()


def test_carnival_and_good_friday_move_with_easter() -> None:
    year = generate(365, 1, start=date(2024, 1, 1)).set_index("Fecha")
    for day in ("2024-02-12", "2024-02-13", "2024-03-29", "2024-05-25"):
        assert year.loc[day, "Festivo"] == 1
    assert year["Festivo"].sum() == 15


def test_stores_are_told_apart(tmp_path: Path) -> None:
    shops = generate(30, 1, stores=3)
    assert len(shops) == 90
    write_sales(shops, tmp_path / "ventas.csv")
    taken = ingest(tmp_path / "ventas.csv", Settings(_env_file=None))
    assert taken.frame.groupby("Fecha")["Tienda"].agg(list).iloc[0] == ["T0001", "T0002", "T0003"]
    assert (taken.frame["Ventas"] == shops["Ventas"]).all()
    with pytest.raises(ValueError, match="at least 1"):
        generate(0, 1)
