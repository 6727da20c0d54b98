from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.sandbox.guardduty import findings
from chaoskit.sandbox.guardduty.criteria import selects
from chaoskit.sandbox.guardduty.detectors import IpList
from chaoskit.sandbox.guardduty.passwords import PasswordPolicies
from chaoskit.sandbox.guardduty.rules import Surroundings, suspicions
from chaoskit.sandbox.guardduty.samples import SAMPLES
from tests.sandbox.aws import MEMBER, allow, policy, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sandbox.aws import Aws

EVERYBODY = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
LISTED = "198.51.100.7"
TRUSTED = "198.51.100.9"
ACTIVE = {"Criterion": {"service.archived": {"Eq": ["false"]}}}


@pytest.fixture
def detector(aws: Aws, bucket: str) -> Iterator[str]:
    """An enabled detector, made after the bucket; there is no trail in these tests."""
    del bucket
    guardduty = aws.client("guardduty")
    made = guardduty.create_detector(Enable=True)["DetectorId"]
    yield made
    guardduty.delete_detector(DetectorId=made)


@pytest.fixture
def bucket(aws: Aws, request: pytest.FixtureRequest) -> Iterator[str]:
    """A bucket that nothing protects."""
    name = "gd-" + "".join(letter for letter in request.node.name if letter.isalnum()).lower()[-55:]
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name, ObjectOwnership="BucketOwnerPreferred")
    s3.delete_public_access_block(Bucket=name)
    yield name
    for each in s3.list_objects_v2(Bucket=name).get("Contents", []):
        s3.delete_object(Bucket=name, Key=each["Key"])
    s3.delete_bucket(Bucket=name)


def found(aws: Aws, detector: str, criteria: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """The findings that criteria select."""
    guardduty = aws.client("guardduty")
    more = {"FindingCriteria": criteria} if criteria else {}
    ids = guardduty.list_findings(DetectorId=detector, **more)["FindingIds"]
    return list(guardduty.get_findings(DetectorId=detector, FindingIds=ids)["Findings"]) if ids else []


def types(aws: Aws, detector: str) -> set[str]:
    """The types of all findings."""
    return {finding["Type"] for finding in found(aws, detector)}


def from_address(client: Any, address: str) -> Any:
    """The client, calling from an address."""

    def come(request: Any, **_: object) -> None:
        request.headers["x-chaoskit-source-ip"] = address

    client.meta.events.register("before-sign", come)
    return client


def record(name: str, source: str = "s3", **more: Any) -> dict[str, Any]:
    """A CloudTrail record of a call that succeeded."""
    return {
        "eventName": name,
        "eventSource": f"{source}.amazonaws.com",
        "eventCategory": "Management",
        "awsRegion": "us-east-1",
        "recipientAccountId": MEMBER,
        "sourceIPAddress": LISTED,
        "readOnly": False,
        "userIdentity": {"type": "IAMUser", "principalId": "AIDAEXAMPLE"},
        **more,
    }


def suspected(made: dict[str, Any], **around: Any) -> list[str]:
    """The types that a record gives rise to."""
    surroundings: dict[str, Any] = {
        "acl_grantees": lambda _: frozenset(),
        "trail_of_bucket": lambda _: "",
        "weaker_passwords": lambda _: False,
        **around,
    }
    return [each.type for each in suspicions(made, Surroundings(**surroundings))]


def test_a_bucket_opened_by_its_policy_is_found_though_no_trail_logs(
    aws: Aws, detector: str, bucket: str
) -> None:
    document = policy({**EVERYBODY, "Resource": f"arn:aws:s3:::{bucket}/*"})
    aws.client("s3").put_bucket_policy(Bucket=bucket, Policy=document)
    assert aws.client("cloudtrail").describe_trails()["trailList"] == []
    (finding,) = [f for f in found(aws, detector) if f["Type"] == "Policy:S3/BucketAnonymousAccessGranted"]
    assert finding["Severity"] == 8
    assert finding["Resource"]["S3BucketDetails"][0]["Arn"] == f"arn:aws:s3:::{bucket}"
    assert finding["Resource"]["AccessKeyDetails"]["UserName"] == "admin"
    assert finding["Service"]["Action"]["AwsApiCallAction"]["Api"] == "PutBucketPolicy"


def test_who_the_acl_opens_a_bucket_to_decides_the_type(aws: Aws, detector: str, bucket: str) -> None:
    s3 = aws.client("s3")
    s3.put_bucket_acl(Bucket=bucket, ACL="private")
    assert types(aws, detector) & {t for t in SAMPLES if "AccessGranted" in t} == set()
    s3.put_bucket_acl(Bucket=bucket, ACL="authenticated-read")
    assert "Policy:S3/BucketPublicAccessGranted" in types(aws, detector)
    assert "Policy:S3/BucketAnonymousAccessGranted" not in types(aws, detector)
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    assert "Policy:S3/BucketAnonymousAccessGranted" in types(aws, detector)


def test_only_settings_that_are_switched_off_disable_the_block_of_public_access(
    aws: Aws, detector: str, bucket: str
) -> None:
    s3, kind = aws.client("s3"), "Policy:S3/BucketBlockPublicAccessDisabled"
    settings = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    on = dict.fromkeys(settings, True)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=on)
    assert kind not in types(aws, detector)
    off = {**on, "BlockPublicPolicy": False}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=off)
    assert kind in types(aws, detector)


