"""Looks whether a runbook repaired what the fault touched."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe
from chaoskit.probes._global import unrecorded
from chaoskit.probes._records import lookup
from chaoskit.probes._repairs import touched_by

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("ssm.runbook-succeeded")
class RunbookSucceeded(Probe):
    """An execution of the SSM Automation document, started since the fault, succeeded.

    It counts only if one of its parameters names something that the fault had touched. While a later one of
    these goes on or has failed, an earlier one's success says nothing. Of a fault whose
    effect was never seen it tells that there was one only if it had something to change: the event history
    must have a call of its session (`Automation-` and the execution's id) that wrote and was not refused.

    Attributes:
        document: The document's name.
    """

    document: str

    reads = ("cloudtrail:LookupEvents", "ssm:DescribeAutomationExecutions", "ssm:GetAutomationExecution")

    def before(self, aws: Reader, trace: Trace) -> frozenset[str]:
        """The executions that an earlier run's fault, or somebody else, has started."""
        return frozenset(self._started(aws, trace))

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """List the executions since the fault and read the parameters and state of each."""
        failed: Mapping[str, Any] | None = None
        succeeded: Mapping[str, Any] | None = None
        for execution_id in self._started(aws, trace):
            where = {"AutomationExecutionId": execution_id}
            execution = aws.read(Query("ssm", "GetAutomationExecution", where, "AutomationExecution"))
            if not _repaired(execution, trace):
                continue
            if execution["AutomationExecutionStatus"] != "Success":
                failed = execution
                break
            succeeded = execution
        if succeeded:
            return self._succeeded(aws, succeeded, trace)
        if failed:
            status, why = failed["AutomationExecutionStatus"], failed.get("FailureMessage", "")
            return Observation(
                holds=False,
                summary=f"runbook {self.document} is {status}{': ' + why if why else ''}",
                evidence={"execution_id": failed["AutomationExecutionId"], "status": status, "failure": why},
            )
        return Observation(
            holds=False, summary=f"runbook {self.document} has not been started for this fault"
        )

    def _started(self, aws: Reader, trace: Trace) -> list[str]:
        """The executions since the run began that are not from before the fault, newest first."""
        metadata = "AutomationExecutionMetadataList"
        which = f"{metadata}[?DocumentName == '{self.document}'].[ExecutionStartTime, AutomationExecutionId]"
        filters = [
            {"Key": "DocumentNamePrefix", "Values": [self.document]},
            {"Key": "StartTimeAfter", "Values": [trace.since.strftime("%Y-%m-%dT%H:%M:%SZ")]},
        ]
        found = aws.read(Query("ssm", "DescribeAutomationExecutions", {"Filters": filters}, which))
        return [each for _, each in sorted(found or (), reverse=True) if each not in trace.before]

    def _succeeded(self, aws: Reader, execution: Mapping[str, Any], trace: Trace) -> Observation:
        ended = execution.get("ExecutionEndTime")
        unseen = any(attempt.effect is False for attempt in trace.attempts)
        wrote = _writes(aws, execution) if unseen else []
        repaired = {"repaired": sorted(_repaired(execution, trace))} if wrote or not unseen else {}
        why = "" if repaired else unrecorded(aws.region, (a.call.service for a in trace.attempts))
        return Observation(
            holds=True,
            summary=f"runbook {self.document} succeeded{', but ' if why else ''}{why}",
            evidence={
                "runbook": self.document,
                "execution_id": execution["AutomationExecutionId"],
                **repaired,
                **({"wrote": wrote} if unseen else {}),
                "steps": [
                    f"{step['StepName']}: {step['StepStatus']}"
                    for step in execution.get("StepExecutions", [])
                ],
            },
            at=datetime.fromisoformat(ended) if ended else None,
            final=True,
        )


def _writes(aws: Reader, execution: Mapping[str, Any]) -> list[str]:
    """The calls of an execution that changed something, oldest first."""
    session = f"Automation-{execution['AutomationExecutionId']}"
    query = Query(
        "cloudtrail",
        "LookupEvents",
        {"LookupAttributes": [{"AttributeKey": "Username", "AttributeValue": session}]},
        "Events[].CloudTrailEvent",
    )
    records = [json.loads(text) for text in reversed(lookup(aws, query) or [])]
    return [
        str(one["eventName"]) for one in records if one.get("readOnly") is False and not one.get("errorCode")
    ]


def _repaired(execution: Mapping[str, Any], trace: Trace) -> frozenset[str]:
    """What of the things that the fault had touched when it started the execution's parameters name."""
    began = execution.get("ExecutionStartTime")
    named = {v for values in execution.get("Parameters", {}).values() for v in values}
    return touched_by(trace, datetime.fromisoformat(began)) & named if began else frozenset()
