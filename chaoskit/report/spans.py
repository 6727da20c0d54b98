"""Results as OpenTelemetry traces: a span for the run, for each experiment, and for each of its phases.

Source: OpenTelemetry Specification, "Trace API" (explicit start and end timestamps).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from chaoskit.errors import ChaoskitError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer

_INSTALL: Final = "Traces need OpenTelemetry: pip install 'chaoskit[otel]'."
_PHASE_ENDS: Final = {"ready": "prepare", "applied": "inject", "denied": "inject", "undone": "rollback"}


def export(document: Mapping[str, Any], exporter: SpanExporter | None = None) -> None:
    """Send the spans of a run.

    Args:
        document: Of schema `chaoskit/results/v1`.
        exporter: Where to; by default to where the environment says (OTEL_EXPORTER_OTLP_ENDPOINT), by HTTP.

    Raises:
        ChaoskitError: OpenTelemetry is missing, or nobody takes the spans.
    """
    check()
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - an extra
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - as above
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - as above
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult  # noqa: PLC0415 - as above

    provider = TracerProvider(resource=Resource.create({"service.name": "chaoskit"}))
    told = _Told(exporter or OTLPSpanExporter(), SpanExportResult.SUCCESS)
    provider.add_span_processor(SimpleSpanProcessor(told))  # type: ignore[arg-type] # it does what is asked of one
    _run(provider.get_tracer("chaoskit"), document)
    provider.shutdown()
    if told.refused:
        raise ChaoskitError(
            "The trace could not be delivered: look at OTEL_EXPORTER_OTLP_ENDPOINT and who listens there."
        )


def check() -> None:
    """See to it that spans can be sent.

    Raises:
        ChaoskitError: OpenTelemetry is missing.
    """
    try:
        import opentelemetry.exporter.otlp.proto.http.trace_exporter  # noqa: PLC0415 - an extra
        import opentelemetry.sdk.trace.export  # noqa: F401, PLC0415 - as above
    except ModuleNotFoundError as error:
        raise ChaoskitError(_INSTALL) from error


class _Told:
    """An exporter that remembers whether all was taken."""

    def __init__(self, exporter: SpanExporter, success: Any) -> None:
        self._exporter, self._success, self.refused = exporter, success, False

    def export(self, spans: Any) -> Any:
        outcome = self._exporter.export(spans)
        self.refused = self.refused or outcome is not self._success
        return outcome

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _run(tracer: Tracer, document: Mapping[str, Any]) -> None:
    from opentelemetry.trace import set_span_in_context  # noqa: PLC0415 - an extra

    run = tracer.start_span(
        "run",
        start_time=_nanoseconds(document["started"]),
        attributes={"chaoskit.run_id": document["run_id"], "chaoskit.target": document["target"]},
    )
    for result in document["results"]:
        if result["started"] and result["finished"]:
            _experiment(tracer, set_span_in_context(run), result)
    run.end(_nanoseconds(document["finished"] or document["started"]))


def _experiment(tracer: Tracer, inside: Any, result: Mapping[str, Any]) -> None:
    from opentelemetry.trace import Status, StatusCode, set_span_in_context  # noqa: PLC0415 - an extra

    span = tracer.start_span(
        result["experiment"],
        inside,
        start_time=_nanoseconds(result["started"]),
        attributes={
            "chaoskit.verdict": result["verdict"],
            "chaoskit.layer": result["layer"],
            "chaoskit.trace_id": result["trace_id"],
            "chaoskit.restored": result["restored"],
            "cloud.account.id": result["account"],
            "cloud.region": result["region"],
        },
    )
    for event in result["timeline"]:
        span.add_event(event["event"], {"detail": event["detail"]}, _nanoseconds(event["at"]))
    for name, begin, end in _phases(result):
        tracer.start_span(name, set_span_in_context(span), start_time=begin).end(end)
    ok = result["verdict"] == "PASSED"
    span.set_status(Status(StatusCode.OK) if ok else Status(StatusCode.ERROR, result["reason"]))
    span.end(_nanoseconds(result["finished"]))


def _phases(result: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
    """Prepare, inject, observe and rollback, by the events that end them; what did not happen is left out."""
    ends: dict[str, int] = {}
    for event in result["timeline"]:
        phase = _PHASE_ENDS.get(event["event"])
        if phase:
            ends[phase] = _nanoseconds(event["at"])
        elif event["event"] in {"met", "missed"}:
            ends["observe"] = _nanoseconds(event["at"])
    begin = _nanoseconds(result["started"])
    for phase in ("prepare", "inject", "observe", "rollback"):
        if phase in ends and ends[phase] >= begin:
            yield phase, begin, ends[phase]
            begin = ends[phase]


def _nanoseconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1_000_000) * 1000