def test_further_activity_of_the_same_caller_is_added_to_the_finding(
    aws: Aws, detector: str, bucket: str
) -> None:
    for _ in range(3):
        aws.client("s3").put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
    (finding,) = found(aws, detector)
    assert finding["Type"] == "Stealth:S3/ServerAccessLoggingDisabled"
    assert finding["Service"]["Count"] == 3


def test_a_call_that_was_refused_changes_nothing_and_is_no_finding(aws: Aws, detector: str) -> None:
    refusal(aws.client("cloudtrail").stop_logging, Name="no-such-trail")
    assert types(aws, detector) == set()


def test_a_trail_that_is_stopped_is_found(aws: Aws, detector: str, bucket: str) -> None:
    allowed = allow("s3:*", [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"])
    document = policy({**allowed, "Principal": {"Service": "cloudtrail.amazonaws.com"}})
    aws.client("s3").put_bucket_policy(Bucket=bucket, Policy=document)
    trail = aws.client("cloudtrail")
    arn = trail.create_trail(Name="watched", S3BucketName=bucket)["TrailARN"]
    trail.start_logging(Name="watched")
    try:
        assert types(aws, detector) == set()
        trail.stop_logging(Name="watched")
        (finding,) = found(aws, detector)
    finally:
        trail.delete_trail(Name="watched")
    assert finding["Type"] == "Stealth:IAMUser/CloudTrailLoggingDisabled"
    action = finding["Service"]["Action"]["AwsApiCallAction"]
    assert action["AffectedResources"] == {"AWS::CloudTrail::Trail": arn}


def test_a_detector_that_is_off_finds_nothing(aws: Aws, detector: str, bucket: str) -> None:
    guardduty = aws.client("guardduty")
    guardduty.update_detector(DetectorId=detector, Enable=False)
    assert guardduty.get_detector(DetectorId=detector)["Status"] == "DISABLED"
    aws.client("s3").put_bucket_acl(Bucket=bucket, ACL="public-read")
    assert found(aws, detector) == []


def test_a_suppression_rule_archives_and_tells_eventbridge_nothing(
    aws: Aws, detector: str, bucket: str
) -> None:
    queue = heard(aws, "suppressed")
    aws.client("guardduty").create_filter(
        DetectorId=detector,
        Name="known",
        Action="ARCHIVE",
        FindingCriteria={"Criterion": {"type": {"Eq": ["Stealth:S3/ServerAccessLoggingDisabled"]}}},
    )
    aws.client("s3").put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
    assert [f["Service"]["Archived"] for f in found(aws, detector)] == [True]
    assert found(aws, detector, ACTIVE) == []
    assert messages(aws, queue) == []


@pytest.mark.usefixtures("detector")
def test_a_new_finding_is_told_to_eventbridge_once_and_news_at_the_detectors_pace(
    aws: Aws, bucket: str
) -> None:
    queue = heard(aws, "told")
    for _ in range(2):
        aws.client("s3").put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
    (event,) = messages(aws, queue)
    assert (event["source"], event["detail-type"]) == ("aws.guardduty", "GuardDuty Finding")
    assert event["detail"]["service"]["action"]["awsApiCallAction"]["api"] == "PutBucketLogging"
    assert event["detail"]["service"]["count"] == 1
    aws.served.cloud.clock.advance(6 * 3600 + 1)
    (event,) = messages(aws, queue)
    assert event["detail"]["service"]["count"] == 2


def test_calls_from_a_threat_list_are_found_and_those_of_a_trusted_list_are_not(
    aws: Aws, detector: str, bucket: str
) -> None:
    s3, guardduty = aws.client("s3"), aws.client("guardduty")
    s3.put_object(Bucket=bucket, Key="bad.txt", Body=f"203.0.113.0/24\n{LISTED}\n{TRUSTED}\n")
    s3.put_object(Bucket=bucket, Key="good.txt", Body=TRUSTED)
    where = {"DetectorId": detector, "Format": "TXT", "Activate": True}
    guardduty.create_threat_intel_set(Name="bad", Location=f"s3://{bucket}/bad.txt", **where)
    guardduty.create_ip_set(Name="good", Location=f"https://s3.amazonaws.com/{bucket}/good.txt", **where)
    key = aws.user("visitor", allow(["s3:*", "iam:CreateUser", "iam:ListUsers"]))
    from_address(aws.with_keys("iam", **key), TRUSTED).list_users()
    from_address(aws.with_keys("iam", **key), "192.0.2.1").list_users()
    assert types(aws, detector) == set()
    iam = from_address(aws.with_keys("iam", **key), LISTED)
    iam.list_users()
    assert types(aws, detector) == {"Recon:IAMUser/MaliciousIPCaller.Custom"}
    iam.create_user(UserName="backdoor")
    assert "UnauthorizedAccess:IAMUser/MaliciousIPCaller.Custom" in types(aws, detector)
    from_address(aws.with_keys("s3", **key), LISTED).put_object(Bucket=bucket, Key="x", Body=b"")
    (finding,) = [
        f for f in found(aws, detector) if f["Type"] == "UnauthorizedAccess:S3/MaliciousIPCaller.Custom"
    ]
    assert json.loads(finding["Service"]["AdditionalInfo"]["Value"]) == {"threatListName": "bad"}
    assert finding["Resource"]["AccessKeyDetails"]["AccessKeyId"] == key["key"]


def test_data_events_are_looked_at_with_s3_protection_only(aws: Aws, detector: str, bucket: str) -> None:
    guardduty, s3 = aws.client("guardduty"), aws.client("s3")
    s3.put_object(Bucket=bucket, Key="bad.txt", Body=LISTED)
    guardduty.create_threat_intel_set(
        DetectorId=detector, Name="bad", Format="TXT", Location=f"s3://{bucket}/bad.txt", Activate=True
    )
    off = [{"Name": "S3_DATA_EVENTS", "Status": "DISABLED"}]
    guardduty.update_detector(DetectorId=detector, Features=off)
    key = aws.client("iam").create_access_key(UserName="admin")["AccessKey"]
    keys = {"key": key["AccessKeyId"], "secret": key["SecretAccessKey"]}
    from_address(aws.with_keys("s3", **keys), LISTED).put_object(Bucket=bucket, Key="x", Body=b"")
    aws.client("iam").delete_access_key(UserName="admin", AccessKeyId=key["AccessKeyId"])
    assert types(aws, detector) == set()


@pytest.mark.parametrize(
    ("content", "format_", "location"),
    [("no address", "TXT", None), (LISTED, "STIX", None), (LISTED, "TXT", "s3://gd-nowhere/list")],
)
def test_a_list_that_cannot_be_read_is_refused(
    aws: Aws, detector: str, bucket: str, content: str, format_: str, location: str | None
) -> None:
    aws.client("s3").put_object(Bucket=bucket, Key="list", Body=content)
    code, _, _ = refusal(
        aws.client("guardduty").create_threat_intel_set,
        DetectorId=detector,
        Name="bad",
        Format=format_,
        Location=location or f"s3://{bucket}/list",
        Activate=True,
    )
    assert code == "BadRequestException"


def test_private_addresses_are_on_no_list() -> None:
    everything = IpList("1", "all", "TXT", "", active=True, networks=(), tags={})
    everything.networks = [*_networks("0.0.0.0/0")]
    assert everything.has(LISTED)
    assert not everything.has("10.0.0.1")
    assert not everything.has("127.0.0.1")
    assert not everything.has("events.amazonaws.com")


def _networks(text: str) -> Any:
    from chaoskit.sandbox.guardduty.lists import _networks as parsed  # noqa: PLC0415 - only here

    return parsed(text)


def test_samples_are_marked_and_cover_what_rests_on_a_learned_baseline(aws: Aws, detector: str) -> None:
    guardduty = aws.client("guardduty")
    guardduty.create_sample_findings(DetectorId=detector, FindingTypes=["Exfiltration:S3/AnomalousBehavior"])
    (finding,) = found(aws, detector)
    assert finding["Title"].startswith("[SAMPLE]")
    assert json.loads(finding["Service"]["AdditionalInfo"]["Value"]) == {"sample": True}
    code, _, _ = refusal(guardduty.create_sample_findings, DetectorId=detector, FindingTypes=["No:Such/Type"])
    assert code == "BadRequestException"


def test_no_rule_makes_a_finding_of_a_type_that_rests_on_a_learned_baseline() -> None:
    identity = {"type": "Root", "principalId": MEMBER}
    for name in ("GetSecretValue", "CreateUser", "PutBucketPolicy", "InvokeEndpoint"):
        made = suspected(record(name, userIdentity=identity), threat_list="bad")
        assert made
        assert not any("Anomalous" in each for each in made)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (record("PutAccountPublicAccessBlock"), "Policy:S3/AccountBlockPublicAccessDisabled"),
        (
            record("ListKeys", userIdentity={"type": "Root", "principalId": MEMBER}),
            "Policy:IAMUser/RootCredentialUsage",
        ),
        (
            record(
                "PutEventSelectors",
                "cloudtrail",
                requestParameters={"trailName": "t", "eventSelectors": [{"includeManagementEvents": False}]},
            ),
            "Stealth:IAMUser/CloudTrailLoggingDisabled",
        ),
        (
            record("UpdateTrail", "cloudtrail", requestParameters={"name": "t", "isMultiRegionTrail": False}),
            "Stealth:IAMUser/CloudTrailLoggingDisabled",
        ),
        (
            record("DeleteModelInvocationLoggingConfiguration", "bedrock"),
            "DefenseEvasion:IAMUser/BedrockLoggingDisabled",
        ),
    ],
)
def test_each_rule_names_its_type(made: dict[str, Any], expected: str) -> None:
    assert suspected(made) == [expected]


