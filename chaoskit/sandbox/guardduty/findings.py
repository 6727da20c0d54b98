"""GuardDuty's findings: made of a suspicion and the event behind it, and as EventBridge has them.

Source: GuardDuty API Reference, "Finding"; User Guide, "Finding details" and "Processing GuardDuty findings
with Amazon EventBridge".
"""

from __future__ import annotations

import ipaddress
import json
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chaoskit.sandbox.guardduty.detectors import Detector
    from chaoskit.sandbox.guardduty.rules import Suspicion

    Finding = dict[str, Any]
    Record = Mapping[str, Any]


def stamp(at: datetime) -> str:
    """A moment as findings have it: UTC with milliseconds."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def key(suspicion: Suspicion, record: Record) -> tuple[str, ...]:
    """What further activity must have in common to be added to a finding instead of making a new one.

    AWS does not publish its criteria (User Guide, "GuardDuty finding aggregation").
    """
    identity = record["userIdentity"]
    touched = sorted(f"{kind}={name}" for kind, name in suspicion.affected.items())
    who = (str(identity.get("principalId", "")), str(identity.get("accessKeyId", "")))
    return (suspicion.type, *who, suspicion.bucket, *touched)


def made(suspicion: Suspicion, record: Record, detector: Detector, now: datetime) -> Finding:
    """A new finding."""
    id_ = uuid.uuid4().hex
    seen = f"{str(record['eventTime']).removesuffix('Z')}.000Z"
    data = record["eventCategory"] == "Data"
    return {
        "AccountId": detector.account,
        "Arn": f"{detector.arn}/finding/{id_}",
        "CreatedAt": stamp(now),
        "Description": f"{suspicion.title.removesuffix('.')}: {record['eventName']} was called from "
        f"{record['sourceIPAddress']}.",
        "Id": id_,
        "Partition": "aws",
        "Region": detector.region,
        "Resource": _resource(suspicion, record, data=data),
        "SchemaVersion": "2.0",
        "Service": {
            "Action": {"ActionType": "AWS_API_CALL", "AwsApiCallAction": _action(suspicion, record)},
            "Archived": False,
            "Count": 1,
            "DetectorId": detector.id,
            "EventFirstSeen": seen,
            "EventLastSeen": seen,
            "ResourceRole": "TARGET",
            "ServiceName": "guardduty",
            "AdditionalInfo": {"Value": json.dumps(suspicion.additional), "Type": "default"},
            "FeatureName": "S3DataEvents" if data else "CloudTrailManagementEvent",
        },
        "Severity": suspicion.severity,
        "Title": suspicion.title,
        "Type": suspicion.type,
        "UpdatedAt": stamp(now),
    }


def added(finding: Finding, suspicion: Suspicion, record: Record, now: datetime) -> None:
    """Update a finding by further activity: the latest occurrence's details take the place of the older."""
    service = finding["Service"]
    service["Count"] += 1
    service["EventLastSeen"] = f"{str(record['eventTime']).removesuffix('Z')}.000Z"
    service["Action"] = {"ActionType": "AWS_API_CALL", "AwsApiCallAction": _action(suspicion, record)}
    finding["UpdatedAt"] = stamp(now)


def event(finding: Finding, now: datetime) -> dict[str, Any]:
    """The event `GuardDuty Finding`, whose detail is the finding in camel case."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "GuardDuty Finding",
        "source": "aws.guardduty",
        "account": finding["AccountId"],
        "time": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "region": finding["Region"],
        "resources": [],
        "detail": _camel(finding),
    }


def _resource(suspicion: Suspicion, record: Record, *, data: bool) -> dict[str, Any]:
    identity = record["userIdentity"]
    issuer = (identity.get("sessionContext") or {}).get("sessionIssuer") or {}
    user_type = str(identity.get("type", ""))
    resource: dict[str, Any] = {
        "ResourceType": "S3Bucket" if data and suspicion.bucket else "AccessKey",
        "AccessKeyDetails": {
            "AccessKeyId": str(identity.get("accessKeyId", "")),
            "PrincipalId": str(identity.get("principalId", "")),
            "UserName": "Root"
            if user_type == "Root"
            else str(identity.get("userName") or issuer.get("userName") or ""),
            "UserType": user_type,
        },
    }
    if suspicion.bucket:
        bucket: dict[str, Any] = {
            "Arn": f"arn:aws:s3:::{suspicion.bucket}",
            "Name": suspicion.bucket,
            "Type": "Destination",
        }
        if suspicion.type.endswith("AccessGranted"):
            # The user guide: these findings do not reflect Block Public Access.
            bucket["PublicAccess"] = {"EffectivePermission": "PUBLIC"}
        resource["S3BucketDetails"] = [bucket]
    return resource


def _action(suspicion: Suspicion, record: Record) -> dict[str, Any]:
    action: dict[str, Any] = {
        "Api": record["eventName"],
        "ServiceName": record["eventSource"],
        "AffectedResources": dict(suspicion.affected),
    }
    if record.get("errorCode"):
        action["ErrorCode"] = record["errorCode"]
    if record.get("userAgent"):
        action["UserAgent"] = record["userAgent"]
    address = str(record["sourceIPAddress"])
    version = _version(address)
    if version:
        return {**action, "CallerType": "Remote IP", "RemoteIpDetails": {f"IpAddressV{version}": address}}
    return {**action, "CallerType": "Domain", "DomainDetails": {"Domain": address}}


def _version(address: str) -> int:
    try:
        return ipaddress.ip_address(address).version
    except ValueError:
        return 0


def _camel(value: Any) -> Any:
    """A finding's JSON: the names of members begin with a small letter, resource types are kept."""
    if isinstance(value, dict):
        return {
            name if "::" in name else name[:1].lower() + name[1:]: _camel(inner)
            for name, inner in value.items()
        }
    return [_camel(one) for one in value] if isinstance(value, list) else value
