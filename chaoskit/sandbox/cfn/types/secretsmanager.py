"""AWS::SecretsManager: secrets, their resource policies and their rotation."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, document, gone_is_fine, names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.sandbox.cfn.types.base import Job


class Secret(ResourceType):
    """AWS::SecretsManager::Secret: Ref is the ARN."""

    name = "AWS::SecretsManager::Secret"
    properties = names("Description GenerateSecretString KmsKeyId Name SecretString Tags")
    replaced_by = names("Name")

    def create(self, job: Job) -> Physical:
        client = job.client("secretsmanager")
        made = client.create_secret(
            Name=job.properties.get("Name") or job.generated_name(512),
            Tags=job.tag_list(),
            **job.pick("Description", "KmsKeyId"),
            **_given(client, job.properties),
        )
        return Physical(made["ARN"], {"Id": made["ARN"]})

    def update(self, job: Job, was: Physical) -> Physical:
        client = job.client("secretsmanager")
        request = job.pick("Description", "KmsKeyId")
        if job.changed("SecretString") or job.changed("GenerateSecretString"):
            request |= _given(client, job.properties)
        if request:
            client.update_secret(SecretId=was.id, **request)
        if job.tags:
            client.tag_resource(SecretId=was.id, Tags=job.tag_list())
        return was

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("secretsmanager").delete_secret(SecretId=was.id, ForceDeleteWithoutRecovery=True)


class SecretPolicy(ResourceType):
    """AWS::SecretsManager::ResourcePolicy: Ref is the secret's ARN."""

    name = "AWS::SecretsManager::ResourcePolicy"
    properties = names("BlockPublicPolicy ResourcePolicy SecretId")
    replaced_by = names("SecretId")

    def create(self, job: Job) -> Physical:
        secret = job.properties["SecretId"]
        job.client("secretsmanager").put_resource_policy(
            SecretId=secret,
            ResourcePolicy=document(job.properties["ResourcePolicy"]),
            BlockPublicPolicy=_true(job.properties.get("BlockPublicPolicy", False)),
        )
        return Physical(secret, {"Id": secret})

    def update(self, job: Job, was: Physical) -> Physical:
        del was
        return self.create(job)

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("secretsmanager").delete_resource_policy(SecretId=was.id)


class RotationSchedule(ResourceType):
    """AWS::SecretsManager::RotationSchedule: Ref is the secret's ARN."""

    name = "AWS::SecretsManager::RotationSchedule"
    properties = names("RotateImmediatelyOnUpdate RotationLambdaARN RotationRules SecretId")
    replaced_by = names("SecretId")

    def create(self, job: Job) -> Physical:
        secret = job.properties["SecretId"]
        rules: dict[str, Any] = dict(job.properties.get("RotationRules", {}))
        if "AutomaticallyAfterDays" in rules:
            rules["AutomaticallyAfterDays"] = int(rules["AutomaticallyAfterDays"])
        job.client("secretsmanager").rotate_secret(
            SecretId=secret,
            RotationRules=rules,
            RotateImmediately=_true(job.properties.get("RotateImmediatelyOnUpdate", True)),
            **job.pick("RotationLambdaARN"),
        )
        return Physical(secret, {"Id": secret})

    def update(self, job: Job, was: Physical) -> Physical:
        del was
        return self.create(job)

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("secretsmanager").cancel_rotate_secret(SecretId=was.id)


def _given(client: Any, given: Mapping[str, Any]) -> dict[str, str]:
    """The secret's value; a secret that is given none is empty (Template Reference, SecretString)."""
    if "GenerateSecretString" in given:
        return {"SecretString": _generated(client, given)}
    return {"SecretString": str(given["SecretString"])} if "SecretString" in given else {}


def _generated(client: Any, given: Mapping[str, Any]) -> str:
    """A random password in its template (Template Reference, GenerateSecretString)."""
    wanted = dict(given["GenerateSecretString"])
    template, key = wanted.pop("SecretStringTemplate", None), wanted.pop("GenerateStringKey", None)
    asked = {name: int(value) if name == "PasswordLength" else value for name, value in wanted.items()}
    password: str = client.get_random_password(**asked)["RandomPassword"]
    return json.dumps({**json.loads(template), key: password}) if template and key else password


def _true(value: Any) -> bool:
    return str(value).lower() == "true"
