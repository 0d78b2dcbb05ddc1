"""What `GET /metrics` of the receiver tells: its one process counts, and begins anew when it does."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import choose_encoder

from ventas.front.metrics import events_metric, requests_metric
from ventas.front.tally import Tally


class _Collector:
    def __init__(self, tally: Tally):
        self._tally = tally

    def collect(self) -> Iterator[Metric]:
        counts = self._tally.counts()
        yield requests_metric("ventas_webhooks_request_duration_seconds", counts)
        yield events_metric(
            "ventas_webhooks_events",
            "Events since the receiver's start; unusable is a body that is no notification.",
            counts,
        )


def exposition(tally: Tally, accept: str) -> tuple[bytes, str]:
    """The text in the format that the header `Accept` names, and its type."""
    registry = CollectorRegistry()
    registry.register(_Collector(tally))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type
