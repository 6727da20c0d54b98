"""AWS::AccessAnalyzer: analyzers."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, gone_is_fine, names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.sandbox.cfn.types.base import Job


class Analyzer(ResourceType):
    """AWS::AccessAnalyzer::Analyzer: Ref is the ARN; Arn."""

    name = "AWS::AccessAnalyzer::Analyzer"
    properties = names("AnalyzerName ArchiveRules Tags Type")
    replaced_by = names("AnalyzerName Type")

    def create(self, job: Job) -> Physical:
        name = job.properties.get("AnalyzerName") or job.generated_name(255)
        arn = job.client("accessanalyzer").create_analyzer(
            analyzerName=name,
            type=job.properties["Type"],
            archiveRules=[_rule(one) for one in job.properties.get("ArchiveRules", [])],
            tags=dict(job.tags),
        )["arn"]
        return Physical(arn, {"Arn": arn})

    def update(self, job: Job, was: Physical) -> Physical:
        client, name = job.client("accessanalyzer"), was.id.rpartition("/")[2]
        for rule in job.before.get("ArchiveRules", []):
            with gone_is_fine():
                client.delete_archive_rule(analyzerName=name, ruleName=rule["RuleName"])
        for rule in job.properties.get("ArchiveRules", []):
            client.create_archive_rule(analyzerName=name, **_rule(rule))
        return was

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("accessanalyzer").delete_analyzer(analyzerName=was.id.rpartition("/")[2])


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """An archive rule as the API spells it."""
    criteria = {
        one["Property"]: {key.lower(): value for key, value in one.items() if key != "Property"}
        for one in rule["Filter"]
    }
    return {"ruleName": rule["RuleName"], "filter": criteria}
