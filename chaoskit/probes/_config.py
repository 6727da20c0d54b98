"""What the AWS Config probes share: whether a rule can say anything, and what it says of a resource."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Query
from chaoskit.contract import Observation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Reader

NO_RULE = "NoSuchConfigRuleException"
READS = (
    "config:DescribeConfigurationRecorderStatus",
    "config:DescribeConfigRules",
    "config:GetComplianceDetailsByConfigRule",
    "config:ListDiscoveredResources",
)


def rule_is_on(aws: Reader, rule: str) -> Observation:
    """AWS Config records and the rule is active."""
    recording = aws.read(
        Query(
            "config",
            "DescribeConfigurationRecorderStatus",
            select="length(ConfigurationRecordersStatus[?recording])",
        )
    )
    if not recording:
        return Observation(holds=False, summary="AWS Config is not recording")
    where = {"ConfigRuleNames": [rule]}
    state = aws.read(
        Query("config", "DescribeConfigRules", where, "ConfigRules[0].ConfigRuleState", absent=(NO_RULE,))
    )
    if state is None:
        return Observation(holds=False, summary=f"there is no AWS Config rule {rule}")
    return Observation(holds=state == "ACTIVE", summary=f"AWS Config rule {rule} is {state}")


def results(aws: Reader, rule: str, resource: str) -> list[Mapping[str, Any]] | None:
    """What a rule says of the resources of a name, id or ARN; None when there is no such rule."""
    said: list[Mapping[str, Any]] | None = aws.read(
        Query(
            "config",
            "GetComplianceDetailsByConfigRule",
            {"ConfigRuleName": rule},
            "EvaluationResults",
            absent=(NO_RULE,),
        )
    )
    if said is None:
        return None
    ids = {resource, resource.rpartition(":::")[2]}
    if not any(_subject(one)["ResourceId"] in ids for one in said):
        for kind in sorted({str(_subject(one)["ResourceType"]) for one in said}):
            ids |= _ids_of(aws, kind, resource)
    return [one for one in said if _subject(one)["ResourceId"] in ids]


def _ids_of(aws: Reader, kind: str, name: str) -> set[str]:
    """AWS Config's ids of what people call by this name: an IAM user's unique id, a secret's ARN."""
    if kind == "AWS::::Account":
        return set()
    where = {"resourceType": kind, "resourceName": name.rpartition("/")[2]}
    select = "resourceIdentifiers[].resourceId"
    return set(aws.read(Query("config", "ListDiscoveredResources", where, select)) or ())


def _subject(result: Mapping[str, Any]) -> Mapping[str, Any]:
    subject: Mapping[str, Any] = result["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
    return subject
