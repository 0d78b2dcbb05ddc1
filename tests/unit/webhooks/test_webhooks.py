"""The receiver: recorded once, then 2xx; never a refusal that would block MinIO's queue."""

import json
from urllib.parse import unquote_plus

import pytest
from webhook_helpers import Quiet, notification, runs

from ventas.ledger.queries import RunFilter
from ventas.states import Step
from webhooks.app import create_app, receiver_of


def test_an_event_is_recorded_and_its_task_sent(client, token, ledger, broker, receiver) -> None:
    answer = client.post("/events/minio", json=notification("ventas.csv"), headers=token)
    receiver.close()
    (run,) = runs(ledger)
    assert (answer.status_code, answer.json["recorded"]) == (200, 1)
    assert broker.sent == [(Step.ETL, run.id)]
    assert run.enqueued_at is not None


def test_a_forecast_file_starts_a_run_of_its_own_kind_and_its_answer_none(
    client, token, ledger, broker, receiver
) -> None:
    keys = (
        "pronosticos/entrada/2027/x.csv",
        "pronosticos/salida/2027/x.csv",
        "pronosticos/salida/ventas.csv",
    )
    answer = client.post("/events/minio", json=notification(*keys), headers=token)
    assert [one["outcome"] for one in answer.get_json()["events"]] == ["recorded", "ignored", "ignored"]
    (run,), total = ledger.queries.runs(RunFilter(), 0, 9)
    assert (total, run.key, run.kind, run.status) == (1, keys[0], "forecast", "received")
    receiver.close()
    assert broker.sent == [(Step.FORECAST, run.id)]


def test_the_same_event_again_does_nothing(client, token, ledger, broker, receiver) -> None:
    for _ in range(3):
        assert (
            client.post("/events/minio/", json=notification("ventas.csv"), headers=token).status_code == 200
        )
    receiver.close()
    assert len(runs(ledger)) == len(broker.sent) == 1


def test_several_records_and_escaped_keys(client, token, ledger) -> None:
    body = notification("tienda+1/Ventas+d%C3%ADa.csv", "b%20VENTAS.csv.gz")
    client.post("/events/minio", json=body, headers=token)
    assert {run.key for run in runs(ledger)} == {"tienda 1/Ventas día.csv", "b VENTAS.csv.gz"}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (notification("notas.txt"), "notas.txt"),
        (notification("ventas.csv", bucket="otro"), "otro"),
        (notification("../../ventas/x"), "x"),
    ],
)
def test_what_is_no_sales_upload_is_ignored_with_the_reason(
    client, token, ledger, broker, receiver, body, why
) -> None:
    assert client.post("/events/minio", json=body, headers=token).status_code == 200
    (run,) = runs(ledger)
    assert run.status == "ignored"
    assert why in run.reason
    receiver.close()
    assert broker.sent == []


def test_a_size_and_a_version_that_are_absent(client, token, ledger) -> None:
    body = notification("ventas.csv")
    del body["Records"][0]["s3"]["object"]["versionId"]
    client.post("/events/minio", json=body, headers=token)
    (run,) = runs(ledger)
    assert (run.size, run.version_id, run.etag_key) == (0, "null", "e")


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic ñ"}])
def test_without_the_token_nothing_is_recorded(client, ledger, header) -> None:
    answer = client.post("/events/minio", json=notification("ventas.csv"), headers=header)
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert runs(ledger) == []


def test_a_broker_that_is_away_loses_nothing(client, token, ledger, broker, receiver) -> None:
    broker.away = True
    assert client.post("/events/minio", json=notification("ventas.csv"), headers=token).status_code == 200
    receiver.close()
    (run,) = runs(ledger)
    assert (run.status, run.enqueued_at) == ("received", None), "the sweep will send it"


def test_a_ledger_that_is_away_asks_for_another_delivery(settings, token, broker) -> None:
    app = create_app(settings, lambda: broker, Quiet())  # not migrated
    answer = app.test_client().post("/events/minio", json=notification("ventas.csv"), headers=token)
    assert answer.status_code == 503
    receiver_of(app).close()
    assert broker.sent == []


