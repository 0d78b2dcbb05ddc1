"""Files of several series, with columns that mean something special, from their bytes to the split."""

import json
from pathlib import Path

import pandas as pd
import pytest

from ventas.errors import RejectedUpload
from ventas.ingest import Ingested, ingest
from ventas.quality import rejection_report_text
from ventas.roles import Roles
from ventas.sample import generate, write_sales
from ventas.sample_chain import generate_chain
from ventas.settings import Settings
from ventas.split import split


@pytest.fixture
def take(tmp_path: Path):  # type: ignore[no-untyped-def]
    def take(frame: pd.DataFrame, **knobs: object) -> Ingested:
        write_sales(frame, tmp_path / "ventas.csv")
        taken = ingest(tmp_path / "ventas.csv", Settings(_env_file=None, **knobs))  # type: ignore[arg-type,call-arg]
        json.dumps(taken.report, allow_nan=False)
        return taken

    return take


@pytest.fixture(scope="module")
def chain() -> pd.DataFrame:
    return generate_chain(60, 100, seed=5, customers=True).frame


def test_a_chain_is_read_for_what_it_is(take, chain) -> None:  # type: ignore[no-untyped-def]
    taken = take(chain)
    assert taken.roles == Roles("Tienda", "Abierto")
    report = taken.report
    assert (report["series"], report["series_count"], report["open"]) == ("Tienda", 60, "Abierto")
    assert report["closed_rows"] == (chain["Abierto"] == 0).sum() > 0
    assert {column["name"]: column["role"] for column in report["columns"][5:]} == {
        "Tienda": "id",
        "TipoTienda": "categorical",
        "Región": "categorical",
        "FeriadoEscolar": "numeric",
        "Precio": "numeric",
        "Abierto": "numeric",
        "Clientes": "numeric",
    }
    assert [leak["name"] for leak in report["leaks"]] == ["Clientes"]
    assert any("LEFT_OUT_COLUMNS" in text and "Clientes" in text for text in report["warnings"])
    assert "Clientes" in taken.frame, "a warning leaves nothing out"
    assert len(taken.frame) == len(chain)


def test_one_shop_has_one_series_and_no_special_column(take) -> None:  # type: ignore[no-untyped-def]
    report = take(generate(60, 1)).report
    told = {name: report[name] for name in ("series", "series_count", "open", "closed_rows", "leaks")}
    assert told == {"series": "", "series_count": 1, "open": "", "closed_rows": 0, "leaks": []}


def test_a_left_out_column_is_gone_whatever_its_spelling(take, chain) -> None:  # type: ignore[no-untyped-def]
    taken = take(chain, LEFT_OUT_COLUMNS=["CLIENTES", "region"])
    assert not {"Clientes", "Región"} & set(taken.frame)
    assert taken.report["leaks"] == []
    roles = {column["name"]: column["role"] for column in taken.report["columns"]}
    assert (roles["Clientes"], roles["Región"], roles["Precio"]) == ("left_out", "left_out", "numeric")
    assert "Column «Clientes» was left out: LEFT_OUT_COLUMNS names it." in taken.report["warnings"]


def test_series_that_are_left_out_still_do_not_repeat_each_other(take, chain) -> None:  # type: ignore[no-untyped-def]
    taken = take(chain, LEFT_OUT_COLUMNS=["Tienda"])
    assert len(taken.frame) == len(chain)
    assert taken.report["series"] == ""
    assert any("tells the series apart, but it is left out" in text for text in taken.report["warnings"])


def test_whole_numbers_that_are_missing_here_and_there_still_tell_stores_apart(take) -> None:  # type: ignore[no-untyped-def]
    frame = generate_chain(10, 60, seed=3).frame[["Fecha", "Tienda", "Promociones", "Festivo", "Ventas"]]
    frame["Tienda"] = frame["Tienda"].str[1:].astype(int).astype("Int64")
    frame.loc[frame.index % 20 == 3, "Tienda"] = pd.NA
    report = take(frame).report
    assert (report["rows_kept"], report["series"], report["series_count"]) == (600, "Tienda", 10)
    (said,) = (text for text in report["warnings"] if "Tienda" in text)
    assert said.startswith(
        "Column «Tienda» tells the series apart, but it is empty in 30 rows (first in line 5)"
    )


def test_dates_that_repeat_without_a_series_are_told_what_is_missing(take) -> None:  # type: ignore[no-untyped-def]
    frame = generate_chain(10, 60, seed=3).frame[["Fecha", "Promociones", "Festivo", "Ventas"]]
    with pytest.raises(RejectedUpload, match="one column must name the series in every row") as caught:
        take(frame)
    assert "una columna debe decir de cuál es cada fila" in rejection_report_text(caught.value.report)


