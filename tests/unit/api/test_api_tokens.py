"""Every route that is asked to do something needs a token, or is named here with the reason why not."""

import re
from collections.abc import Callable

import pytest
from api_helpers import FakeBroker, FakeSource, assert_problem
from flask import Flask
from flask.testing import FlaskClient

from api.express import PATHS
from ventas.settings import Settings

READING = {"GET", "HEAD", "OPTIONS"}
OPEN = {
    "/predict": "Anybody may ask the champion; it only adds to the history.",
    "/predict/batch": "The same for many days.",
    "/uploads/preview": "It keeps nothing, and reads 64 KiB at most.",
}
ADMIN, UPLOAD = "an admin token of the tests", "an upload token of the tests"


@pytest.fixture
def settings(settings):
    """With two tokens that differ, so that one cannot pass for the other."""
    return settings.model_copy(update={"ADMIN_TOKEN": ADMIN, "UPLOAD_TOKEN": UPLOAD})


def acting(app: Flask) -> list[tuple[str, str]]:
    """Method and path of every route that does something, with values for what its path leaves open."""
    return sorted(
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - READING
    )


def filled(rule: str) -> str:
    return re.sub(r"<(?:\w+:)?\w+>", "1", rule)


def test_whatever_does_something_needs_a_token(
    app: Flask, client: FlaskClient, source: FakeSource, broker: FakeBroker
) -> None:
    routes = [(method, rule) for method, rule in acting(app) if rule.rstrip("/") not in OPEN]
    assert len(routes) >= 5
    for method, rule in routes:
        right = UPLOAD if rule.startswith("/uploads") else ADMIN
        other = ADMIN if right == UPLOAD else UPLOAD
        for body in ({}, {"json": {"reason": "because", "name": "ventas.csv"}}, {"data": b"{"}):
            path = filled(rule)
            assert_problem(client.open(path, method=method, **body), 401)
            for token in (other, f"{right}x", right[:-1]):
                answer = client.open(
                    path, method=method, headers={"Authorization": f"Bearer {token}"}, **body
                )
                assert_problem(answer, 403)
        answer = client.open(filled(rule), method=method, headers={"Authorization": f"Bearer {right}"})
        assert answer.status_code not in (401, 403), rule
    assert (source.promoted, broker.sent) == ([], [])


def test_what_is_open_is_there_and_lets_anybody_ask(app: Flask, client: FlaskClient) -> None:
    assert set(OPEN) == {rule.rstrip("/") for _, rule in acting(app)} & set(OPEN)
    for path in OPEN:
        assert client.post(path, json={}).status_code not in (401, 403, 404)


def test_the_quick_lane_is_for_open_routes_alone() -> None:
    assert {path.rstrip("/") for path in PATHS} <= set(OPEN)


def test_reading_changes_nothing_and_so_no_route_takes_both(app: Flask) -> None:
    both = [rule.rule for rule in app.url_map.iter_rules() if {"GET", "POST"} <= (rule.methods or set())]
    assert both == []


def test_the_tokens_files_are_there_before_anybody_asks(
    start: Callable[..., Flask], settings: Settings
) -> None:
    """Whoever rotates a token removes its file, restarts the API and reads the new one."""
    start(settings.model_copy(update={"ADMIN_TOKEN": "", "UPLOAD_TOKEN": ""}))
    assert {one.name for one in (settings.home / "tokens").iterdir()} == {"admin", "minio", "upload"}
