"""`GET /metrics`, for Prometheus: text in its own format, so no part of the OpenAPI document."""

from flask import Blueprint, Response, request
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from api.metrics import SystemMetrics
from api.services import Services


def metrics_routes(services: Services) -> Blueprint:
    """The blueprint of metrics; open as `/health` is, for it names no file and no person."""
    routes = Blueprint("metrics", __name__)
    registry = CollectorRegistry()
    registry.register(SystemMetrics(services))

    @routes.get("/metrics")
    def metrics() -> Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return Response(encode(registry), content_type=content_type)

    return routes
