"""The record of a search's winner that a fixed table took the place of."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

_PARAM = "replaced_"


@dataclass(frozen=True)
class Replaced:
    """The winner (`candidate`) and the `table` in its place, with both errors (RMSE) on the same open test rows."""

    candidate: str
    table: str
    rmse: float
    table_rmse: float
    rows: int

    @property
    def note(self) -> str:
        """The replacement as a sentence."""
        return (
            f"The table «{self.table}» takes the place of the search's winner ({self.candidate}): on the "
            f"{self.rows} test rows its RMSE is {self.table_rmse:.2f}, the winner's {self.rmse:.2f}."
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
        )
