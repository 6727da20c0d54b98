"""AWS::DynamoDB: tables without indexes or streams."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, gone_is_fine, names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.sandbox.cfn.types.base import Job


class Table(ResourceType):
    """AWS::DynamoDB::Table: Ref is the name; Arn."""

    name = "AWS::DynamoDB::Table"
    replaced_by = names("AttributeDefinitions KeySchema TableName")
    properties = replaced_by | names(
        "BillingMode DeletionProtectionEnabled PointInTimeRecoverySpecification SSESpecification Tags "
        "TimeToLiveSpecification"
    )

    def create(self, job: Job) -> Physical:
        name = job.properties.get("TableName") or job.generated_name(255)
        made = job.client("dynamodb").create_table(
            TableName=name,
            Tags=job.tag_list(),
            **_settings(job),
            **job.pick("AttributeDefinitions", "KeySchema"),
        )["TableDescription"]
        was = job.claim(Physical(name, {"Arn": made["TableArn"]}))
        self._keep(job, name)
        return was

    def update(self, job: Job, was: Physical) -> Physical:
        settings = {name: value for name, value in _settings(job).items() if job.changed(name) is not None}
        if settings:
            job.client("dynamodb").update_table(TableName=was.id, **settings)
        self._keep(job, was.id)
        if job.tags:
            job.client("dynamodb").tag_resource(ResourceArn=was.attributes["Arn"], Tags=job.tag_list())
        return was

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("dynamodb").delete_table(TableName=was.id)

    def _keep(self, job: Job, name: str) -> None:
        """How long rows and backups of them are kept."""
        dynamodb = job.client("dynamodb")
        if recovery := job.changed("PointInTimeRecoverySpecification"):
            enabled = _true(recovery["PointInTimeRecoveryEnabled"])
            dynamodb.update_continuous_backups(
                TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": enabled}
            )
        if ending := job.changed("TimeToLiveSpecification"):
            dynamodb.update_time_to_live(
                TableName=name,
                TimeToLiveSpecification={**ending, "Enabled": _true(ending["Enabled"])},
            )


def _settings(job: Job) -> dict[str, Any]:
    """What CreateTable and UpdateTable take alike."""
    out: dict[str, Any] = {"BillingMode": job.properties.get("BillingMode", "PROVISIONED")}
    if "DeletionProtectionEnabled" in job.properties:
        out["DeletionProtectionEnabled"] = _true(job.properties["DeletionProtectionEnabled"])
    if "SSESpecification" in job.properties:
        out["SSESpecification"] = _encryption(job.properties["SSESpecification"])
    return out


def _encryption(given: Mapping[str, Any]) -> dict[str, Any]:
    """The API has another name for it: `Enabled`."""
    out = {("Enabled" if name == "SSEEnabled" else name): value for name, value in given.items()}
    return out | {"Enabled": _true(out["Enabled"])}


def _true(value: Any) -> bool:
    return str(value).lower() == "true"
