"""What goes back to the sender of a forecast file: the answer, and the rows that could not be scored."""

import csv
import io
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ventas.contract import normalised, refused
from ventas.forecast_file import ForecastFile
from ventas.rejections import ROW_RULES
from ventas.served import Forecast
from ventas.spreadsheet import csv_bytes

ANSWER_COLUMNS = ("Pronóstico", "Mínimo", "Máximo", "VersiónDelModelo")
_REPORT_COLUMNS = ("Línea", "Qué corregir", "Fila")
_TAKEN = {normalised(name) for name in ANSWER_COLUMNS}


def answer_csv(file: ForecastFile, forecast: Forecast, version: int) -> bytes:
    """The good rows as they were read, each with its forecast, interval (empty if there is none) and version.

    In the file's own delimiter and decimal mark. A column that is called like one of the answer's own is replaced.
    Raises RejectedUpload (`cell_too_long`).
    """
    names = ["" if name in file.table.unnamed else str(name) for name in file.table.cells]
    kept = [place for place, name in enumerate(names) if normalised(name) not in _TAKEN]
    figures = [_figures(values, len(file.frame), file.decimal) for values in _columns(forecast)]
    rows = (
        [*(row[place] for place in kept), *told, str(version)]
        for row, *told in zip(_rows(file), *figures, strict=True)
    )
    header = [*(names[place] for place in kept), *ANSWER_COLUMNS]
    return csv_bytes(header, rows, file.table.delimiter)


def rejected_rows_csv(file: ForecastFile) -> bytes:
    """The bad rows with line and what to correct, in Spanish, in the file's own delimiter."""
    told = file.rejected[["line", "code", "row"]].itertuples(index=False)
    rows = ([str(line), ROW_RULES[code].advice, row] for line, code, row in told)
    return csv_bytes(_REPORT_COLUMNS, rows, file.table.delimiter)


def _columns(forecast: Forecast) -> tuple[npt.NDArray[np.float64] | None, ...]:
    return forecast.values, forecast.low, forecast.high


def _figures(values: npt.NDArray[np.float64] | None, rows: int, decimal: str) -> list[str]:
    if values is None:
        return [""] * rows
    return [_figure(value).replace(".", decimal) for value in values.tolist()]


def _figure(value: float) -> str:
    """Ten significant digits, never with an exponent, which a spreadsheet in another language may not read."""
    text = f"{value:.10g}"
    return (
        np.format_float_positional(value, precision=10, fractional=False, trim="-") if "e" in text else text
    )


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
