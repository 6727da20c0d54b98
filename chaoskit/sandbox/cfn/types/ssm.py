"""AWS::SSM: parameters."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, gone_is_fine, names

if TYPE_CHECKING:
    from chaoskit.sandbox.cfn.types.base import Job


class Parameter(ResourceType):
    """AWS::SSM::Parameter, a text or a list of texts: Ref is the name; Type, Value."""

    name = "AWS::SSM::Parameter"
    properties = names("AllowedPattern DataType Description Name Tags Tier Type Value")
    replaced_by = names("Name")

    def create(self, job: Job) -> Physical:
        name = job.properties.get("Name") or job.generated_name(1011)
        job.client("ssm").put_parameter(Name=name, **self._content(job), Tags=job.tag_list())
        return self._physical(job, name)

    def update(self, job: Job, was: Physical) -> Physical:
        job.client("ssm").put_parameter(Name=was.id, **self._content(job), Overwrite=True)
        if job.tags:
            where = {"ResourceType": "Parameter", "ResourceId": was.id}
            job.client("ssm").add_tags_to_resource(**where, Tags=job.tag_list())
        return self._physical(job, was.id)

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("ssm").delete_parameter(Name=was.id)

    def _content(self, job: Job) -> dict[str, Any]:
        return job.pick("AllowedPattern", "DataType", "Description", "Tier", "Type", "Value")

    def _physical(self, job: Job, name: str) -> Physical:
        return Physical(name, job.pick("Type", "Value"))
