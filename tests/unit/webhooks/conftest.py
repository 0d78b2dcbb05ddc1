"""The receiver with stand-ins for what it needs around it."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from webhook_helpers import Broker, Quiet

from ventas.ledger import Ledger
from webhooks.app import create_app, receiver_of
from webhooks.receiver import Receiver


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def client(settings, ledger: Ledger, broker: Broker) -> Iterator[FlaskClient]:
    app = create_app(settings, lambda: broker, Quiet())
    yield app.test_client()
    receiver_of(app).close()


@pytest.fixture
def receiver(client: FlaskClient) -> Receiver:
    """What is behind the client; when it is closed, all that it was offered has been sent."""
    return receiver_of(client.application)


@pytest.fixture
def token(settings) -> dict[str, str]:
    return {"Authorization": f"Bearer {settings.webhook_token}"}
