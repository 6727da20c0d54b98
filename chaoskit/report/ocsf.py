"""Results as events of the Open Cybersecurity Schema Framework, class Compliance Finding.

Source: OCSF Schema 1.3.0, class `compliance_finding` (uid 2003) of the category Findings, and object
`compliance`, whose `standards` are required.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from chaoskit.knowledge import catalog
from chaoskit.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.knowledge import Kind

_VERSION: Final = "1.3.0"
_CLASS: Final = 2003
_CREATE: Final = 1
_STATUS: Final = {"PASSED": (1, "Pass"), "FAILED": (3, "Fail")}
_WARNING: Final = (2, "Warning")
_SEVERITY: Final = {"PASSED": (1, "Informational"), "FAILED": (4, "High"), "ERROR": (5, "Critical")}
_CATALOGS: Final[tuple[Kind, ...]] = ("attack", "atlas", "owasp_ml")
_OWN: Final = "chaoskit hypothesis"
_MEDIUM: Final = (3, "Medium")


def as_ocsf(document: Mapping[str, Any]) -> str:
    """An event a line, as JSON.

    Args:
        document: Of schema `chaoskit/results/v1`.
    """
    return "".join(json.dumps(_event(result, document["started"])) + "\n" for result in document["results"])


def _event(result: Mapping[str, Any], run_started: str) -> dict[str, Any]:
    started = result["started"] or run_started  # one that was refused before it began has no time of its own
    status_id, status = _STATUS.get(result["verdict"], _WARNING)
    severity_id, severity = _SEVERITY.get(result["verdict"], _MEDIUM)
    known = catalog("attack")
    entries = [entry for each in result["maps"].get("attack", ()) if (entry := known.find(each))]
    return {
        "activity_id": _CREATE,
        "category_uid": 2,
        "class_uid": _CLASS,
        "type_uid": _CLASS * 100 + _CREATE,
        "time": _milliseconds(result["finished"] or started),
        "start_time": _milliseconds(started),
        "severity_id": severity_id,
        "severity": severity,
        "message": f"{result['verdict']}: {result['reason']}",
        "metadata": {
            "version": _VERSION,
            "product": {"name": "chaoskit", "version": __version__},
            "correlation_uid": result["trace_id"],
        },
        "finding_info": {
            "uid": f"chaoskit/{result['account']}/{result['region']}/{result['experiment']}",
            "title": result["title"],
            "desc": result["hypothesis"],
            "attacks": [
                {"technique": {"uid": entry.id, "name": entry.name}, "version": known.version}
                for entry in entries
            ],
        },
        "compliance": {
            "control": result["experiment"],
            "requirements": list(result["maps"].get("compliance", ())),
            "standards": _standards(result["maps"]),
            "status_id": status_id,
            "status": status,
        },
        "cloud": {"provider": "AWS", "region": result["region"], "account": {"uid": result["account"]}},
        "resources": [{"type": "AWS::::Account", "uid": result["account"], "region": result["region"]}],
    }


def _standards(maps: Mapping[str, Any]) -> list[str]:
    """What the result is evidence for; without any, the catalogs of attacks, or the hypothesis itself."""
    controls = sorted({_standard(each) for each in maps.get("compliance", ())})
    return controls or [catalog(kind).name for kind in _CATALOGS if maps.get(kind)] or [_OWN]


def _standard(control: str) -> str:
    """The standard that a control belongs to, by the longest beginning that is one."""
    sources = [each for each in catalog("compliance").sources if control.startswith(f"{each}-")]
    return max(sources, key=len, default=control)


def _milliseconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1000)
