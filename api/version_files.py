"""Files of model versions that the API passes on: read from MLflow once, then kept, as they change no more."""

import json
from collections import OrderedDict
from threading import Lock
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from api.ports import ModelCatalogue
from api.schemas_models import CardAnswer, JudgedPoint, JudgedRowsAnswer
from ventas.card_files import CARD_JSON
from ventas.errors import Deleted, NotFound
from ventas.registry import PREDICTIONS_FILE

Answer = TypeVar("Answer", bound=BaseModel)

KEPT = 40  # of some 200 KB each at most


class VersionFiles:
    """Model cards and test predictions by version. Safe to use from several threads.

    Parameters
    ----------
    catalogue: bounds how long, and how many times at once, MLflow may be waited for.
    """

    def __init__(self, catalogue: ModelCatalogue):
        self._catalogue = catalogue
        self._lock = Lock()
        self._kept: OrderedDict[tuple[int, str], Any] = OrderedDict()

    def card(self, version: int) -> CardAnswer:
        """The model card. Raises NotFound and RegistryUnavailable."""
        if (kept := self._known(version, CARD_JSON)) is not None:
            return CardAnswer.model_validate(kept)
        told = self._read(version, CARD_JSON, "a model card")
        card = _shaped(CardAnswer, told | {"version": version}, f"The model card of version {version}")
        verdict = card.verdict or {}
        if verdict and not verdict.get("held"):  # else the verdict, or its approval, is still to come
            self._keep(version, CARD_JSON, card)
        return card

    def predictions(self, version: int) -> JudgedRowsAnswer:
        """Actual and predicted sales of the test rows. Raises NotFound and RegistryUnavailable."""
        if (kept := self._known(version, PREDICTIONS_FILE)) is not None:
            return JudgedRowsAnswer.model_validate(kept)
        told = self._read(version, PREDICTIONS_FILE, "predictions of its test rows")
        what = f"The file of test predictions of version {version}"
        answer = _shaped(JudgedRowsAnswer, told | {"version": version, "points": _points(told, what)}, what)
        self._keep(version, PREDICTIONS_FILE, answer)
        return answer

    def _read(self, version: int, artifact: str, what: str) -> dict[str, Any]:
        described = self._catalogue.version(version)
        try:
            told = json.loads(self._catalogue.text(described, artifact))
        except Deleted:
            raise
        except NotFound as error:
            raise NotFound(
                f"Version {version} has no {what}: an earlier release made it. Versions of newer uploads have them."
            ) from error
        except ValueError as error:
            raise _unreadable(f"The file {artifact} of version {version}") from error
        return told if isinstance(told, dict) else {}

    def _known(self, version: int, artifact: str) -> Any:
        with self._lock:
            if (version, artifact) not in self._kept:
                return None
            self._kept.move_to_end((version, artifact))
            return self._kept[version, artifact]

    def _keep(self, version: int, artifact: str, answer: BaseModel) -> None:
        with self._lock:
            self._kept[version, artifact] = answer
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)


def _shaped(kind: type[Answer], told: dict[str, Any], what: str) -> Answer:
    try:
        return kind.model_validate(told)
    except ValidationError as error:
        raise _unreadable(what) from error


def _points(told: dict[str, Any], what: str) -> list[dict[str, Any]]:
    """The file's columns as rows."""
    columns = told.get("points")
    try:
        named = {name: columns[name] for name in JudgedPoint.model_fields}  # type: ignore[index]
        return [dict(zip(named, row, strict=True)) for row in zip(*named.values(), strict=True)]
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(what) from error


def _unreadable(what: str) -> NotFound:
    return NotFound(f"{what} cannot be read: somebody has changed it in MLflow.")
