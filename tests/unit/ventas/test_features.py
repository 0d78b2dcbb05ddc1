"""Raw columns in, the same numbers wherever the model is loaded."""

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.exceptions import NotFittedError

from ventas.features import SalesFeatures


def _table(**columns: object) -> pd.DataFrame:
    plain = {
        "Fecha": pd.date_range("2024-01-01", periods=4),
        "DíaDeLaSemana": [1, 2, 3, 4],
        "Promociones": [0, 1, 0, 1],
        "Festivo": [0, 0, 1, 0],
    }
    return pd.DataFrame(plain | columns)


def test_the_contract_columns_pass_as_they_are() -> None:
    matrix = SalesFeatures().fit_transform(_table())
    assert matrix.tolist() == [[1, 0, 0], [2, 1, 0], [3, 0, 1], [4, 1, 0]]


def test_gaps_in_a_further_number_get_the_median_of_training() -> None:
    features = SalesFeatures().fit(_table(Precio=[1.0, 3.0, np.nan, 5.0]))
    assert features.transform(_table(Precio=[np.nan, 2.0, np.inf, 4.0]))[:, 3].tolist() == [3, 2, 3, 4]
    assert features.transform(_table())[:, 3].tolist() == [3] * 4, "the column may be missing altogether"


def test_texts_are_one_hot_and_an_unknown_one_is_none_of_them() -> None:
    features = SalesFeatures().fit(_table(Zona=["sur", "norte", None, "sur"]))
    assert features.get_feature_names_out().tolist()[3:] == ["Zona=norte", "Zona=sur"]
    matrix = features.transform(_table(Zona=["sur", "este", None, "norte"]))
    assert matrix[:, 3:].tolist() == [[0, 1], [0, 0], [0, 0], [1, 0]]
    assert features.transform(_table())[:, 3:].sum() == 0


def test_the_order_of_columns_does_not_matter_and_the_input_is_not_changed() -> None:
    table = _table(Precio=[1.0, 3.0, np.nan, 5.0], Zona=["a", "b", "a", "b"])
    before = table.copy()
    features = SalesFeatures().fit(table)
    assert np.array_equal(features.transform(table), features.transform(table[table.columns[::-1]]))
    pd.testing.assert_frame_equal(table, before)


def test_it_travels_through_skops_when_only_we_are_trusted() -> None:
    table = _table(Precio=[1.0, 3.0, np.nan, 5.0], Zona=["a", "b", "a", "b"])
    features = SalesFeatures().fit(table)
    loaded = skops.io.loads(skops.io.dumps(features), trusted=["ventas.features.SalesFeatures"])
    assert np.array_equal(features.transform(table), loaded.transform(table))


def test_unfitted_it_says_so() -> None:
    with pytest.raises(NotFittedError):
        SalesFeatures().transform(_table())


def test_a_number_that_training_never_saw_is_no_feature() -> None:
    features = SalesFeatures().fit(_table(Vacia=[np.nan] * 4))
    assert features.numeric_names_.size == 0
    assert features.transform(_table(Vacia=[1.0] * 4)).shape == (4, 3)
