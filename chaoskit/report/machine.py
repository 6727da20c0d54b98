"""Results as files that other programs read: JSON and JUnit XML."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from chaoskit.result import Verdict

if TYPE_CHECKING:
    from chaoskit.result import Result, Results


def as_json(results: Results) -> str:
    """The document of schema `chaoskit/results/v1`."""
    return json.dumps(results.dump(), indent=2) + "\n"


def as_junit(results: Results) -> str:
    """One test case an experiment: FAILED is a failure, what proves nothing is an error."""
    suite = ET.Element(
        "testsuite",
        name="chaoskit",
        tests=str(len(results.results)),
        failures=str(sum(r.verdict is Verdict.FAILED for r in results.results)),
        errors=str(sum(r.verdict not in (Verdict.PASSED, Verdict.FAILED) for r in results.results)),
        time=f"{sum(map(_seconds, results.results)):.3f}",
        timestamp=results.started.isoformat(timespec="seconds"),
    )
    for result in results.results:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=f"chaoskit.{result.experiment.layer}",
            name=result.experiment.id,
            file=str(result.experiment.path),
            time=f"{_seconds(result):.3f}",
        )
        if result.verdict is not Verdict.PASSED:
            kind = "failure" if result.verdict is Verdict.FAILED else "error"
            told = ET.SubElement(case, kind, type=result.verdict.value, message=_clean(result.reason))
            told.text = _clean("\n".join(f"{e.at:%H:%M:%S} {e.event}: {e.detail}" for e in result.timeline))
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _seconds(result: Result) -> float:
    if result.started is None or result.finished is None:
        return 0.0
    return (result.finished - result.started).total_seconds()


def _clean(text: str) -> str:
    """XML 1.0 has no place for most control characters, and error messages may hold any."""
    return "".join(char for char in text if char in "\n\t" or char.isprintable())
