"""AWS::Bedrock: guardrails."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, gone_is_fine, names

if TYPE_CHECKING:
    from chaoskit.sandbox.cfn.types.base import Job

_TAKEN = (
    "Name Description BlockedInputMessaging BlockedOutputsMessaging TopicPolicyConfig ContentPolicyConfig "
    "WordPolicyConfig SensitiveInformationPolicyConfig"
)


class Guardrail(ResourceType):
    """AWS::Bedrock::Guardrail: Ref is the ARN; GuardrailArn, GuardrailId, Version."""

    name = "AWS::Bedrock::Guardrail"
    properties = names(f"{_TAKEN} KmsKeyArn Tags")

    def create(self, job: Job) -> Physical:
        given = _settings(job)
        if job.tags:
            given["tags"] = [{"key": key, "value": value} for key, value in job.tags.items()]
        made = job.client("bedrock").create_guardrail(**given)
        told = {"GuardrailArn": made["guardrailArn"], "GuardrailId": made["guardrailId"]}
        return Physical(made["guardrailArn"], {**told, "Version": made["version"]})

    def update(self, job: Job, was: Physical) -> Physical:
        job.client("bedrock").update_guardrail(guardrailIdentifier=was.id, **_settings(job))
        return was

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("bedrock").delete_guardrail(guardrailIdentifier=was.id)


class GuardrailVersion(ResourceType):
    """AWS::Bedrock::GuardrailVersion: Ref is `id|version`; GuardrailArn, GuardrailId, Version."""

    name = "AWS::Bedrock::GuardrailVersion"
    replaced_by = names("Description GuardrailIdentifier")
    properties = replaced_by

    def create(self, job: Job) -> Physical:
        client = job.client("bedrock")
        given = {
            _lower(name): value for name, value in job.pick("Description", "GuardrailIdentifier").items()
        }
        made = client.create_guardrail_version(**given)
        arn = client.get_guardrail(guardrailIdentifier=made["guardrailId"])["guardrailArn"]
        told = {"GuardrailArn": arn, "GuardrailId": made["guardrailId"], "Version": made["version"]}
        return Physical(f"{made['guardrailId']}|{made['version']}", told)

    def delete(self, job: Job, was: Physical) -> None:
        identity, _, version = was.id.partition("|")
        with gone_is_fine():
            job.client("bedrock").delete_guardrail(guardrailIdentifier=identity, guardrailVersion=version)


def _settings(job: Job) -> dict[str, Any]:
    """The template's properties as the API spells them."""
    given = {_lower(name): _spelled(value) for name, value in job.pick(*_TAKEN.split()).items()}
    if "KmsKeyArn" in job.properties:
        given["kmsKeyId"] = job.properties["KmsKeyArn"]
    return given


def _spelled(value: Any) -> Any:
    match value:
        case dict():
            return {_lower(name): _spelled(inner) for name, inner in value.items()}
        case list():
            return [_spelled(inner) for inner in value]
        case "true" | "false":
            return value == "true"
    return value


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