def test_deleting_the_bucket_of_a_trail_disables_the_trail() -> None:
    made = record("DeleteBucket", requestParameters={"bucketName": "logs"})
    assert suspected(made) == []
    kinds = suspected(made, trail_of_bucket=lambda name: f"arn:trail-of-{name}")
    assert kinds == ["Stealth:IAMUser/CloudTrailLoggingDisabled"]


def test_a_password_policy_that_asks_more_is_no_finding_and_one_that_asks_less_is() -> None:
    policies = PasswordPolicies()

    def change(**params: Any) -> bool:
        return policies.weakened(record("UpdateAccountPasswordPolicy", "iam", requestParameters=params))

    assert not change(minimumPasswordLength=14, requireSymbols=True, maxPasswordAge=90)
    assert not change(minimumPasswordLength=16, requireSymbols=True, maxPasswordAge=60)
    assert change(minimumPasswordLength=12, requireSymbols=True, maxPasswordAge=60)
    assert change(minimumPasswordLength=12, maxPasswordAge=60)
    assert change(minimumPasswordLength=12)
    assert policies.weakened(record("DeleteAccountPasswordPolicy", "iam"))


@pytest.mark.parametrize(
    ("name", "condition", "selected"),
    [
        ("severity", {"Gte": 4}, True),
        ("severity", {"Eq": ["8"]}, True),
        ("severity", {"Lt": 8}, False),
        ("type", {"Neq": ["Policy:S3/X"]}, False),
        ("type", {"Matches": ["Policy:*"]}, True),
        ("type", {"NotMatches": ["*:IAMUser/?"]}, True),
        ("resource.s3BucketDetails.name", {"Equals": ["a", "b"]}, True),
        ("resource.accessKeyDetails.userName", {"Eq": ["nobody"]}, False),
        ("service.archived", {"Eq": ["false"]}, True),
        ("updatedAt", {"GreaterThan": 1772366400000}, True),
    ],
)
def test_criteria_select_by_value_number_time_and_pattern(
    name: str, condition: dict[str, Any], selected: bool
) -> None:
    finding = {
        "Type": "Policy:S3/X",
        "Severity": 8.0,
        "UpdatedAt": "2026-03-01T12:00:01.000Z",
        "Resource": {"S3BucketDetails": [{"Name": "b"}], "AccessKeyDetails": {"UserName": "someone"}},
        "Service": {"Archived": False},
    }
    assert selects({"Criterion": {name: condition}}, finding) is selected


