"""An upload's trace as a collector gets it: from MinIO's event over every step to MLflow's run and the swap."""

import io
from uuid import UUID

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pipeline_world import World, sales, wait_for
from trace_collector import Collector

THEIRS, THEIR_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
STEPS = ["etl", "retrain", "promote"]


def test_the_trace_of_an_upload_leads_from_its_event_to_mlflows_run_and_the_swap(
    world: World, collector: Collector
) -> None:
    world.ensure_champion()
    run = world.settled(world.drop("traza/ventas.csv", sales("2081-01-01", seed=81, level=500_000)))
    assert run["status"] == "promoted", run["reason"]
    trace = UUID(run["id"]).hex
    wait_for(lambda: len(_named(collector, trace, "swap")) >= 2, "a swap of each of the API's two processes")
    wait_for(lambda: all(_named(collector, trace, name) for name in ("upload", *STEPS)), "all before that")
    (root,) = _named(collector, trace, "upload")
    assert (root.span_id.hex(), root.parent_span_id) == (trace[16:], b"")
    steps = [_named(collector, trace, step)[-1] for step in STEPS]
    below = [*steps, *_named(collector, trace, "swap")]
    assert {span.parent_span_id for span in below} == {root.span_id}
    begun = [span.start_time_unix_nano for span in (root, *steps)]
    assert begun == sorted(begun)
    assert {_told(span)["ventas.run_id"] for span in (root, *below)} == {run["id"]}
    assert [_told(span)["ventas.worker"] for span in steps] == [step["worker"] for step in run["steps"]]
    tags = world.registry.client.get_run(world.registry.version(run["model_version"]).run_id).data.tags
    assert (tags["ventas.run_id"], tags["trace_id"]) == (run["id"], trace)
    retrain = steps[STEPS.index("retrain")]
    assert tags["traceparent"] == f"00-{trace}-{retrain.span_id.hex()}-01", "MLflow's run names its step"
    assert collector.paths == {"/v1/traces"}
    assert collector.services >= {"ventas-worker", "ventas-api"}


@pytest.mark.notifications
def test_an_uploaders_own_trace_comes_with_minios_event_and_leads_to_ours(
    world: World, collector: Collector
) -> None:
    body, metadata = b"Fecha,Ventas\n2024-01-01,5\n", {"traceparent": f"00-{THEIRS}-{THEIR_SPAN}-01"}
    put = world.s3.put_object(
        "ventas", "traza/suya/ventas.csv", io.BytesIO(body), len(body), metadata=metadata
    )
    run = world.final("traza/suya/ventas.csv", str(put.version_id))
    trace = UUID(run["id"]).hex
    (event,) = wait_for(lambda: _named(collector, THEIRS, "event"), "a span in the uploader's own trace")
    (root,) = _named(collector, trace, "upload")
    assert event.parent_span_id.hex() == THEIR_SPAN
    assert [(link.trace_id, link.span_id) for link in event.links] == [(root.trace_id, root.span_id)]
    assert [link.trace_id.hex() for link in root.links] == [THEIRS]
    (etl,) = wait_for(lambda: _named(collector, trace, "etl"), "the step that rejects it")
    assert _told(etl)["ventas.outcome"] == "rejected"
    assert "ventas-webhooks" in collector.services


def _named(collector: Collector, trace: str, name: str) -> list[Span]:
    """The spans of a trace that are called so, as they came."""
    return [span for span in list(collector.spans) if span.trace_id.hex() == trace and span.name == name]


def _told(span: Span) -> dict[str, str]:
    return {one.key: one.value.string_value for one in span.attributes}
