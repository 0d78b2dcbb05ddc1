"""Posts to Dash's own address that no page of ours sends: refused with a sentence, never a bare 500."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from dashboard.app import create_app
from ventas.settings import Settings

ADDRESS = "/_dash-update-component"
GOOD: dict[str, Any] = {
    "output": "forecast-send.disabled",
    "outputs": {"id": "forecast-send", "property": "disabled"},
    "inputs": [
        {"id": "forecast-mode", "property": "value", "value": "one"},
        {"id": "forecast-days", "property": "rowData", "value": []},
    ],
    "changedPropIds": ["forecast-mode.value"],
}
PATTERN: dict[str, Any] = {
    "output": "..model-dialog.opened...model-dialog.title...model-explained.children...model-change.data"
    "...model-fault.children..",
    "outputs": [
        {"id": name, "property": kind}
        for name, kind in (
            *(("model-dialog", "opened"), ("model-dialog", "title"), ("model-explained", "children")),
            *(("model-change", "data"), ("model-fault", "children")),
        )
    ],
    "changedPropIds": [],
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    settings = Settings(_env_file=None, VENTAS_HOME=tmp_path_factory.mktemp("home"))
    return create_app(settings).server.test_client()


def refused(client: FlaskClient, **sent: Any) -> str:
    answer = client.post(ADDRESS, **sent)
    said = answer.get_data(as_text=True)
    assert (answer.status_code, answer.mimetype) == (400, "text/plain"), said[:300]
    return said


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"data": b"{", "content_type": "application/json"},
        {"data": b"\xff\xfe", "content_type": "application/json"},
        {"data": b'{"output": "forecast-send.disabled"}', "content_type": "text/plain"},
        {"json": None},
    ],
)
def test_what_is_no_json_is_told_what_is_expected(client: FlaskClient, sent: dict[str, Any]) -> None:
    assert "application/json" in refused(client, **sent)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"output": 3}, "output"),
        ({"output": None}, "output"),
        ({"outputs": "x"}, "outputs"),
        ({"inputs": {}}, "inputs"),
        ({"inputs": ["x"]}, "inputs.0"),
        ({"inputs": [{"id": "forecast-mode"}]}, "inputs.0"),
        ({"inputs": [{"id": ["a"], "property": "value"}]}, "inputs.0"),
        ({"state": 1}, "state"),
        ({"changedPropIds": "forecast-mode.value"}, "changedPropIds"),
        ({"changedPropIds": [{}]}, "changedPropIds.0"),
    ],
)
def test_a_wrong_part_is_named(client: FlaskClient, change: dict[str, Any], place: str) -> None:
    assert place in refused(client, json=GOOD | change)


@pytest.mark.parametrize("body", [[], [GOOD], "x", 3, {}])
def test_other_json_is_refused(client: FlaskClient, body: Any) -> None:
    refused(client, json=body)


def test_a_callback_that_is_not_there_is_named_as_such(client: FlaskClient) -> None:
    for output in ("nope.children", "", "..", "upload-phase.data"):  # the last runs in the browser alone
        assert "vuelva a cargarla" in refused(client, json=GOOD | {"output": output})


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": []},
        {"inputs": GOOD["inputs"][:1]},
        {"inputs": GOOD["inputs"] * 2},
        {"inputs": GOOD["inputs"][::-1]},
        {"inputs": [[], []]},
        {"state": GOOD["inputs"]},
        {"outputs": None},
        {"output": PATTERN["output"]},
    ],
)
def test_other_inputs_or_outputs_are_refused(client: FlaskClient, change: dict[str, Any]) -> None:
    assert "otras entradas o salidas" in refused(client, json=GOOD | change)


def test_what_the_pages_send_goes_through(client: FlaskClient) -> None:
    answer = client.post(ADDRESS, json=GOOD)
    assert answer.get_json()["response"] == {"forecast-send": {"disabled": False}}
    parts = {"type": "model-ask", "action": "promote", "version": 3, "place": "bar"}
    for matched in ([], [{"id": parts, "property": "n_clicks"}]):
        assert client.post(ADDRESS, json=PATTERN | {"inputs": [matched]}).status_code in (200, 204)


def test_a_page_is_told_in_its_language(client: FlaskClient) -> None:
    assert "is expected" in refused(client, headers={"Accept-Language": "en"})