def test_a_finding_in_an_event_keeps_the_names_of_resource_types() -> None:
    told = findings._camel({"Action": {"AffectedResources": {"AWS::S3::Bucket": "b"}}})
    assert told == {"action": {"affectedResources": {"AWS::S3::Bucket": "b"}}}


def heard(aws: Aws, name: str) -> str:
    """The queue of a rule that matches GuardDuty's findings."""
    arn = f"arn:aws:sqs:us-east-1:{MEMBER}:gd-{name}"
    sent = allow("sqs:SendMessage", arn, Principal={"Service": "events.amazonaws.com"})
    made = aws.client("sqs").create_queue(QueueName=f"gd-{name}", Attributes={"Policy": policy(sent)})
    pattern = {"source": ["aws.guardduty"], "detail-type": ["GuardDuty Finding"]}
    aws.client("events").put_rule(Name=f"gd-{name}", EventPattern=json.dumps(pattern))
    aws.client("events").put_targets(Rule=f"gd-{name}", Targets=[{"Id": "queue", "Arn": arn}])
    return str(made["QueueUrl"])


def messages(aws: Aws, queue: str) -> list[dict[str, Any]]:
    """What is in the queue, which is emptied."""
    assert aws.served.cloud.idle(10)
    sqs, told = aws.client("sqs"), []
    while got := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in got:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            told.append(json.loads(message["Body"]))
    return told
