import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from ventas.errors import RejectedUpload
from ventas.sample import generate
from ventas.settings import Settings
from ventas.split import Split, read_dataset, split, to_csv_bytes


def knobs(**values: object) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[arg-type,call-arg]


def sales(days: int = 365, stores: int = 0) -> pd.DataFrame:
    return generate(days, 7, stores=stores).astype({"Ventas": "float64"})


def whole(parts: Split) -> pd.DataFrame:
    return pd.concat([parts.train, parts.outliers, parts.test])


def test_by_time_the_last_30_percent_of_dates_are_test() -> None:
    parts = split(sales().sample(frac=1, random_state=1), knobs())
    assert parts.test["Fecha"].nunique() == 110
    assert parts.train["Fecha"].max() < parts.test["Fecha"].min()
    assert parts.train["Fecha"].is_monotonic_increasing
    assert len(whole(parts)) == 365


def test_a_date_is_never_cut_through() -> None:
    parts = split(sales(100, stores=7), knobs(TEST_SHARE=0.25))
    assert parts.test.groupby("Fecha").size().eq(7).all()
    assert parts.test["Fecha"].nunique() == 25
    assert not set(parts.train["Fecha"]) & set(parts.test["Fecha"])


@pytest.mark.parametrize("rows", [10, 101, 365])
@pytest.mark.parametrize(("share", "seed"), [(0.3, 42), (0.25, 0)])
def test_random_is_what_scikit_learn_does(rows: int, share: float, seed: int) -> None:
    frame = sales(rows)
    parts = split(
        frame, knobs(SPLIT="random", TEST_SHARE=share, SEED=seed, CV_FOLDS=2, OUTLIER_IQR_FACTOR=100)
    )
    train, test = train_test_split(frame, test_size=share, random_state=seed)
    pd.testing.assert_frame_equal(parts.train, train.reset_index(drop=True))
    pd.testing.assert_frame_equal(parts.test, test.reset_index(drop=True))


def test_outliers_leave_train_and_stay_in_test() -> None:
    frame = sales(100)
    frame.loc[[5, 6, 95], "Ventas"] = [90_000.0, 80_000.0, 70_000.0]
    parts = split(frame, knobs())
    assert parts.outliers["Ventas"].tolist() == [90_000, 80_000]
    assert parts.test["Ventas"].max() == 70_000
    q1, q3 = np.percentile(frame["Ventas"][:70], [25, 75])
    assert (parts.fences.low, parts.fences.high) == pytest.approx(
        (q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1))
    )
    report = parts.report
    assert (report["outliers"]["count"], report["outliers"]["test_count"]) == (2, 1)
    assert report["outliers"]["test_share"] == pytest.approx(1 / 30)
    assert report["outliers"]["examples"][0] == {"date": "2021-01-06", "value": 90_000.0}
    assert report["split"]["test"] == {"rows": 30, "first": "2021-03-12", "last": "2021-04-10"}


def test_sales_without_spread_lose_no_rows() -> None:
    frame = sales(100)
    frame["Ventas"] = 0.0
    frame.loc[3, "Ventas"] = 100.0
    parts = split(frame, knobs())
    assert len(parts.outliers) == 0
    assert (parts.fences.low, parts.fences.high) == (0.0, 100.0)


@pytest.mark.parametrize("kind", ["time", "random"])
def test_too_little_for_the_folds_or_the_test(kind: str) -> None:
    assert len(split(sales(10), knobs(SPLIT=kind)).test) == 3
    with pytest.raises(RejectedUpload) as caught:
        split(sales(10), knobs(SPLIT=kind, CV_FOLDS=10))
    assert caught.value.code == "too_few_rows"
    assert caught.value.report["rejection"]["code"] == "too_few_rows"
    with pytest.raises(RejectedUpload):
        split(sales(12), knobs(SPLIT=kind, TEST_SHARE=0.05))


def test_one_date_of_many_series_cannot_be_split_by_time() -> None:
    with pytest.raises(RejectedUpload) as caught:
        split(sales(1, stores=50), knobs())
    assert caught.value.code == "too_few_rows"


def test_the_csv_is_what_any_program_reads(tmp_path: Path) -> None:
    frame = sales(3).assign(Tienda=pd.Series(["T001"] * 3, dtype="str"))
    frame["Ventas"] = [1.5, 2.0, 1e15]
    data = to_csv_bytes(frame)
    assert data.decode().splitlines()[:2] == [
        "Fecha,DíaDeLaSemana,Promociones,Festivo,Ventas,Tienda",
        '2021-01-01,5,0,1,1.5,"T001"',
    ]
    path = tmp_path / "train.csv"
    path.write_bytes(data)
    pd.testing.assert_frame_equal(read_dataset(path), frame)
    plain = pd.read_csv(path, parse_dates=["Fecha"])
    pd.testing.assert_frame_equal(plain, frame, check_dtype=False)


def test_types_survive_where_a_part_holds_no_value() -> None:
    frame = sales(2).assign(Texto=pd.Series([None, None], dtype="str"), Número=[np.nan, np.nan])
    again = read_dataset(to_csv_bytes(frame))
    pd.testing.assert_frame_equal(again, frame)
    assert again["Texto"].dtype == frame["Texto"].dtype


TEXT = st.one_of(
    st.none(),
    st.sampled_from(
        ["NA", "null", "007", "1.5", "true", '"', "a,b", "x\ny", "\r", "2021-01-01", " a ", "\ufeff"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=5),
)
NUMBER = st.one_of(st.just(float("nan")), st.floats(allow_infinity=False, allow_nan=False))
DAY = st.dates(datetime.date(1900, 1, 1), datetime.date(2200, 12, 31))
ROW = st.tuples(
    DAY, st.integers(1, 7), st.integers(0, 1), st.integers(0, 1), st.floats(0, 1e12), NUMBER, TEXT
)


@given(
    rows=st.lists(ROW, min_size=1, max_size=6),
    name=st.sampled_from(["Tienda", 'a "b", c', "x\ny", "007", " s "]),
)
@budget(max_examples=40, deadline=None)
def test_a_dataset_comes_back_exactly(rows: list[tuple[object, ...]], name: str) -> None:
    names = ["Fecha", "DíaDeLaSemana", "Promociones", "Festivo", "Ventas", "Precio, neto", name]
    frame = pd.DataFrame(rows, columns=names)
    frame = frame.astype({"Fecha": "datetime64[ns]", name: "str", "Precio, neto": "float64"})
    pd.testing.assert_frame_equal(read_dataset(to_csv_bytes(frame)), frame, check_exact=True)
