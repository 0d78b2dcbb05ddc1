"""The sales file: its columns, how a header finds its column, and which object keys are sales uploads.

Part of the fixed data contract: users and their scripts depend on these names.
"""

import re
import unicodedata

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

_SALES_NAME = re.compile(r".*ventas.*\.csv(\.gz)?", re.IGNORECASE | re.ASCII | re.DOTALL)


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


def is_sales_key(key: str) -> tuple[bool, str]:
    """Whether the object `key` is a sales upload; when it is not, a sentence saying why.

    Only the last path segment is matched, against `*ventas*.csv` and `*ventas*.csv.gz` in any case. The key is
    data: it is never resolved as a path, so `..` or a backslash in it mean nothing.
    """
    for prefix in OWN_PREFIXES:
        if key.startswith(prefix):
            return (
                False,
                f"Keys under {prefix} are written by the pipeline itself and are never sales uploads.",
            )
    name = key.rsplit("/", 1)[-1]
    if _SALES_NAME.fullmatch(name):
        return True, ""
    return False, f"The name {shown(name)} does not match *ventas*.csv or *ventas*.csv.gz."


def shown(text: str, limit: int = 60) -> str:
    """`text` in quotation marks for a sentence: one line, cut after `limit` characters."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text[: limit + 1]).split())
    return f"«{line[:limit]}…»" if len(text) > limit else f"«{line}»"


def refused(message: str, code: str, **details: object) -> RejectedUpload:
    """A RejectedUpload whose report holds `details` (JSON-serialisable) for texts in other languages."""
    return RejectedUpload(message, code=code, report={"details": details})
