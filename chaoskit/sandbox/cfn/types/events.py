"""AWS::Events: rules and their targets."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, gone_is_fine, names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.sandbox.cfn.types.base import Job


class Rule(ResourceType):
    """AWS::Events::Rule: Ref is the name (`bus|name` off the default bus); Arn."""

    name = "AWS::Events::Rule"
    properties = names(
        "Description EventBusName EventPattern Name RoleArn ScheduleExpression State Tags Targets"
    )
    replaced_by = names("Name EventBusName")

    def create(self, job: Job) -> Physical:
        name = job.properties.get("Name") or job.generated_name(64)
        bus = job.properties.get("EventBusName", "default")
        arn = self._put_rule(job, name)
        physical = Physical(name if bus == "default" else f"{bus}|{name}", {"Arn": arn, "Name": name})
        was = job.claim(physical)
        self._put_targets(job, name)
        return was

    def update(self, job: Job, was: Physical) -> Physical:
        self._put_rule(job, was.attributes["Name"])
        self._put_targets(job, was.attributes["Name"])
        return was

    def delete(self, job: Job, was: Physical) -> None:
        events, name = job.client("events"), was.attributes["Name"]
        with gone_is_fine():
            if ids := _ids(job.properties):
                events.remove_targets(Rule=name, Ids=ids, **job.pick("EventBusName"))
            events.delete_rule(Name=name, **job.pick("EventBusName"))

    def _put_rule(self, job: Job, name: str) -> str:
        events = job.client("events")
        request = job.pick("Description", "EventBusName", "RoleArn", "ScheduleExpression", "State")
        if "EventPattern" in job.properties:
            pattern = job.properties["EventPattern"]
            request["EventPattern"] = pattern if isinstance(pattern, str) else json.dumps(pattern)
        # Tags are only taken when the rule is made (PutRule API reference).
        if job.tags and not job.before:
            request["Tags"] = job.tag_list()
        arn: str = events.put_rule(Name=name, **request)["RuleArn"]
        return arn

    def _put_targets(self, job: Job, name: str) -> None:
        events = job.client("events")
        if stale := sorted(set(_ids(job.before)) - set(_ids(job.properties))):
            events.remove_targets(Rule=name, Ids=stale, **job.pick("EventBusName"))
        if targets := [_target(target) for target in job.properties.get("Targets", [])]:
            put = events.put_targets(Rule=name, Targets=targets, **job.pick("EventBusName"))
            if put["FailedEntryCount"]:
                failed = put["FailedEntries"][0]
                raise ValueError(f"target {failed['TargetId']}: {failed['ErrorMessage']}")


def _ids(given: Mapping[str, Any]) -> list[str]:
    return [target["Id"] for target in given.get("Targets", [])]


def _target(target: Mapping[str, Any]) -> dict[str, Any]:
    """A target as the API takes it: numbers may be text in a template."""
    out = dict(target)
    if "RetryPolicy" in out:
        out["RetryPolicy"] = {name: int(value) for name, value in out["RetryPolicy"].items()}
    return out
