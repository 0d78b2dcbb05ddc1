"""The record of a search's winner that a fixed table took the place of."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

_PARAM = "replaced_"
On = Literal["test", "latest"]


@dataclass(frozen=True)
class Replaced:
    """The winner (`candidate`) and the `table` in its place, with both errors (RMSE) on the same `rows`.

    on: "test", all open test rows, both fitted on train; or "latest", those of the last four weeks, both fitted on
    all days before.
    """

    candidate: str
    table: str
    rmse: float
    table_rmse: float
    rows: int
    on: On = "test"

    @property
    def where(self) -> str:
        """The rows that decided, as a part of a sentence."""
        if self.on == "test":
            return f"the {self.rows} test rows"
        return f"the {self.rows} rows of the last four weeks, with all before them known"

    @property
    def note(self) -> str:
        """The replacement as a sentence."""
        return (
            f"The table «{self.table}» takes the place of the search's winner ({self.candidate}): on "
            f"{self.where}, its RMSE is {self.table_rmse:.2f}, the winner's {self.rmse:.2f}."
        )

    def as_params(self) -> dict[str, Any]:
        """Parameters of an MLflow run; `of_params` reads them back."""
        return {_PARAM + name: value for name, value in asdict(self).items()}

    @classmethod
    def of_params(cls, params: Mapping[str, str]) -> Self | None:
        """The record in the parameters of an MLflow run; None where nothing was replaced."""
        if _PARAM + "candidate" not in params:
            return None
        texts = {name: params[_PARAM + name] for name in cls.__dataclass_fields__}
        return cls(
            candidate=texts["candidate"],
            table=texts["table"],
            rmse=float(texts["rmse"]),
            table_rmse=float(texts["table_rmse"]),
            rows=int(texts["rows"]),
            on="latest" if texts["on"] == "latest" else "test",
        )
