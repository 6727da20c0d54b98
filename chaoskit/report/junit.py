"""Results as JUnit XML."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping


def as_junit(document: Mapping[str, Any]) -> str:
    """One test case an experiment: FAILED is a failure, what proves nothing is an error.

    Args:
        document: Of schema `chaoskit/results/v1`.
    """
    results = document["results"]
    verdicts = [result["verdict"] for result in results]
    suite = ET.Element(
        "testsuite",
        name="chaoskit",
        tests=str(len(results)),
        failures=str(verdicts.count("FAILED")),
        errors=str(sum(verdict not in {"PASSED", "FAILED"} for verdict in verdicts)),
        time=f"{sum(map(_seconds, results)):.3f}",
        timestamp=datetime.fromisoformat(document["started"]).isoformat(timespec="seconds"),
    )
    for result in results:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=f"chaoskit.{result['layer']}",
            name=result["experiment"],
            file=result["path"],
            time=f"{_seconds(result):.3f}",
        )
        if result["verdict"] != "PASSED":
            kind = "failure" if result["verdict"] == "FAILED" else "error"
            told = ET.SubElement(case, kind, type=result["verdict"], message=_clean(result["reason"]))
            lines = (f"{e['at'][11:19]} {e['event']}: {e['detail']}" for e in result["timeline"])
            told.text = _clean("\n".join(lines))
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _seconds(result: Mapping[str, Any]) -> float:
    if not result["started"] or not result["finished"]:
        return 0.0
    begun, ended = (datetime.fromisoformat(result[each]) for each in ("started", "finished"))
    return (ended - begun).total_seconds()


def _clean(text: str) -> str:
    """XML 1.0 has no place for most control characters, and error messages may hold any."""
    return "".join(char for char in text if char in "\n\t" or char.isprintable())
