from __future__ import annotations

import pytest

from chaoskit.errors import ChaoskitError
from chaoskit.report.spans import export
from chaoskit.result import Verdict
from tests.report.documents import document

pytest.importorskip("opentelemetry.sdk")

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


def test_a_run_is_a_span_with_its_experiments_and_their_phases() -> None:
    exporter = InMemorySpanExporter()
    export(document(Verdict.PASSED), exporter)
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert set(spans) == {"run", "small-0", "prepare", "inject", "observe", "rollback"}
    assert spans["small-0"].parent == spans["run"].context
    assert spans["inject"].parent == spans["small-0"].context
    assert spans["prepare"].end_time == spans["inject"].start_time


def test_only_what_passed_is_ok() -> None:
    exporter = InMemorySpanExporter()
    export(document(Verdict.PASSED, Verdict.FAILED), exporter)
    codes = {span.name: span.status.status_code.name for span in exporter.get_finished_spans()}
    assert (codes["small-0"], codes["small-1"]) == ("OK", "ERROR")


def test_a_trace_that_nobody_takes_is_told() -> None:
    exporter = InMemorySpanExporter()
    exporter.shutdown()
    with pytest.raises(ChaoskitError, match="could not be delivered"):
        export(document(Verdict.PASSED), exporter)
