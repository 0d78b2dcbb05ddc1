"""An MLflow that hangs may hold two threads of a process, not all that answer predictions."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from api_helpers import (
    MONDAY,
    FakeCatalogue,
    FakeSource,
    assert_problem,
    eventually,
    registered,
    version_files,
)
from flask import Flask
from flask.testing import FlaskClient

from api.catalogue import FencedCatalogue
from api.parts import Parts
from ventas.errors import NotFound, RegistryUnavailable
from ventas.registry import ModelVersion


class HangingCatalogue(FakeCatalogue):
    """Answers nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__([registered(1)], files=version_files(1))
        self.asked, self.go_on = 0, Event()

    def versions(self) -> list[ModelVersion]:
        self.asked += 1
        assert self.go_on.wait(30)
        return super().versions()


@pytest.fixture
def catalogue() -> HangingCatalogue:
    return HangingCatalogue()


@pytest.mark.parametrize("path", ["/models", "/models/1/card", "/models/1/predictions"])
def test_while_two_questions_hang_others_are_refused_and_predictions_go_on(
    app: Flask, catalogue: HangingCatalogue, path: str
) -> None:
    def ask() -> int:
        return app.test_client().get(path).status_code

    with ThreadPoolExecutor() as pool:
        hanging = [pool.submit(ask) for _ in range(2)]
        try:
            eventually(lambda: catalogue.asked == 2)
            assert_problem(app.test_client().get("/models"), 503, says="(MLflow) does not answer")
            assert catalogue.asked == 2
            assert app.test_client().post("/predict", json=MONDAY).status_code == 200
        finally:
            catalogue.go_on.set()
        assert [answer.result() for answer in hanging] == [200, 200]
    assert ask() == 200


def test_while_it_is_known_to_be_away_it_is_not_asked(
    source: FakeSource, catalogue: HangingCatalogue, start: Callable[..., Flask]
) -> None:
    catalogue.go_on.set()
    client: FlaskClient = start().test_client()
    source.registry_error = RegistryUnavailable("MLflow does not answer.")
    eventually(lambda: client.get("/health").get_json()["parts"]["registry"]["status"] == "away")
    assert_problem(client.get("/models"), 503)
    assert catalogue.asked == 0
    source.registry_error = None
    eventually(lambda: client.get("/models").status_code == 200)


def test_what_it_does_not_find_does_not_make_it_away() -> None:
    parts = Parts("registry")
    fenced = FencedCatalogue(FakeCatalogue(), parts, "registry")
    for _ in range(5):
        with pytest.raises(NotFound):
            fenced.version(7)
    assert parts.snapshot()["registry"].status == "unknown"
