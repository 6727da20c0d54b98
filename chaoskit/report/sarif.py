"""Results as SARIF 2.1.0: a weakness stands at the line of the expectation that was not met.

Source: OASIS Standard, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from chaoskit.knowledge import catalog
from chaoskit.spec.places import expectation_lines
from chaoskit.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LEVELS: Final = {"FAILED": "error", "ERROR": "error", "ABORTED": "warning", "INCONCLUSIVE": "warning"}
_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def as_sarif(document: Mapping[str, Any]) -> str:
    """The log as JSON; a rule an experiment, and a result for each expectation missed.

    Args:
        document: Of schema `chaoskit/results/v1`.
    """
    results = document["results"]
    rules = {result["experiment"]: _rule(result) for result in results}
    index = {name: number for number, name in enumerate(rules)}
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "chaoskit",
                        "semanticVersion": __version__,
                        "rules": list(rules.values()),
                    }
                },
                "automationDetails": {"id": f"chaoskit/{document['target']}/{document['run_id']}"},
                "results": [
                    {**found, "ruleIndex": index[found["ruleId"]]}
                    for result in results
                    for found in _findings(result)
                ],
            }
        ],
    }
    return json.dumps(log, indent=2) + "\n"


def _rule(result: Mapping[str, Any]) -> dict[str, Any]:
    known = catalog("attack")
    tags = ["security", *(f"external/attack/{each}" for each in result["maps"].get("attack", ()))]
    entries = [entry for each in result["maps"].get("attack", ()) if (entry := known.find(each))]
    return {
        "id": result["experiment"],
        "shortDescription": {"text": result["title"]},
        "fullDescription": {"text": result["hypothesis"]},
        **({"helpUri": entries[0].url} if entries else {}),
        "properties": {"tags": tags, "layer": result["layer"], "owner": result["owner"]},
    }


def _findings(result: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    level = _LEVELS.get(result["verdict"])
    if level is None:
        return
    lines = expectation_lines(Path(result["path"]))
    missed = [number for number, each in enumerate(result["expectations"]) if each["met"] is False]
    if result["verdict"] != "FAILED" or not missed:
        yield _finding(result, level, 1, f"{result['verdict']}: {result['reason']}", result["verdict"])
        return
    for number in missed:
        each = result["expectations"][number]
        line = lines[number] if number < len(lines) else 1
        yield _finding(result, level, line, f"{each['role']} missed: {each['summary']}", f"expect/{number}")


def _finding(result: Mapping[str, Any], level: str, line: int, text: str, what: str) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": _uri(Path(result["path"]))}, "region": {"startLine": line}}
    return {
        "ruleId": result["experiment"],
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"chaoskit/v1": f"{result['account']}/{result['experiment']}/{what}"},
    }


def _uri(path: Path) -> str:
    """Relative to where chaoskit was called, as the root of a repository is for whoever reads the log.

    Source: RFC 3986, section 4.2; SARIF 2.1.0, section 3.4.3.
    """
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
