"""The receiver records nothing for whoever has not its token, by its routes or by its quick lane."""

import asyncio
import json
import re

import pytest
from flask.testing import FlaskClient
from webhook_helpers import Broker, notification, runs

from ventas.ledger import Ledger
from webhooks.lane import PATHS, EventLane
from webhooks.receiver import Receiver

WRONG = ["", "Bearer", "Bearer ", "Bearer wrong", "Basic {}", "{}", "Bearer {}x", "Bearer ñ"]


@pytest.mark.parametrize("scheme", WRONG)
def test_without_the_token_nothing_is_recorded(
    client: FlaskClient, receiver: Receiver, settings, ledger: Ledger, broker: Broker, scheme: str
) -> None:
    sent = scheme.format(settings.webhook_token)
    acting = [
        (method, re.sub(r"<(?:\w+:)?\w+>", "x", rule.rule))
        for rule in client.application.url_map.iter_rules()
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}
    ]
    assert acting
    for method, path in acting:
        headers = {"Authorization": sent} if sent else {}
        answer = client.open(path, method=method, json=notification("ventas.csv"), headers=headers)
        assert answer.status_code == 401
        assert settings.webhook_token not in answer.get_data(as_text=True)
    body = json.dumps(notification("ventas.csv")).encode()
    assert asyncio.run(EventLane(receiver)(body, {"authorization": sent})) is None
    assert {path.rstrip("/") for path in PATHS} <= {path for _, path in acting}
    assert (runs(ledger), broker.sent) == ([], [])
