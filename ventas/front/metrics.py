"""A service's own counts in Prometheus' words."""

from collections.abc import Iterator, Sequence

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

from ventas.front.tally import BOUNDS, Counts


def requests_metric(name: str, counts: Counts) -> Metric:
    """Requests by method, route and status, from the whole body read to the answer made."""
    family = HistogramMetricFamily(
        name,
        "Requests, from the body read to the answer made (its first megabyte); `other` is no route of ours.",
        labels=["method", "route", "status"],
    )
    for (method, route, status), row in sorted(counts.requests.items()):
        *buckets, seconds = row
        family.add_metric([method, route, str(status)], cumulated(BOUNDS, buckets), seconds)
    return family


def events_metric(name: str, text: str, counts: Counts) -> Metric:
    """Other events by outcome."""
    family = CounterMetricFamily(name, text, labels=["outcome"])
    for outcome, count in sorted(counts.events.items()):
        family.add_metric([outcome], count)
    return family


def cumulated(bounds: Sequence[float], counts: Sequence[float]) -> list[tuple[str, float]]:
    """Buckets as Prometheus has them: each holds all that is not above its bound; the last one all."""
    return list(_cumulated(bounds, counts))


def _cumulated(bounds: Sequence[float], counts: Sequence[float]) -> Iterator[tuple[str, float]]:
    below = 0.0
    for bound, count in zip([*map(str, bounds), "+Inf"], counts, strict=True):
        below += count
        yield bound, below
