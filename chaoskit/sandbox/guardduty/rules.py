"""What GuardDuty makes of a CloudTrail event where it follows a rule; what it learns is left to GuardDuty.

Source: GuardDuty User Guide, "GuardDuty IAM finding types" and "GuardDuty S3 Protection finding types".
Where a rule's edge is not documented the narrower reading is taken, so that no finding is claimed too many.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaoskit.permissions.public_access import ALL_USERS, AUTHENTICATED_USERS
from chaoskit.permissions.public_policy import is_public

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Record = Mapping[str, Any]

LOW, MEDIUM, HIGH = 2.0, 5.0, 8.0
_DISCOVERS = re.compile(r"(List|Describe|Get|Head|Lookup)(?!ObjectTorrent$|Object$)")


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What one event gives rise to.

    Attributes:
        type: The finding type.
        severity: 2 is low, 5 medium, 8 high (User Guide, "Findings severity levels").
        title: The finding's title; its description says from which address, too.
        affected: The resources acted on, by CloudFormation type.
        bucket: The bucket that it is about.
        additional: What the rule went by, e.g. the threat list's name.
    """

    type: str
    severity: float
    title: str
    affected: Mapping[str, str] = field(default_factory=dict)
    bucket: str = ""
    additional: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What rules look at beside the event.

    Attributes:
        acl_grantees: The groups that a bucket's ACL, as it is now, grants something.
        trail_of_bucket: The trail that writes to a bucket, or empty.
        weaker_passwords: Whether the password policy is weaker than before this event.
        threat_list: The name of the active threat list that has the caller's address, or empty.
    """

    acl_grantees: Callable[[str], frozenset[str]]
    trail_of_bucket: Callable[[str], str]
    weaker_passwords: Callable[[Record], bool]
    threat_list: str = ""


def suspicions(record: Record, around: Surroundings) -> Iterator[Suspicion]:
    """What a record gives rise to, most often nothing."""
    identity = record["userIdentity"]
    if identity.get("type") == "Root" and not identity.get("invokedBy"):
        yield Suspicion(
            "Policy:IAMUser/RootCredentialUsage",
            LOW,
            f"The API {record['eventName']} was invoked using root credentials.",
        )
    if around.threat_list:
        yield _from_listed_address(record, around.threat_list)
    if record.get("errorCode"):
        return
    found = _RULES.get((record["eventSource"].partition(".")[0], record["eventName"]))
    if found is not None:
        yield from found(record, around)


def _from_listed_address(record: Record, listed: str) -> Suspicion:
    name, data = str(record["eventName"]), record["eventCategory"] == "Data"
    discovers = bool(_DISCOVERS.match(name)) if data else bool(record["readOnly"])
    if data:
        kind = "Discovery:S3" if discovers else "UnauthorizedAccess:S3"
    else:
        kind = "Recon:IAMUser" if discovers else "UnauthorizedAccess:IAMUser"
    return Suspicion(
        f"{kind}/MaliciousIPCaller.Custom",
        HIGH if data else MEDIUM,
        f"The API {name} was invoked from an IP address on a custom threat list.",
        bucket=_bucket(record) if data else "",
        additional={"threatListName": listed},
    )


def _params(record: Record) -> Mapping[str, Any]:
    return record.get("requestParameters") or {}


def _bucket(record: Record) -> str:
    return str(_params(record).get("bucketName", ""))


def _trail_arn(record: Record, name: str) -> str:
    where = f"{record['awsRegion']}:{record['recipientAccountId']}"
    return name if name.startswith("arn:") else f"arn:aws:cloudtrail:{where}:trail/{name}"


def _no_trail(arn: str) -> Suspicion:
    return Suspicion(
        "Stealth:IAMUser/CloudTrailLoggingDisabled",
        LOW,
        f"AWS CloudTrail trail {arn} was disabled.",
        affected={"AWS::CloudTrail::Trail": arn},
    )


def _trail_stopped(record: Record, _: Surroundings) -> Iterator[Suspicion]:
    yield _no_trail(_trail_arn(record, str(_params(record).get("name", ""))))


def _trail_narrowed(record: Record, _: Surroundings) -> Iterator[Suspicion]:
    given = _params(record)
    if given.get("isMultiRegionTrail") is False or given.get("includeGlobalServiceEvents") is False:
        yield _no_trail(_trail_arn(record, str(given.get("name", ""))))


def _selectors_emptied(record: Record, _: Surroundings) -> Iterator[Suspicion]:
    """Basic selectors that leave out management events; what advanced ones leave out is not judged."""
    selectors = _params(record).get("eventSelectors") or []
    if selectors and not any(one.get("includeManagementEvents") for one in selectors):
        yield _no_trail(_trail_arn(record, str(_params(record).get("trailName", ""))))


def _log_bucket_deleted(record: Record, around: Surroundings) -> Iterator[Suspicion]:
    trail = around.trail_of_bucket(_bucket(record))
    if trail:
        yield _no_trail(trail)


def _block_removed(record: Record, _: Surroundings) -> Iterator[Suspicion]:
    """Block Public Access is disabled when it is deleted, or when one of its four settings is off."""
    name = str(record["eventName"])
    settings = _params(record).get("PublicAccessBlockConfiguration") or {}
    if name.startswith("Put") and all(settings.get(each) is True for each in _BLOCKS):
        return
    if "Account" in name:
        account = str(record["recipientAccountId"])
        yield Suspicion(
            "Policy:S3/AccountBlockPublicAccessDisabled",
            LOW,
            f"Amazon S3 Block Public Access was disabled for the account {account}.",
            affected={"AWS::Account": account},
        )
    else:
        bucket = _bucket(record)
        yield Suspicion(
            "Policy:S3/BucketBlockPublicAccessDisabled",
            LOW,
            f"Amazon S3 Block Public Access was disabled for the S3 bucket {bucket}.",
            affected={"AWS::S3::Bucket": bucket},
            bucket=bucket,
        )


_BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


def _policy_put(record: Record, _: Surroundings) -> Iterator[Suspicion]:
    document = _params(record).get("bucketPolicy")
    if isinstance(document, dict) and is_public(json.dumps(document)):
        yield _opened(_bucket(record), anonymous=True)


def _acl_put(record: Record, around: Surroundings) -> Iterator[Suspicion]:
    groups = around.acl_grantees(_bucket(record))
    if ALL_USERS in groups:
        yield _opened(_bucket(record), anonymous=True)
    elif AUTHENTICATED_USERS in groups:
        yield _opened(_bucket(record), anonymous=False)


def _opened(bucket: str, *, anonymous: bool) -> Suspicion:
    granted, to = ("Anonymous", "the internet") if anonymous else ("Public", "all authenticated AWS users")
    return Suspicion(
        f"Policy:S3/Bucket{granted}AccessGranted",
        HIGH,
        f"Access to the S3 bucket {bucket} was granted to {to}.",
        affected={"AWS::S3::Bucket": bucket},
        bucket=bucket,
    )


def _logging_put(record: Record, _: Surroundings) -> Iterator[Suspicion]:
    status = _params(record).get("BucketLoggingStatus")
    if not isinstance(status, dict) or not status.get("LoggingEnabled"):
        bucket = _bucket(record)
        yield Suspicion(
            "Stealth:S3/ServerAccessLoggingDisabled",
            LOW,
            f"Amazon S3 server access logging was disabled for the bucket {bucket}.",
            affected={"AWS::S3::Bucket": bucket},
            bucket=bucket,
        )


def _passwords_changed(record: Record, around: Surroundings) -> Iterator[Suspicion]:
    if around.weaker_passwords(record):
        account = str(record["recipientAccountId"])
        yield Suspicion(
            "Stealth:IAMUser/PasswordPolicyChange",
            LOW,
            f"The password policy of the account {account} was weakened.",
            affected={"AWS::Account": account},
        )


def _bedrock_logging_removed(record: Record, _: Surroundings) -> Iterator[Suspicion]:
    account = str(record["recipientAccountId"])
    yield Suspicion(
        "DefenseEvasion:IAMUser/BedrockLoggingDisabled",
        MEDIUM,
        f"Model invocation logging of Amazon Bedrock was disabled in the account {account}.",
        affected={"AWS::Account": account},
    )


_RULES: Mapping[tuple[str, str], Callable[[Record, Surroundings], Iterator[Suspicion]]] = {
    ("cloudtrail", "StopLogging"): _trail_stopped,
    ("cloudtrail", "DeleteTrail"): _trail_stopped,
    ("cloudtrail", "UpdateTrail"): _trail_narrowed,
    ("cloudtrail", "PutEventSelectors"): _selectors_emptied,
    ("s3", "DeleteBucket"): _log_bucket_deleted,
    ("s3", "PutBucketPublicAccessBlock"): _block_removed,
    ("s3", "DeleteBucketPublicAccessBlock"): _block_removed,
    ("s3", "PutAccountPublicAccessBlock"): _block_removed,
    ("s3", "DeleteAccountPublicAccessBlock"): _block_removed,
    ("s3", "PutBucketPolicy"): _policy_put,
    ("s3", "PutBucketAcl"): _acl_put,
    ("s3", "PutBucketLogging"): _logging_put,
    ("iam", "UpdateAccountPasswordPolicy"): _passwords_changed,
    ("iam", "DeleteAccountPasswordPolicy"): _passwords_changed,
    ("bedrock", "DeleteModelInvocationLoggingConfiguration"): _bedrock_logging_removed,
}
