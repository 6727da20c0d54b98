"""Findings of AWS services in the AWS Security Finding Format, made of the events they send to EventBridge.

Source: Security Hub User Guide, "AWS service integrations with Security Hub"; GuardDuty User Guide,
"Integrating AWS Security Hub with Amazon GuardDuty"; AWS Config Developer Guide, "Sending rule evaluations to
AWS Security Hub"; IAM User Guide, "Integrate IAM Access Analyzer with AWS Security Hub".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.security_hub.format import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Asff = dict[str, Any]
    Event = Mapping[str, Any]

_LOW, _MEDIUM, _HIGH, _CRITICAL = 1.0, 4.0, 7.0, 9.0
_RESOURCE_TYPES: Mapping[str, str] = {
    "AWS::S3::Bucket": "AwsS3Bucket",
    "AWS::IAM::Role": "AwsIamRole",
    "AWS::IAM::User": "AwsIamUser",
    "AWS::IAM::Policy": "AwsIamPolicy",
    "AWS::KMS::Key": "AwsKmsKey",
    "AWS::Lambda::Function": "AwsLambdaFunction",
    "AWS::SQS::Queue": "AwsSqsQueue",
    "AWS::SNS::Topic": "AwsSnsTopic",
    "AWS::SecretsManager::Secret": "AwsSecretsManagerSecret",
    "AWS::CloudTrail::Trail": "AwsCloudTrailTrail",
    "AWS::EC2::SecurityGroup": "AwsEc2SecurityGroup",
    "AWS::SageMaker::NotebookInstance": "AwsSageMakerNotebookInstance",
    "AWS::::Account": "AwsAccount",
}


def finding(event: Event) -> Asff | None:
    """The finding that an event brings, or None when it brings none."""
    made = _PRODUCTS.get((str(event["source"]), str(event["detail-type"])))
    return made(event) if made is not None else None


def _base(event: Event, product: str, id_: str, generator: str, title: str) -> Asff:
    return {
        "SchemaVersion": SCHEMA,
        "Id": id_,
        "ProductArn": f"arn:aws:securityhub:{event['region']}::product/aws/{product}",
        "GeneratorId": generator,
        "AwsAccountId": event["account"],
        "Title": title[:256],
    }


def label(severity: float) -> str:
    """The label of a severity of GuardDuty's (GuardDuty User Guide, "Findings severity levels")."""
    levels = ((_CRITICAL, "CRITICAL"), (_HIGH, "HIGH"), (_MEDIUM, "MEDIUM"), (_LOW, "LOW"))
    return next((name for least, name in levels if severity >= least), "INFORMATIONAL")


def _of_guardduty(event: Event) -> Asff:
    detail = event["detail"]
    service = detail["service"]
    detector = str(detail["arn"]).partition("/finding/")[0]
    sample = "sample" in _additional(service)
    return {
        **_base(event, "guardduty", detail["arn"], detector, detail["title"]),
        "Types": [f"TTPs/{str(detail['type']).replace('/', '-')}"],
        "FirstObservedAt": service["eventFirstSeen"],
        "LastObservedAt": service["eventLastSeen"],
        "CreatedAt": detail["createdAt"],
        "UpdatedAt": detail["updatedAt"],
        "Severity": {"Product": float(detail["severity"]), "Label": label(float(detail["severity"]))},
        "Description": detail["description"][:1024],
        "SourceUrl": f"https://{event['region']}.console.aws.amazon.com/guardduty/home?region="
        f"{event['region']}#/findings?macros=current&fId={detail['id']}",
        "ProductFields": dict(list(_flat("aws/guardduty/service", service))[:47]),
        "Resources": list(_guardduty_resources(detail["resource"])),
        "Action": _action(service["action"]),
        "Sample": sample,
    }


