"""Compare-and-set for the alias `champion`, which MLflow's server has not, and a mark of each move by hand.

A request of ours says in a header where the alias must still be. Whoever else sets it, says nothing and is served as
ever, and a tag of the model tells when: a hand may set the alias where it is already.
"""

from threading import Lock
from typing import Any

import flask
from mlflow.entities.model_registry import RegisteredModelTag
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_CONFLICT
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

from ventas.registry import ALIAS_FROM_HEADER, CHAMPION, HAND_TAG, AliasPlace
from ventas.times import iso_z, utc_now

_lock = Lock()  # one process serves, so no other sets an alias between the comparison and the change


def compare_and_set() -> None:
    """From now on in this process: the alias is not set where the request says that it is elsewhere."""
    set_alias = SqlAlchemyStore.set_registered_model_alias

    def set_if_still_there(store: SqlAlchemyStore, name: str, alias: str, version: Any) -> None:
        if alias != CHAMPION:
            set_alias(store, name, alias, version)
            return
        expected = flask.request.headers.get(ALIAS_FROM_HEADER) if flask.has_request_context() else None
        with _lock:
            if expected is not None:
                _require_still_there(store, name, expected, int(version))
            set_alias(store, name, alias, version)
            if expected is None:
                store.set_registered_model_tag(name, RegisteredModelTag(HAND_TAG, str(iso_z(utc_now()))))

    SqlAlchemyStore.set_registered_model_alias = set_if_still_there


def _require_still_there(store: SqlAlchemyStore, name: str, expected: str, version: int) -> None:
    place = AliasPlace.of(store.get_registered_model(name))
    moved = AliasPlace(version, place.hand_mark)  # the request is repeated, as its first answer was lost
    if expected != place.as_text() and (place != moved or not expected.endswith(moved.mark_text)):
        raise MlflowException(f"The alias {CHAMPION} is at {place.as_text()}.", error_code=RESOURCE_CONFLICT)
