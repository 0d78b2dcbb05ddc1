"""Compare-and-set for aliases, which MLflow's server has not: a request may say where the alias must still be.

Ours says so in a header; whoever else sets an alias, says nothing and is served as ever.
"""

from threading import Lock
from typing import Any

import flask
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_CONFLICT
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

from ventas.registry import ALIAS_FROM_HEADER, NO_VERSION

_lock = Lock()  # one process serves, so no other sets an alias between the comparison and the change


def compare_and_set() -> None:
    """From now on in this process: an alias is not set where the request says that it is elsewhere."""
    set_alias = SqlAlchemyStore.set_registered_model_alias

    def set_if_still_there(store: SqlAlchemyStore, name: str, alias: str, version: Any) -> Any:
        with _lock:
            _require_still_there(store, name, alias, str(version))
            return set_alias(store, name, alias, version)

    SqlAlchemyStore.set_registered_model_alias = set_if_still_there


def _require_still_there(store: SqlAlchemyStore, name: str, alias: str, version: str) -> None:
    expected = flask.request.headers.get(ALIAS_FROM_HEADER) if flask.has_request_context() else None
    if expected is None:
        return
    now = str(store.get_registered_model(name).aliases.get(alias, NO_VERSION))
    if now not in (expected, version):  # `version`: the request is repeated, as its first answer was lost
        raise MlflowException(f"The alias {alias} is on version {now}.", error_code=RESOURCE_CONFLICT)
