"""What the sender of a file should know that is no fault of a row: a stable code, its facts, an English sentence.

The quality report has the sentences under `warnings`, and code and facts in the same order under `remarks`, for
whoever says them in another language.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ventas.contract import DATE, TARGET, WEEKDAY

Fact = str | int

SENTENCES = {
    "decimal_unproven": f"Nothing proves whether the mark in {TARGET} is decimal or for thousands; the decimal "
    "{mark} was taken, as usual with this delimiter ({rows} rows).",
    "weekday_absent": f"{WEEKDAY} is not in the file; it was derived from {DATE}.",
    "weekday_empty": f"{WEEKDAY} is empty in {{rows}} rows; it was derived from {DATE}.",
    "weekday_contradicts": f"{WEEKDAY} contradicts {DATE} in {{rows}} rows (first in line {{line}}); the date was "
    "believed.",
    "future_dates": f"{DATE} is after today ({{today}}) in {{rows}} rows (first in line {{line}}). They were used as "
    "if they had been sold; if they are mistyped or a plan, correct or remove them and upload the file again.",
    "older_rows": "{rows} clean rows before {date} are not trained on: MAX_TRAINING_ROWS lets the newest days in, "
    "which have {kept} rows.",
    "marked_with_x": "{column} is marked with x: {rows} empty cells were read as 0.",
    "empty_lines": "{lines} empty lines were passed over.",
    "left_out_by_setting": "Column {column} was left out: LEFT_OUT_COLUMNS names it.",
    "left_out_unnamed": "Column {column} was left out: it has no name.",
    "left_out_empty": "Column {column} was left out: it is empty.",
    "left_out_long": "Column {column} was left out: it has texts of more than {most} characters.",
    "left_out_many": "Column {column} was left out: {kinds} different texts, more than {most}.",
    "series_left_out": "Column {column} tells the series apart, but it is left out: no model can know a series.",
    "series_empty": "Column {column} tells the series apart, but it is empty in {rows} rows (first in line {line}): "
    "the model learns them without knowing whose they are. Fill it in and upload the file again.",
    "series_of_two": "Columns {first} and {second} tell the series apart only together. Join them into one column "
    "(«A-17», say), here and where forecasts are asked for, and the model will know each series.",
    "columns_gone": "Champion version {version} learnt from {columns}, of which this file has nothing. A model of "
    "this file that takes its place will not know them.",
    "series_fewer": "Champion version {version} knows {known} series, this file has {found}. A model of this file "
    "that takes its place will not know the others.",
    "series_lost": "Of the {known} series that champion version {version} knows, {lost} with {share} % of the sales "
    "are not in this file ({examples}). A model of this file that takes its place will not know them.",
    "days_lost": "Champion version {version} knows sales up to {known}, this file ends on {found}. A model of this "
    "file that takes its place will not know the newest days.",
    "closed_as_one": "Column {column} is 1 on days without sales. If they are closed days, tell them by a column "
    "that is 0 when closed and 1 when open, and the model will know that nothing is sold.",
    "leak": "{why} If nobody knows it in advance, name it in LEFT_OUT_COLUMNS.",
    "sales_unread": f"{TARGET} is in the file; a forecast does not read it.",
    "answer_renamed": "The file has a column {column} of its own, which stays; that of the answer is called {own}.",
    "input_absent": "Column {column}, which the model reads, is not in the file.",
    "open_assumed": "{rows} rows do not say in {column} whether their series is open. {closed} of them are forecast "
    "as closed days, as such days of that series nearly always were; the others as open.",
    "series_unknown": "{rows} rows name no {series} that the model knows; they are forecast without it (first in "
    "line {line}).",
}


@dataclass(frozen=True)
class Remark:
    """One remark: `code` is a key of SENTENCES, `facts` fill its sentence; names of columns are as `shown` tells."""

    code: str
    facts: dict[str, Fact] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """The remark in English."""
        return SENTENCES[self.code].format(**self.facts)


def remark(code: str, **facts: Fact) -> Remark:
    """The remark `code` with its facts."""
    return Remark(code, facts)


def remarks_report(remarks: Sequence[Remark]) -> dict[str, list[Any]]:
    """The quality report's part about remarks."""
    return {
        "warnings": [one.sentence for one in remarks],
        "remarks": [{"code": one.code, **one.facts} for one in remarks],
    }
