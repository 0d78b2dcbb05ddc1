"""The datasets that etl leaves in bucket `data`, as tables."""

import sys

import pandas as pd

from ventas.dataset_keys import dataset_key
from ventas.pipeline.context import Context
from ventas.settings import DATA_BUCKET
from ventas.split import read_dataset


def dataset(context: Context, run_id: str, name: str) -> pd.DataFrame:
    """`train`, `test` or `outliers` (of train) of a run. Raises NotFound and StoreUnavailable."""
    # Its size was bounded when the upload was read; a bound here would reject what etl has accepted.
    data = context.store.get_bytes(DATA_BUCKET, dataset_key(run_id, f"{name}.csv"), max_bytes=sys.maxsize)
    return read_dataset(data)