def test_series_of_two_columns_are_kept_and_the_sender_is_told_to_join_them(take) -> None:  # type: ignore[no-untyped-def]
    frame = generate_chain(6, 60, seed=3).frame[["Fecha", "Tienda", "Promociones", "Festivo", "Ventas"]]
    number = frame["Tienda"].str[1:].astype(int) - 1
    report = take(frame.assign(Tienda=number // 3 + 1, Producto=number % 3 + 100)).report
    assert (report["rows_kept"], report["series"]) == (360, "")
    assert any(
        text.startswith("Columns «Tienda» and «Producto» tell the series apart only together.")
        for text in report["warnings"]
    )


def test_gaps_are_missing_days_within_a_series(take, chain) -> None:  # type: ignore[no-untyped-def]
    day = (chain["Fecha"] - chain["Fecha"].min()).dt.days
    late = (chain["Tienda"] == "T0002") & (day < 30)  # a store that opens later misses no day
    hole = (chain["Tienda"] == "T0007") & day.between(40, 42)
    single = (chain["Tienda"] == "T0001") & (day == 41)
    dates = take(chain[~(late | hole | single)]).report["dates"]
    assert dates["missing_days"] == 4
    assert dates["gaps"] == [
        {"from": "2021-02-10", "to": "2021-02-12", "days": 3, "series": "T0007"},
        {"from": "2021-02-11", "to": "2021-02-11", "days": 1, "series": "T0001"},
    ]
    assert (dates["first"], dates["distinct"]) == ("2021-01-01", 100)


def test_rows_of_an_unknown_series_miss_no_days(take, chain) -> None:  # type: ignore[no-untyped-def]
    unknown = chain.copy()
    unknown.loc[[400, 4000], "Tienda"] = ""
    report = take(unknown).report
    assert (report["series_count"], report["rows_kept"]) == (60, len(chain))
    assert report["dates"]["missing_days"] == 2, "one of each series that those rows are of"


def test_many_gaps_are_counted_but_not_all_named(take, chain) -> None:  # type: ignore[no-untyped-def]
    odd = chain["Fecha"].dt.day.isin([11, 20])
    dates = take(chain[~odd]).report["dates"]
    assert dates["missing_days"] == odd.sum()
    assert len(dates["gaps"]) == 20


def test_of_a_date_and_series_the_last_row_stays(take, chain) -> None:  # type: ignore[no-untyped-def]
    again = chain.iloc[[70, 71]].assign(Ventas=[1, 2])
    taken = take(pd.concat([chain, again]))
    assert taken.rejected["code"].tolist() == ["duplicate_date"] * 2
    assert taken.rejected["line"].tolist() == [72, 73]
    assert taken.frame["Ventas"].tail(2).tolist() == [1, 2]
    assert taken.report["dates"]["duplicated"] == 2


def test_outliers_are_those_of_their_own_store(take, chain) -> None:  # type: ignore[no-untyped-def]
    is_open = chain["Abierto"] == 1
    small, large = (chain[is_open].groupby("Tienda")["Ventas"].mean().agg(by) for by in ("idxmin", "idxmax"))
    frame = chain.astype({"Ventas": "float64"}).drop(columns="Clientes")
    at = frame.index[is_open & (frame["Tienda"] == small)]
    usual_there = frame.loc[is_open & (frame["Tienda"] == large), "Ventas"].median()
    frame.loc[[at[3], at[-3]], "Ventas"] = usual_there
    taken = take(frame)
    parts = split(taken.frame, Settings(_env_file=None), taken.roles)
    assert usual_there in parts.outliers.loc[parts.outliers["Tienda"] == small, "Ventas"].tolist()
    assert (parts.outliers["Abierto"] == 1).all()
    assert (parts.train["Abierto"] == 0).any(), "closed days stay in the dataset"
    told = parts.report["outliers"]
    assert (told["count"], told["low"], told["high"]) == (len(parts.outliers), None, None)
    assert {example["series"] for example in told["examples"]} <= set(chain["Tienda"])
    assert len(json.dumps(parts.report)) < 5000

    outside = parts.test[parts.fences.outside(parts.test, taken.roles)]
    assert usual_there in outside.loc[outside["Tienda"] == small, "Ventas"].tolist()
    assert (outside["Abierto"] == 1).all()
    assert told["test_count"] == len(outside), "those of test are counted, and stay"


def test_a_rejected_file_tells_of_its_leaks_in_spanish(take, chain) -> None:  # type: ignore[no-untyped-def]
    bad = chain.astype({"Promociones": "str"})
    bad.loc[bad.index % 3 == 0, "Promociones"] = "quizás"
    with pytest.raises(RejectedUpload) as caught:
        take(bad)
    text = rejection_report_text(caught.value.report)
    assert "La columna Clientes sigue a las ventas día a día." in text
    assert "LEFT_OUT_COLUMNS" in text
