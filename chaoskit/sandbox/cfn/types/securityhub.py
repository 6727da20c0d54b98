"""AWS::SecurityHub::Hub and AWS::SecurityHub::Standard."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, gone_is_fine, names

if TYPE_CHECKING:
    from chaoskit.sandbox.cfn.types.base import Job


class Hub(ResourceType):
    """AWS::SecurityHub::Hub: Ref is the hub's ARN."""

    name = "AWS::SecurityHub::Hub"
    properties = names("ControlFindingGenerator EnableDefaultStandards Tags")
    replaced_by = names("ControlFindingGenerator EnableDefaultStandards")

    def create(self, job: Job) -> Physical:
        hub = job.client("securityhub")
        default = str(job.properties.get("EnableDefaultStandards", True)).lower() == "true"
        request = job.pick("ControlFindingGenerator")
        hub.enable_security_hub(**request, EnableDefaultStandards=default, Tags=dict(job.tags))
        arn = hub.describe_hub()["HubArn"]
        return Physical(arn, {"ARN": arn})

    def delete(self, job: Job, was: Physical) -> None:
        del was
        with gone_is_fine():
            job.client("securityhub").disable_security_hub()


class Standard(ResourceType):
    """AWS::SecurityHub::Standard: Ref is the subscription's ARN."""

    name = "AWS::SecurityHub::Standard"
    properties = names("StandardsArn")
    replaced_by = names("StandardsArn")

    def create(self, job: Job) -> Physical:
        wanted = [{"StandardsArn": job.properties["StandardsArn"]}]
        made = job.client("securityhub").batch_enable_standards(StandardsSubscriptionRequests=wanted)
        arn = made["StandardsSubscriptions"][0]["StandardsSubscriptionArn"]
        return Physical(arn, {"StandardsSubscriptionArn": arn})

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("securityhub").batch_disable_standards(StandardsSubscriptionArns=[was.id])
