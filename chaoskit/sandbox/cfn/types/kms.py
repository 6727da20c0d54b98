"""AWS::KMS: keys and aliases."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, document, gone_is_fine, names

if TYPE_CHECKING:
    from chaoskit.sandbox.cfn.types.base import Job


class Key(ResourceType):
    """AWS::KMS::Key: Ref is the key id; Arn, KeyId."""

    name = "AWS::KMS::Key"
    properties = names("Description EnableKeyRotation Enabled KeyPolicy PendingWindowInDays Tags")

    def create(self, job: Job) -> Physical:
        kms = job.client("kms")
        made = kms.create_key(
            Description=job.properties.get("Description", ""),
            Tags=[{"TagKey": key, "TagValue": value} for key, value in job.tags.items()],
            **({"Policy": document(job.properties["KeyPolicy"])} if "KeyPolicy" in job.properties else {}),
        )["KeyMetadata"]
        was = job.claim(Physical(made["KeyId"], {"Arn": made["Arn"], "KeyId": made["KeyId"]}))
        self._switch(job, was)
        return was

    def update(self, job: Job, was: Physical) -> Physical:
        kms = job.client("kms")
        if "KeyPolicy" in job.properties:
            kms.put_key_policy(
                KeyId=was.id, PolicyName="default", Policy=document(job.properties["KeyPolicy"])
            )
        kms.update_key_description(KeyId=was.id, Description=job.properties.get("Description", ""))
        self._switch(job, was)
        return was

    def delete(self, job: Job, was: Physical) -> None:
        days = int(job.properties.get("PendingWindowInDays", 30))
        with gone_is_fine():
            job.client("kms").schedule_key_deletion(KeyId=was.id, PendingWindowInDays=days)

    def _switch(self, job: Job, was: Physical) -> None:
        kms = job.client("kms")
        rotate = str(job.properties.get("EnableKeyRotation", False)).lower() == "true"
        if rotate:
            kms.enable_key_rotation(KeyId=was.id)
        elif job.before:
            kms.disable_key_rotation(KeyId=was.id)
        enabled = str(job.properties.get("Enabled", True)).lower() == "true"
        if not enabled:
            kms.disable_key(KeyId=was.id)
        elif job.before:
            kms.enable_key(KeyId=was.id)


class Alias(ResourceType):
    """AWS::KMS::Alias: Ref is the alias's name."""

    name = "AWS::KMS::Alias"
    properties = names("AliasName TargetKeyId")
    replaced_by = names("AliasName")

    def create(self, job: Job) -> Physical:
        job.client("kms").create_alias(**job.pick("AliasName", "TargetKeyId"))
        return Physical(job.properties["AliasName"])

    def update(self, job: Job, was: Physical) -> Physical:
        job.client("kms").update_alias(**job.pick("AliasName", "TargetKeyId"))
        return was

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("kms").delete_alias(AliasName=was.id)
