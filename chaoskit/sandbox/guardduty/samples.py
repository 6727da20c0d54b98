"""Sample findings, as CreateSampleFindings makes them: made-up, and marked so.

Source: GuardDuty User Guide, "Sample findings": the title begins with [SAMPLE], and `additionalInfo` says so.
What rests on a learned baseline is to be had here only as a sample.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.guardduty.findings import stamp
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from chaoskit.sandbox.guardduty.detectors import Detector

SAMPLES: Mapping[str, float] = {
    "CredentialAccess:IAMUser/AnomalousBehavior": 5,
    "DefenseEvasion:IAMUser/AnomalousBehavior": 5,
    "DefenseEvasion:IAMUser/BedrockLoggingDisabled": 5,
    "Discovery:IAMUser/AnomalousBehavior": 2,
    "Discovery:S3/AnomalousBehavior": 2,
    "Discovery:S3/MaliciousIPCaller": 8,
    "Discovery:S3/MaliciousIPCaller.Custom": 8,
    "Discovery:S3/TorIPCaller": 5,
    "Exfiltration:IAMUser/AnomalousBehavior": 8,
    "Exfiltration:S3/AnomalousBehavior": 8,
    "Exfiltration:S3/MaliciousIPCaller": 8,
    "Impact:IAMUser/AnomalousBehavior": 8,
    "Impact:S3/AnomalousBehavior.Delete": 8,
    "Impact:S3/AnomalousBehavior.Permission": 8,
    "Impact:S3/AnomalousBehavior.Write": 5,
    "Impact:S3/MaliciousIPCaller": 8,
    "InitialAccess:IAMUser/AnomalousBehavior": 5,
    "PenTest:IAMUser/KaliLinux": 5,
    "PenTest:IAMUser/ParrotLinux": 5,
    "PenTest:IAMUser/PentooLinux": 5,
    "PenTest:S3/KaliLinux": 5,
    "PenTest:S3/ParrotLinux": 5,
    "PenTest:S3/PentooLinux": 5,
    "Persistence:IAMUser/AnomalousBehavior": 5,
    "Policy:IAMUser/RootCredentialUsage": 2,
    "Policy:S3/AccountBlockPublicAccessDisabled": 2,
    "Policy:S3/BucketAnonymousAccessGranted": 8,
    "Policy:S3/BucketBlockPublicAccessDisabled": 2,
    "Policy:S3/BucketPublicAccessGranted": 8,
    "PrivilegeEscalation:IAMUser/AnomalousBehavior": 5,
    "Recon:IAMUser/MaliciousIPCaller": 5,
    "Recon:IAMUser/MaliciousIPCaller.Custom": 5,
    "Recon:IAMUser/TorIPCaller": 5,
    "Stealth:IAMUser/CloudTrailLoggingDisabled": 2,
    "Stealth:IAMUser/PasswordPolicyChange": 2,
    "Stealth:S3/ServerAccessLoggingDisabled": 2,
    "UnauthorizedAccess:IAMUser/ConsoleLoginSuccess.B": 5,
    "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.InsideAWS": 8,
    "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS": 8,
    "UnauthorizedAccess:IAMUser/MaliciousIPCaller": 5,
    "UnauthorizedAccess:IAMUser/MaliciousIPCaller.Custom": 5,
    "UnauthorizedAccess:IAMUser/TorIPCaller": 5,
    "UnauthorizedAccess:S3/MaliciousIPCaller.Custom": 8,
    "UnauthorizedAccess:S3/TorIPCaller": 8,
}
"""The IAM and S3 finding types and their default severity; the other resource types have no sample here."""
_ADDRESS = "198.51.100.0"
_KEY = "GeneratedFindingAccessKeyId"


def sample(type_: str, detector: Detector, now: datetime) -> dict[str, Any]:
    """A sample of a finding type.

    Raises:
        ApiError: BadRequestException for a type that has no sample.
    """
    if type_ not in SAMPLES:
        raise ApiError(
            "BadRequestException", f"The request is rejected because the finding type {type_} has no sample."
        )
    id_, at = uuid.uuid4().hex, stamp(now)
    return {
        "AccountId": detector.account,
        "Arn": f"{detector.arn}/finding/{id_}",
        "CreatedAt": at,
        "Description": f"This is a sample of the finding type {type_}; nothing has happened.",
        "Id": id_,
        "Partition": "aws",
        "Region": detector.region,
        "Resource": _resource(type_),
        "SchemaVersion": "2.0",
        "Service": {
            "Action": {
                "ActionType": "AWS_API_CALL",
                "AwsApiCallAction": {
                    "Api": "GeneratedFindingAPIName",
                    "ServiceName": "GeneratedFindingAPIServiceName",
                    "CallerType": "Remote IP",
                    "RemoteIpDetails": {"IpAddressV4": _ADDRESS},
                    "AffectedResources": {},
                },
            },
            "Archived": False,
            "Count": 1,
            "DetectorId": detector.id,
            "EventFirstSeen": at,
            "EventLastSeen": at,
            "ResourceRole": "TARGET",
            "ServiceName": "guardduty",
            "AdditionalInfo": {"Value": json.dumps({"sample": True}), "Type": "default"},
        },
        "Severity": float(SAMPLES[type_]),
        "Title": f"[SAMPLE] {type_}",
        "Type": type_,
        "UpdatedAt": at,
    }


def _resource(type_: str) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "ResourceType": "AccessKey",
        "AccessKeyDetails": {
            "AccessKeyId": _KEY,
            "PrincipalId": "GeneratedFindingPrincipalId",
            "UserName": "GeneratedFindingUserName",
            "UserType": "IAMUser",
        },
    }
    if ":S3/" in type_:
        resource["ResourceType"] = "S3Bucket"
        resource["S3BucketDetails"] = [
            {"Arn": "arn:aws:s3:::bucketName", "Name": "bucketName", "Type": "Destination"}
        ]
    return resource


def wanted(types: Sequence[str] | None) -> list[str]:
    """The types to make samples of: those asked for, or all."""
    return list(types or SAMPLES)
