"""AWS::StepFunctions: state machines whose definition stands in the template."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, document, gone_is_fine, names

if TYPE_CHECKING:
    from chaoskit.sandbox.cfn.types.base import Job

_SUBSTITUTED = re.compile(r"\$\{(\w+)\}")


class StateMachine(ResourceType):
    """AWS::StepFunctions::StateMachine: Ref is the ARN; Arn, Name."""

    name = "AWS::StepFunctions::StateMachine"
    replaced_by = names("StateMachineName StateMachineType")
    properties = replaced_by | names(
        "Definition DefinitionString DefinitionSubstitutions LoggingConfiguration RoleArn Tags "
        "TracingConfiguration"
    )

    def create(self, job: Job) -> Physical:
        name = job.properties.get("StateMachineName") or job.generated_name(80)
        made = job.client("stepfunctions").create_state_machine(
            name=name,
            type=job.properties.get("StateMachineType", "STANDARD"),
            roleArn=job.properties["RoleArn"],
            definition=_definition(job),
            **_watched(job),
            tags=[{"key": key, "value": value} for key, value in job.tags.items()],
        )
        return Physical(made["stateMachineArn"], {"Arn": made["stateMachineArn"], "Name": name})

    def update(self, job: Job, was: Physical) -> Physical:
        job.client("stepfunctions").update_state_machine(
            stateMachineArn=was.id,
            roleArn=job.properties["RoleArn"],
            definition=_definition(job),
            **_watched(job),
        )
        return was

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("stepfunctions").delete_state_machine(stateMachineArn=was.id)


def _watched(job: Job) -> dict[str, Any]:
    """Logging and tracing, as the API spells them."""
    out: dict[str, Any] = {}
    if logging := job.properties.get("LoggingConfiguration"):
        groups = [each["CloudWatchLogsLogGroup"]["LogGroupArn"] for each in logging.get("Destinations", [])]
        out["loggingConfiguration"] = {
            "level": logging.get("Level", "OFF"),
            "includeExecutionData": _true(logging.get("IncludeExecutionData", False)),
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": each}} for each in groups],
        }
    if tracing := job.properties.get("TracingConfiguration"):
        out["tracingConfiguration"] = {"enabled": _true(tracing.get("Enabled", False))}
    return out


def _true(value: Any) -> bool:
    return str(value).lower() == "true"


def _definition(job: Job) -> str:
    """The definition, with its substitutions made (Template Reference, DefinitionSubstitutions)."""
    given = job.properties.get("DefinitionString", job.properties.get("Definition"))
    values = job.properties.get("DefinitionSubstitutions") or {}
    return _SUBSTITUTED.sub(lambda found: str(values.get(found.group(1), found.group())), document(given))
