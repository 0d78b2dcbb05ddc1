"""The sales file: its columns, how a header finds its column, and which object keys are uploads, of which kind.

Part of the fixed data contract: users and their scripts depend on these names.
"""

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from pathlib import PurePath

from ventas.errors import RejectedUpload

DATE = "Fecha"
WEEKDAY = "DíaDeLaSemana"
PROMOTION = "Promociones"
HOLIDAY = "Festivo"
TARGET = "Ventas"

CONTRACT_COLUMNS = (DATE, WEEKDAY, PROMOTION, HOLIDAY, TARGET)
REQUIRED_COLUMNS = (DATE, PROMOTION, HOLIDAY, TARGET)  # the weekday follows from the date
DATE_DTYPE = "datetime64[ns]"

# What the pipeline itself writes beside the uploads must never come back as an upload.
OWN_PREFIXES = ("pronosticos/", "informes/")
FORECASTS_IN = "pronosticos/entrada/"  # the one folder below them that belongs to the senders
FORECASTS_OUT = "pronosticos/salida/"

# Test rows that a segment must have to count in a verdict: the error of fewer is mostly luck. Here, and not with the
# segments, for pages and commands tell it and load no pandas.
COUNTS_FROM_ROWS = 20

_SALES_NAME = re.compile(r".*ventas.*\.csv(\.gz)?", re.IGNORECASE | re.ASCII | re.DOTALL)
_CSV_NAME = re.compile(r".+\.csv(\.gz)?", re.IGNORECASE | re.ASCII | re.DOTALL)
_GZ = ".gz"


class Kind(StrEnum):
    """What an upload asks for: to learn from its sales, or to be answered with a forecast of its days."""

    SALES = "sales"
    FORECAST = "forecast"


def normalised(text: str) -> str:
    """`text` without case, accents, spaces, underscores or invisible marks: `Día_De La` -> `diadela`."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(
        char
        for char in unicodedata.normalize("NFKD", decomposed)
        if not (
            unicodedata.combining(char) or unicodedata.category(char) == "Cf" or char.isspace() or char == "_"
        )
    )


_BY_NORMALISED = {normalised(name): name for name in CONTRACT_COLUMNS}


def contract_column(header: str) -> str | None:
    """The contract's column that a file's header means, or None for a further column."""
    return _BY_NORMALISED.get(normalised(header))


def kind_of(key: str) -> Kind:
    """What the key of an upload asks for."""
    return Kind.FORECAST if key.startswith(FORECASTS_IN) else Kind.SALES


def fitting_name(name: str) -> str:
    """A name by which a file called `name` is an upload of sales; `name` itself where it fits."""
    is_csv = name.lower().endswith((".csv", ".csv.gz"))
    csv = name if is_csv else f"{PurePath(name).stem}.csv"
    return csv if "ventas" in csv.lower() else f"ventas-{csv}"


def is_own_output(key: str) -> bool:
    """Whether only the pipeline itself writes under this key."""
    return key.startswith(OWN_PREFIXES) and not key.startswith(FORECASTS_IN)


def is_upload_key(key: str) -> tuple[bool, str]:
    """Whether the object `key` is an upload, of sales or for a forecast; when it is not, a sentence saying why.

    Only the last path segment is matched: of sales against `*ventas*.csv` and `*ventas*.csv.gz`, below
    `pronosticos/entrada/` against `*.csv` and `*.csv.gz`, in any case. The key is data: it is never resolved as a
    path, so `..` or a backslash in it mean nothing.
    """
    if is_own_output(key):
        prefix = next(prefix for prefix in OWN_PREFIXES if key.startswith(prefix))
        return False, f"Keys under {prefix} are written by the pipeline itself and are never sales uploads."
    name = key.rsplit("/", 1)[-1]
    forecast = kind_of(key) is Kind.FORECAST
    if (_CSV_NAME if forecast else _SALES_NAME).fullmatch(name):
        return True, ""
    wanted = "*.csv or *.csv.gz" if forecast else "*ventas*.csv or *ventas*.csv.gz"
    return False, f"The name {shown(name)} does not match {wanted}."


def answer_key(key: str) -> str:
    """Where the answer to a forecast file lies: `pronosticos/entrada/a/x.csv.gz` -> `pronosticos/salida/a/x.csv`."""
    return FORECASTS_OUT + _unzipped(key).removeprefix(FORECASTS_IN)


def keys_of_answer(key: str) -> tuple[str, ...]:
    """The keys of forecast files whose answer lies where that of `key` does: compressed or not."""
    return key, _unzipped(key), _unzipped(key) + _GZ


def _unzipped(key: str) -> str:
    return key[: -len(_GZ)] if key.lower().endswith(_GZ) else key


def shown(text: str, limit: int = 60) -> str:
    """`text` in quotation marks for a sentence: one line, cut after `limit` characters."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text[: limit + 1]).split())
    return f"«{line[:limit]}…»" if len(text) > limit else f"«{line}»"


def refused(message: str, code: str, **details: object) -> RejectedUpload:
    """A RejectedUpload whose report holds `details` (JSON-serialisable) for texts in other languages."""
    return RejectedUpload(message, code=code, report={"details": details})


def contract_columns(
    headers: Iterable[str], required: tuple[str, ...], wanted: str, code: str
) -> dict[str, str]:
    """The file's own name of each of the contract's columns that it has.

    Raises RejectedUpload (`code`) where one of `required` is missing; `wanted` is the sentence that says what to do.
    """
    names = [str(name) for name in headers]
    found = {contract: name for name in names if (contract := contract_column(name))}
    if missing := [name for name in required if name not in found]:
        first = [shown(name, 40) for name in names[:30]]
        raise refused(
            f"The file lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}. It has {', '.join(first)}. "
            f"{wanted}",
            code,
            missing=missing,
            found=first,
        )
    return found
