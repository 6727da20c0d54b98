"""AWS::Lambda: functions whose code is inline or in S3, who may invoke them, and layers."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, gone_is_fine, names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.sandbox.cfn.types.base import Job

_SETTINGS = (
    "Handler", "Runtime", "Role", "Timeout", "MemorySize", "Environment", "Description", "KmsKeyArn",
    "VpcConfig",
)  # fmt: skip


class Function(ResourceType):
    """AWS::Lambda::Function: Ref is the name; Arn."""

    name = "AWS::Lambda::Function"
    properties = names(
        "Architectures Code Description Environment FunctionName Handler KmsKeyArn MemorySize "
        "ReservedConcurrentExecutions Role Runtime Tags Timeout VpcConfig"
    )
    replaced_by = names("FunctionName")

    def create(self, job: Job) -> Physical:
        client = job.client("lambda")
        made = client.create_function(
            FunctionName=job.properties.get("FunctionName") or job.generated_name(64),
            Code=_code(job.properties),
            Tags=dict(job.tags),
            **job.pick(*_SETTINGS, "Architectures"),
        )
        was = job.claim(Physical(made["FunctionName"], {"Arn": made["FunctionArn"]}))
        self._reserve(job, was.id)
        return was

    def update(self, job: Job, was: Physical) -> Physical:
        client = job.client("lambda")
        if job.properties["Code"] != job.before["Code"]:
            client.update_function_code(FunctionName=was.id, **_code(job.properties))
        settings = job.pick(*_SETTINGS)
        if settings != {name: job.before[name] for name in _SETTINGS if name in job.before}:
            client.update_function_configuration(FunctionName=was.id, **settings)
        if job.tags:
            client.tag_resource(Resource=was.attributes["Arn"], Tags=dict(job.tags))
        self._reserve(job, was.id)
        return was

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("lambda").delete_function(FunctionName=was.id)

    def _reserve(self, job: Job, name: str) -> None:
        reserved = job.properties.get("ReservedConcurrentExecutions")
        if reserved == job.before.get("ReservedConcurrentExecutions"):
            return
        client = job.client("lambda")
        if reserved is None:
            client.delete_function_concurrency(FunctionName=name)
        else:
            client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=int(reserved))


class Permission(ResourceType):
    """AWS::Lambda::Permission: Ref is the statement's id."""

    name = "AWS::Lambda::Permission"
    properties = replaced_by = names("Action FunctionName Principal SourceAccount SourceArn")

    def create(self, job: Job) -> Physical:
        sid = job.generated_name(100)
        job.client("lambda").add_permission(StatementId=sid, **job.properties)
        return Physical(sid)

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("lambda").remove_permission(StatementId=was.id, **job.pick("FunctionName"))


class LayerVersion(ResourceType):
    """AWS::Lambda::LayerVersion: Ref is the version's ARN."""

    name = "AWS::Lambda::LayerVersion"
    properties = replaced_by = names("CompatibleRuntimes Content Description LayerName")

    def create(self, job: Job) -> Physical:
        given = {**job.properties, "LayerName": job.properties.get("LayerName") or job.generated_name(100)}
        return Physical(job.client("lambda").publish_layer_version(**given)["LayerVersionArn"])

    def delete(self, job: Job, was: Physical) -> None:
        layer, _, version = was.id.rpartition(":")
        with gone_is_fine():
            job.client("lambda").delete_layer_version(LayerName=layer, VersionNumber=int(version))


def _code(given: Mapping[str, Any]) -> dict[str, Any]:
    """The code as the API takes it: inline text becomes `index.<ext>` in a zip (Template Reference, Code)."""
    code = given["Code"]
    if "ZipFile" not in code:
        return {name: code[name] for name in ("S3Bucket", "S3Key", "S3ObjectVersion") if name in code}
    extension = "py" if given["Runtime"].startswith("python") else "js"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        # A fixed date keeps the archive, and so its CodeSha256, the same for the same code.
        target.writestr(zipfile.ZipInfo(f"index.{extension}", (1980, 1, 1, 0, 0, 0)), code["ZipFile"])
    return {"ZipFile": archive.getvalue()}
