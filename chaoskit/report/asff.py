"""Results as findings of Security Hub.

Source: AWS Security Hub User Guide, "Required ASFF attributes" and "Optional top-level ASFF attributes". The
next run of an experiment updates its finding, and what an analyst has set stays ("BatchImportFindings for
finding providers"; API Reference, `BatchImportFindings`): an update can't change `Workflow`, `Note`,
`UserDefinedFields` and `VerificationState`, and severity and types are given in `FindingProviderFields`, not
on top, where analysts overwrite them. Security Hub itself opens a finding again, from NOTIFIED or RESOLVED
to NEW, when its compliance is no longer PASSED (API Reference, `Workflow`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

AT_ONCE: Final = 100
"""How many findings BatchImportFindings takes (Security Hub API Reference)."""
_STATUS: Final = {"PASSED": "PASSED", "FAILED": "FAILED"}
_SEVERITY: Final = {"PASSED": "INFORMATIONAL", "FAILED": "HIGH", "ERROR": "CRITICAL"}
_LONGEST_TITLE: Final = 256
_LONGEST_TEXT: Final = 1024


def findings(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A finding for each result; the next run of the same experiment updates it.

    Args:
        document: Of schema `chaoskit/results/v1`.
    """
    return [_finding(result, document["started"]) for result in document["results"]]


def _finding(result: Mapping[str, Any], run_started: str) -> dict[str, Any]:
    started = result["started"] or run_started  # one that was refused before it began has no time of its own
    account, region, verdict = result["account"], result["region"], result["verdict"]
    seen = [f"{each['role']}: {each['summary']}" for each in result["expectations"]]
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"chaoskit/{account}/{region}/{result['experiment']}",
        "ProductArn": f"arn:aws:securityhub:{region}:{account}:product/{account}/default",
        "ProductName": "chaoskit",
        "GeneratorId": f"chaoskit/{result['experiment']}",
        "AwsAccountId": account,
        "FirstObservedAt": started,
        "CreatedAt": started,
        "UpdatedAt": result["finished"] or started,
        "FindingProviderFields": {
            "Severity": {"Label": _SEVERITY.get(verdict, "MEDIUM")},
            "Types": ["Software and Configuration Checks/AWS Security Best Practices"],
        },
        "Title": result["title"][:_LONGEST_TITLE],
        "Description": f"{verdict}: {result['reason']}"[:_LONGEST_TEXT],
        "ProductFields": {
            "chaoskit/experiment": result["experiment"],
            "chaoskit/trace": result["trace_id"],
            "chaoskit/layer": result["layer"],
            "chaoskit/owner": result["owner"],
            **{f"chaoskit/seen/{number}": text[:_LONGEST_TEXT] for number, text in enumerate(seen)},
        },
        "Resources": [{"Type": "AwsAccount", "Id": f"AWS::::Account:{account}", "Region": region}],
        "Compliance": {
            "Status": _STATUS.get(verdict, "WARNING"),
            "RelatedRequirements": list(result["maps"].get("compliance", ())),
        },
        # Only of a finding that is new: one that passed at once is nobody's work.
        **({"Workflow": {"Status": "RESOLVED"}} if verdict == "PASSED" else {}),
        "RecordState": "ACTIVE",
    }
