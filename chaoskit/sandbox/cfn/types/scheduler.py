"""AWS::Scheduler: schedules."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, gone_is_fine, names

if TYPE_CHECKING:
    from chaoskit.sandbox.cfn.types.base import Job

_SETTINGS = names(
    "Description EndDate FlexibleTimeWindow GroupName KmsKeyArn ScheduleExpression "
    "ScheduleExpressionTimezone StartDate State Target"
)


class Schedule(ResourceType):
    """AWS::Scheduler::Schedule: Ref is the name; Arn."""

    name = "AWS::Scheduler::Schedule"
    properties = _SETTINGS | {"Name"}
    replaced_by = names("Name")

    def create(self, job: Job) -> Physical:
        name = job.properties.get("Name") or job.generated_name(64)
        made = job.client("scheduler").create_schedule(Name=name, **self._settings(job))
        return Physical(name, {"Arn": made["ScheduleArn"]})

    def update(self, job: Job, was: Physical) -> Physical:
        job.client("scheduler").update_schedule(Name=was.id, **self._settings(job))
        return was

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("scheduler").delete_schedule(Name=was.id, **job.pick("GroupName"))

    def _settings(self, job: Job) -> dict[str, Any]:
        """As the API takes them: the network of a task is spelled in lower case there."""
        given: dict[str, Any] = _numbers(job.pick(*_SETTINGS))
        ecs = given.get("Target", {}).get("EcsParameters", {})
        network = ecs.get("NetworkConfiguration", {})
        if "AwsvpcConfiguration" in network:
            inner = {"awsvpcConfiguration": network["AwsvpcConfiguration"]}
            given["Target"] = {**given["Target"], "EcsParameters": {**ecs, "NetworkConfiguration": inner}}
        return given


_COUNTS = names("MaximumEventAgeInSeconds MaximumRetryAttempts MaximumWindowInMinutes TaskCount")


def _numbers(value: Any, name: str = "") -> Any:
    """Parameters of a template are texts: what the API counts as numbers again."""
    if isinstance(value, dict):
        return {key: _numbers(inner, key) for key, inner in value.items()}
    return int(value) if name in _COUNTS else value
