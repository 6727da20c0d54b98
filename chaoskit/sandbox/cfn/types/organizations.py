"""AWS::Organizations: units and policies, in the management account."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, document, gone_is_fine, names

if TYPE_CHECKING:
    from chaoskit.sandbox.cfn.types.base import Job


class OrganizationalUnit(ResourceType):
    """AWS::Organizations::OrganizationalUnit: Ref is the id; Arn, Id."""

    name = "AWS::Organizations::OrganizationalUnit"
    properties = names("Name ParentId Tags")
    replaced_by = names("ParentId")

    def create(self, job: Job) -> Physical:
        made = job.client("organizations").create_organizational_unit(
            Tags=job.tag_list(), **job.pick("Name", "ParentId")
        )["OrganizationalUnit"]
        return Physical(made["Id"], {"Arn": made["Arn"], "Id": made["Id"]})

    def update(self, job: Job, was: Physical) -> Physical:
        if job.properties["Name"] != job.before["Name"]:
            job.client("organizations").update_organizational_unit(
                OrganizationalUnitId=was.id, Name=job.properties["Name"]
            )
        return was

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("organizations").delete_organizational_unit(OrganizationalUnitId=was.id)


class Policy(ResourceType):
    """AWS::Organizations::Policy: Ref is the id; Arn, AwsManaged, Id."""

    name = "AWS::Organizations::Policy"
    properties = names("Content Description Name Tags TargetIds Type")
    replaced_by = names("Type")

    def create(self, job: Job) -> Physical:
        client = job.client("organizations")
        made = client.create_policy(
            Content=document(job.properties["Content"]),
            Description=job.properties.get("Description", ""),
            Tags=job.tag_list(),
            **job.pick("Name", "Type"),
        )["Policy"]["PolicySummary"]
        was = job.claim(Physical(made["Id"], {"Arn": made["Arn"], "AwsManaged": False, "Id": made["Id"]}))
        for target in job.properties.get("TargetIds", []):
            client.attach_policy(PolicyId=was.id, TargetId=target)
        return was

    def update(self, job: Job, was: Physical) -> Physical:
        client = job.client("organizations")
        client.update_policy(
            PolicyId=was.id,
            Name=job.properties["Name"],
            Description=job.properties.get("Description", ""),
            Content=document(job.properties["Content"]),
        )
        wanted, had = set(job.properties.get("TargetIds", [])), set(job.before.get("TargetIds", []))
        for target in sorted(had - wanted):
            with gone_is_fine():
                client.detach_policy(PolicyId=was.id, TargetId=target)
        for target in sorted(wanted - had):
            client.attach_policy(PolicyId=was.id, TargetId=target)
        return was

    def delete(self, job: Job, was: Physical) -> None:
        client = job.client("organizations")
        for target in job.properties.get("TargetIds", []):
            with gone_is_fine():
                client.detach_policy(PolicyId=was.id, TargetId=target)
        with gone_is_fine():
            client.delete_policy(PolicyId=was.id)
