"""`GET /metrics` of the receiver."""

from webhook_helpers import notification


def test_events_are_counted_by_what_became_of_them(client, token) -> None:
    for body in (
        notification("ventas.csv"),
        notification("ventas.csv"),
        notification("notas.txt"),
        {"no": "event"},
    ):
        assert client.post("/events/minio", json=body, headers=token).status_code < 300
    client.post("/events/minio", json=notification("ventas.csv"))  # without its token it is nobody's event
    answer = client.get("/metrics")
    assert answer.mimetype == "text/plain"
    lines = answer.get_data(as_text=True).splitlines()
    for outcome in ("recorded", "duplicate", "ignored", "unusable"):
        assert f'ventas_webhooks_events_total{{outcome="{outcome}"}} 1.0' in lines


def test_an_outcome_that_never_came_is_zero(client) -> None:
    assert 'ventas_webhooks_events_total{outcome="unusable"} 0.0' in client.get("/metrics").get_data(
        as_text=True
    )
