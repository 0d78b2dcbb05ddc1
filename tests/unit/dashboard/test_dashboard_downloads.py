"""Files that the dashboard passes on from the API: who is at fault where there is none."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from flask.testing import FlaskClient

from dashboard import context
from dashboard.app import create_app
from dashboard.client import Api
from ventas.settings import Settings

HISTORY = "/historial/pronosticos.csv?excel=zz"
REJECTED = "/ejecuciones/some-id/rejected.csv"
NOT_A_FLAG = {"errors": [{"field": "excel", "message": "excel must be true or false."}]}


def asked(tmp_path: Path, status: int, document: dict[str, Any]) -> FlaskClient:
    """The dashboard before an API that answers everything so."""
    server = create_app(Settings(VENTAS_HOME=tmp_path)).server
    answer = httpx.MockTransport(lambda _request: httpx.Response(status, json=document))
    server.config[context._API] = Api("http://api.test", transport=answer)
    return server.test_client()


@pytest.mark.parametrize(
    ("path", "status", "document", "expected", "says"),
    [
        (HISTORY, 422, NOT_A_FLAG, 400, "«excel»"),
        (f"{HISTORY}&series={'x' * 70_000}", 200, {}, 400, "no aceptó"),
        (REJECTED, 422, {"detail": "Several runs begin so."}, 400, "no aceptó"),
        (REJECTED, 404, {}, 404, "no existe"),
        (HISTORY, 500, {}, 502, "falló"),
        (HISTORY, 503, {}, 502, "ahora mismo"),
    ],
)
def test_only_a_fault_that_is_not_the_askers_is_told_as_ours(
    tmp_path: Path, path: str, status: int, document: dict[str, Any], expected: int, says: str
) -> None:
    answer = asked(tmp_path, status, document).get(path)
    assert answer.status_code == expected
    assert says in answer.get_data(as_text=True)


def test_the_files_of_one_filter_have_names_that_tell_them_apart(tmp_path: Path) -> None:
    client = asked(tmp_path, 200, {})
    names = {
        client.get(f"/historial/pronosticos.csv{query}").headers["Content-Disposition"]
        for query in ("", "?excel=true")
    }
    assert names == {f'attachment; filename="{name}.csv"' for name in ("pronosticos", "pronosticos_excel")}
