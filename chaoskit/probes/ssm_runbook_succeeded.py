"""Looks whether a runbook repaired what the fault touched."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("ssm.runbook-succeeded")
class RunbookSucceeded(Probe):
    """An execution of the SSM Automation document, started since the run began, succeeded.

    It counts only if one of its parameters names something that the fault touched.

    Attributes:
        document: The document's name.
    """

    document: str

    reads = ("ssm:DescribeAutomationExecutions", "ssm:GetAutomationExecution")

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """List the executions since the run began and read the parameters and state of each."""
        ids = aws.read(
            Query(
                "ssm",
                "DescribeAutomationExecutions",
                {
                    "Filters": [
                        {"Key": "DocumentNamePrefix", "Values": [self.document]},
                        {"Key": "StartTimeAfter", "Values": [trace.since.strftime("%Y-%m-%dT%H:%M:%SZ")]},
                    ]
                },
                f"AutomationExecutionMetadataList[?DocumentName == '{self.document}'].AutomationExecutionId",
            )
        )
        failed: Mapping[str, Any] | None = None
        for execution_id in ids or []:
            execution = aws.read(
                Query(
                    "ssm",
                    "GetAutomationExecution",
                    {"AutomationExecutionId": execution_id},
                    "AutomationExecution",
                )
            )
            if not _repaired(execution, trace):
                continue
            if execution["AutomationExecutionStatus"] == "Success":
                return self._succeeded(execution, trace)
            failed = execution
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

    def _succeeded(self, execution: Mapping[str, Any], trace: Trace) -> Observation:
        ended = execution.get("ExecutionEndTime")
        return Observation(
            holds=True,
            summary=f"runbook {self.document} succeeded",
            evidence={
                "runbook": self.document,
                "execution_id": execution["AutomationExecutionId"],
                "repaired": sorted(_repaired(execution, trace)),
                "steps": [
                    f"{step['StepName']}: {step['StepStatus']}"
                    for step in execution.get("StepExecutions", [])
                ],
            },
            at=datetime.fromisoformat(ended) if ended else None,
            final=True,
        )


def _repaired(execution: Mapping[str, Any], trace: Trace) -> frozenset[str]:
    """What of the things that the fault touched the execution's parameters name."""
    return trace.touched() & {v for values in execution.get("Parameters", {}).values() for v in values}
