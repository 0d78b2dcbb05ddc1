"""The answer that goes back to the sender of a forecast file."""

import csv
import io
import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ventas.answer_columns import answer_columns, kept_columns
from ventas.contract import refused
from ventas.forecast_file import ForecastFile
from ventas.served import Forecast
from ventas.spreadsheet import csv_bytes

_MOST_PLACES = 12


def answer_csv(file: ForecastFile, forecast: Forecast, version: int) -> bytes:
    """The good rows as they were read, each with its forecast, interval (empty if there is none) and version.

    In the file's own delimiter and decimal mark; named as `answer_columns` says. Raises RejectedUpload
    (`cell_too_long`).
    """
    names = ["" if name in file.table.unnamed else str(name) for name in file.table.cells]
    kept, places = kept_columns(names), _places(forecast.values)
    figures = [_figures(values, len(file.frame), places, file.decimal) for values in _columns(forecast)]
    rows = (
        [*(row[place] for place in kept), *told, str(version)]
        for row, *told in zip(_rows(file), *figures, strict=True)
    )
    header = [*(names[place] for place in kept), *answer_columns(names).values()]
    return csv_bytes(header, rows, file.table.delimiter)


def _columns(forecast: Forecast) -> tuple[npt.NDArray[np.float64] | None, ...]:
    return forecast.values, forecast.low, forecast.high


def _places(values: npt.NDArray[np.float64]) -> int:
    """Decimals of all figures: cents, or as many as give the middle one four digits where sales are small numbers."""
    middle = float(np.median(values))
    return 2 if middle <= 0 else min(max(2, 3 - math.floor(math.log10(middle))), _MOST_PLACES)


def _figures(values: npt.NDArray[np.float64] | None, rows: int, places: int, decimal: str) -> list[str]:
    if values is None:
        return [""] * rows
    return [_figure(value, places).replace(".", decimal) for value in values.tolist()]


def _figure(value: float, places: int) -> str:
    """Never with an exponent, which a spreadsheet in another language may not read."""
    return f"{value:.{places}f}".rstrip("0").removesuffix(".")


def _rows(file: ForecastFile) -> Iterator[list[str]]:
    """The cells of the good rows, exactly as the file has them."""
    good = file.table.records.take(file.good)
    records = (
        good.data[start:end].decode()
        for start, end in zip(good.starts.tolist(), good.ends.tolist(), strict=True)
    )
    reader = csv.reader(io.StringIO("\n".join(records), newline=""), delimiter=file.table.delimiter)
    try:
        yield from reader
    except csv.Error as error:
        raise refused(
            f"A cell cannot be copied into the answer: {error}. Shorten it and upload the file again.",
            "cell_too_long",
        ) from error