def _additional(service: Mapping[str, Any]) -> Mapping[str, Any]:
    """What GuardDuty adds: JSON in a text."""
    told = json.loads((service.get("additionalInfo") or {}).get("value") or "{}")
    return told if isinstance(told, dict) else {}


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """`aws/guardduty/service/action/actionType` and so on: names joined by slashes, values as text."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{name}/{key}", inner)
        if not value:
            yield name, ""
    else:
        yield name, str(value).lower() if isinstance(value, bool) else str(value)


def _guardduty_resources(resource: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    key = resource.get("accessKeyDetails") or {}
    if key:
        yield {
            "Type": "AwsIamAccessKey",
            "Id": f"AWS::IAM::AccessKey:{key['accessKeyId']}",
            "Details": {
                "AwsIamAccessKey": {
                    "PrincipalId": key["principalId"],
                    "PrincipalType": key["userType"],
                    "PrincipalName": key["userName"],
                }
            },
        }
    for bucket in resource.get("s3BucketDetails") or ():
        yield {"Type": "AwsS3Bucket", "Id": bucket["arn"]}


def _action(action: Mapping[str, Any]) -> dict[str, Any]:
    call = action.get("awsApiCallAction")
    if call is None:
        return {"ActionType": action["actionType"]}
    told = {"Api": call["api"], "ServiceName": call["serviceName"]}
    remote = call.get("remoteIpDetails") or {}
    if remote.get("ipAddressV4"):
        told |= {"CallerType": "remoteIp", "RemoteIpDetails": {"IpAddressV4": remote["ipAddressV4"]}}
    elif call.get("domainDetails"):
        told |= {"CallerType": "domain", "DomainDetails": {"Domain": call["domainDetails"]["domain"]}}
    if call.get("affectedResources"):
        told["AffectedResources"] = dict(call["affectedResources"])
    return {"ActionType": "AWS_API_CALL", "AwsApiCallAction": told}


def _of_config(event: Event) -> Asff | None:
    """A rule's evaluation of one resource; one that does not apply brings nothing."""
    detail = event["detail"]
    result = detail.get("newEvaluationResult") or {}
    compliance = result.get("complianceType")
    if compliance not in {"COMPLIANT", "NON_COMPLIANT"}:
        return None
    rule, resource = detail["configRuleName"], str(detail["resourceId"])
    at = str(result.get("resultRecordedTime") or event["time"])
    failed = compliance == "NON_COMPLIANT"
    kind = str(detail["resourceType"])
    return {
        **_base(
            event,
            "config",
            f"{detail['configRuleARN']}/finding/{kind}/{resource}",
            str(detail["configRuleARN"]),
            str(rule),
        ),
        "Types": ["Software and Configuration Checks"],
        "FirstObservedAt": at,
        "LastObservedAt": at,
        "CreatedAt": at,
        "UpdatedAt": at,
        "Severity": {"Label": "MEDIUM" if failed else "INFORMATIONAL"},
        "Description": str(result.get("annotation") or f"{kind} {resource} is {compliance} by {rule}.")[
            :1024
        ],
        "ProductFields": {
            "aws/config/ConfigRuleArn": str(detail["configRuleARN"]),
            "aws/config/ConfigRuleName": str(rule),
            "aws/config/ConfigComplianceType": str(compliance),
        },
        "Resources": [{"Type": _RESOURCE_TYPES.get(kind, "Other"), "Id": _arn(kind, resource)}],
        "Compliance": {"Status": "FAILED" if failed else "PASSED"},
        "RecordState": "ACTIVE" if failed else "ARCHIVED",
    }


def _arn(kind: str, resource: str) -> str:
    """Config names buckets; ASFF wants an ARN where there is one."""
    return f"arn:aws:s3:::{resource}" if kind == "AWS::S3::Bucket" and ":" not in resource else resource


def _of_access_analyzer(event: Event) -> Asff | None:
    detail = event["detail"]
    resource, at = str(detail["resource"]), str(detail.get("updatedAt") or event["time"])
    analyzer = next(iter(event.get("resources") or ()), "")
    public = bool(detail.get("isPublic"))
    return {
        **_base(
            event,
            "access-analyzer",
            f"{analyzer}/{resource}" if analyzer else str(detail["id"]),
            "aws/access-analyzer",
            f"{detail['resourceType']}/{resource} allows {'public' if public else 'cross-account'} access",
        ),
        "Types": ["Software and Configuration Checks/AWS Security Best Practices/External Access Granted"],
        "FirstObservedAt": str(detail.get("createdAt") or at),
        "LastObservedAt": str(detail.get("analyzedAt") or at),
        "CreatedAt": str(detail.get("createdAt") or at),
        "UpdatedAt": at,
        "Severity": {"Label": "HIGH" if public else "LOW"},
        "Description": f"{detail['resourceType']} {resource} can be reached from outside the zone of trust."[
            :1024
        ],
        "ProductFields": {"aws/access-analyzer/FindingId": str(detail["id"])},
        "Resources": [{"Type": _RESOURCE_TYPES.get(str(detail["resourceType"]), "Other"), "Id": resource}],
        "RecordState": "ACTIVE" if str(detail.get("status")) == "ACTIVE" else "ARCHIVED",
    }


_PRODUCTS: Mapping[tuple[str, str], Callable[[Event], Asff | None]] = {
    ("aws.guardduty", "GuardDuty Finding"): _of_guardduty,
    ("aws.config", "Config Rules Compliance Change"): _of_config,
    ("aws.access-analyzer", "Access Analyzer Finding"): _of_access_analyzer,
}
NAMES: Mapping[str, tuple[str, str]] = {
    "guardduty": ("GuardDuty", "Amazon"),
    "config": ("Config", "AWS"),
    "access-analyzer": ("IAM Access Analyzer", "AWS"),
}
"""The product and company of each of these products' findings."""