@pytest.mark.parametrize("body", [b"not json", b"[]", json.dumps({"Records": [{"s3": 1}]}).encode()])
def test_what_is_no_notification_is_accepted_lest_it_block_the_queue(client, token, ledger, body) -> None:
    answer = client.post("/events/minio", data=body, headers=token, content_type="application/json")
    assert answer.status_code == 202
    assert "Not an S3 notification" in answer.json["note"]
    assert runs(ledger) == []


def test_an_empty_body_is_a_ping(client, token) -> None:
    assert client.post("/events/minio", headers=token).status_code == 200


def test_a_body_or_a_list_of_records_too_large(settings, ledger, token, broker) -> None:
    small = settings.model_copy(update={"MAX_EVENT_BYTES": 2000, "MAX_EVENT_RECORDS": 2})
    app = create_app(small, lambda: broker, Quiet())
    client = app.test_client()
    headers = {"Authorization": f"Bearer {small.webhook_token}"}
    assert client.post("/events/minio", data=b"x" * 3000, headers=headers).status_code == 413
    many = client.post(
        "/events/minio", json=notification("ventas.csv", "ventas.csv", "ventas.csv"), headers=headers
    )
    assert many.status_code == 202
    assert "MAX_EVENT_RECORDS" in many.json["note"]
    receiver_of(app).close()


def test_health_says_what_is_missing(settings, ledger, broker) -> None:
    waiting = Quiet()
    waiting.problem = "MinIO does not answer."
    app = create_app(settings, lambda: broker, waiting)
    client = app.test_client()
    answer = client.get("/health")
    assert (answer.status_code, answer.json["detail"]) == (503, "MinIO does not answer.")
    assert client.get("/health/live").status_code == 200
    receiver_of(app).close()


@pytest.mark.parametrize(
    "key", ["..%2F..%2Fventas.csv", "l%C3%ADnea%0A%1B%5B31mventas.csv", "a%00ventas.csv", "%FF%FEventas.csv"]
)
def test_a_strange_key_is_data(client, token, ledger, key) -> None:
    """Kept as one run with that key, found again by it, and no path is made of it."""
    for outcome in ("recorded", "duplicate"):
        answer = client.post("/events/minio", json=notification(key), headers=token)
        assert [one["outcome"] for one in answer.json["events"]] == [outcome]
    (run,) = runs(ledger)
    assert run.key == unquote_plus(key).replace("\0", "\ufffd")
    assert run.status == "received"


def test_the_longest_keys_are_kept_whole(client, token, ledger) -> None:
    """Two that differ in their last bytes only are two uploads."""
    keys = ["%C3%B1" * 506 + f"_{number}ventas.csv" for number in (1, 2)]
    answer = client.post("/events/minio", json=notification(*keys), headers=token)
    assert answer.json["recorded"] == 2
    assert {run.key for run in runs(ledger)} == {unquote_plus(key) for key in keys}


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "v" * 4000},
        {"key": "v" * 1015 + "ventas.csv"},
        {"key": "%C3%B1" * 510 + "ventas.csv"},
        {"key": ""},
        {"size": 2**64},
        {"size": -1},
        {"versionId": "v" * 200},
        {"eTag": "e" * 200},
        {"sequencer": "s" * 200},
        {"key": "\ud800ventas.csv"},
    ],
)
def test_what_the_ledger_cannot_hold_is_refused_in_words(client, token, ledger, changes) -> None:
    answer = client.post("/events/minio", json=notification("ventas.csv", **changes), headers=token)
    assert answer.status_code == 202
    assert "Not an S3 notification: Records" in answer.json["note"] or "body" in answer.json["note"]
    assert runs(ledger) == []


def test_a_bucket_with_an_impossible_name_is_refused_in_words(client, token, ledger) -> None:
    body = notification("ventas.csv", bucket="b" * 64)
    assert client.post("/events/minio", json=body, headers=token).status_code == 202
    assert runs(ledger) == []


@pytest.mark.parametrize(
    "body", [b"[" * 500_000, b'{"Records":' * 50_000, b"\xff\xfe", b'{"Records": [NaN]}']
)
def test_a_body_made_to_break_the_parser_is_refused_in_words(client, token, body) -> None:
    answer = client.post("/events/minio", data=body, headers=token)
    assert (answer.status_code, answer.json["recorded"]) == (202, 0)
