"""The shipped Sigma rules, on the records that the sandbox writes."""

from __future__ import annotations

import copy
import itertools
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import chaoskit.sandbox
from chaoskit.sandbox.detect import SigmaEngine, load_sigma_rules, match_sigma
from chaoskit.sandbox.trail.records import records
from chaoskit.sandbox.wire import Answer, ApiCall, Kind, Principal
from tests.sandbox.aws import refusal

if TYPE_CHECKING:
    from tests.sandbox.trail.audited import Audited

NUMBERS = itertools.count(1)
CONTENT = Path(chaoskit.sandbox.__file__).parent / "detections" / "sigma"
TRUST = {
    "Effect": "Allow",
    "Principal": {"Service": "sagemaker.amazonaws.com"},
    "Action": "sts:AssumeRole",
}
OPEN = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
TURNED = {
    "Sid": "Web",
    "Resource": OPEN["Resource"],
    "Action": ["s3:*"],
    "Principal": {"AWS": "*"},
    "Effect": "Allow",
}


def invoked() -> dict[str, Any]:
    """The record of a call of an endpoint with a user's key."""
    arn = "arn:aws:iam::444455556666:user/ann"
    call = ApiCall(
        request_id="22222222-2222-4222-8222-222222222222",
        event_id="33333333-3333-4333-8333-333333333333",
        at=datetime(2024, 5, 1, 10, 10, tzinfo=UTC),
        service="sagemaker-runtime",
        operation="InvokeEndpoint",
        params={"EndpointName": "research-inference", "Body": b"{}"},
        principal=Principal(
            Kind.USER, "444455556666", arn, "AIDAEXAMPLE", access_key_id="AKIAEXAMPLE", user_name="ann"
        ),
        account="444455556666",
        region="us-east-1",
        source_ip="198.51.100.23",
        user_agent="Boto3/1.40",
        host="127.0.0.1",
        headers={},
    )
    return dict(records(call, Answer(200, [], b"", output={}))[0].record)


INVOKED = invoked()


def sees(name: str, record: dict[str, Any]) -> bool:
    return match_sigma(CONTENT / f"aws_{name}.yml", record)


def changed(record: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(record)
    *parents, last = path.split("/")
    node = made
    for parent in parents:
        node = node[parent]
    node[last] = value
    return made


def statement(*parts: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(parts)})


def bucket(aws: Audited, name: str) -> Any:
    """S3, with a bucket that lets itself be opened."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name, ObjectOwnership="BucketOwnerPreferred")
    s3.delete_public_access_block(Bucket=name)
    return s3


def test_every_rule_is_sound_and_says_what_a_reader_needs() -> None:
    files = sorted(CONTENT.glob("*.yml"))
    assert len(files) == 9
    for file in files:
        reported = load_sigma_rules(file).reporting
        assert len(reported) == 1, file
        assert reported[0].description, file
        assert reported[0].level, file
        assert any(str(tag).startswith("attack.t") for tag in reported[0].tags), file
        assert reported[0].falsepositives, file
    ids = [one.id for one in load_sigma_rules(CONTENT).parsed]
    assert None not in ids
    assert len(set(ids)) == len(ids)


def test_a_permissive_policy_attached_to_an_ml_role_is_seen(aws: Audited) -> None:
    aws.role("ml-research-training", TRUST)
    policy = "arn:aws:iam::aws:policy/AdministratorAccess"
    aws.client("iam").attach_role_policy(RoleName="ml-research-training", PolicyArn=policy)
    record = aws.record("AttachRolePolicy")
    assert sees("ml_role_permissive_policy", record)
    for near in (
        changed(record, "requestParameters/policyArn", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        changed(record, "requestParameters/policyArn", "arn:aws:iam::aws:policy/AdministratorAccess-Amplify"),
        changed(record, "requestParameters/roleName", "billing"),
        changed(record, "eventName", "DetachRolePolicy"),
        changed(record, "eventSource", "sso.amazonaws.com"),
        changed(record, "errorCode", "AccessDenied"),
    ):
        assert not sees("ml_role_permissive_policy", near)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("*", True),
        ("iam:*", True),
        (["s3:GetObject", "SageMaker:*"], True),
        ("*:*", True),
        ("s3:GetObject", False),
        (["s3:Get*", "ec2:*"], False),
    ],
)
def test_a_permissive_policy_written_into_an_ml_role_is_seen(
    aws: Audited, action: str | list[str], expected: bool
) -> None:
    iam = aws.client("iam")
    name = f"sagemaker-{next(NUMBERS)}"
    aws.role(name, TRUST)
    text = statement({"Effect": "Allow", "Action": action, "Resource": "*"})
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=text)
    assert sees("ml_role_permissive_policy", aws.record("PutRolePolicy")) is expected
    denied = statement({"Effect": "Deny", "Action": action, "Resource": "*"})
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=denied)
    assert not sees("ml_role_permissive_policy", aws.record("PutRolePolicy"))


def test_a_bucket_opened_by_its_acl_is_seen_however_it_is_said(aws: Audited) -> None:
    s3 = bucket(aws, "opened-by-acl")
    everyone = "http://acs.amazonaws.com/groups/global/AllUsers"
    owner = s3.get_bucket_acl(Bucket="opened-by-acl")["Owner"]
    log = "http://acs.amazonaws.com/groups/s3/LogDelivery"

    def granted(uri: str) -> dict[str, Any]:
        return {"Owner": owner, "Grants": [{"Grantee": {"Type": "Group", "URI": uri}, "Permission": "WRITE"}]}

    ways: list[tuple[dict[str, Any], bool]] = [
        ({"ACL": "public-read"}, True),
        ({"ACL": "authenticated-read"}, True),
        ({"GrantRead": f'uri="{everyone}"'}, True),
        ({"AccessControlPolicy": granted(everyone)}, True),
        ({"ACL": "private"}, False),
        ({"AccessControlPolicy": granted(log)}, False),
    ]
    for way, expected in ways:
        s3.put_bucket_acl(Bucket="opened-by-acl", **way)
        record = aws.record("PutBucketAcl")
        assert sees("s3_public_bucket_acl", record) is expected, way
        assert not sees("s3_public_bucket_acl", changed(record, "errorCode", "AccessDenied"))


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([OPEN], True),
        ([TURNED], True),
        ([OPEN | {"Effect": "Deny"}, OPEN | {"Principal": {"AWS": ["*"]}}], True),
        ([OPEN | {"Effect": "Deny"}, OPEN | {"Principal": {"AWS": "arn:aws:iam::444455556666:root"}}], False),
        ([OPEN | {"Principal": {"AWS": ["arn:aws:iam::444455556666:root"]}}], False),
        ([OPEN | {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-example"}}}], False),
    ],
)  # fmt: skip
def test_a_bucket_opened_by_its_policy_is_seen_statement_by_statement(
    aws: Audited, statements: list[dict[str, Any]], expected: bool
) -> None:
    name = f"by-policy-{next(NUMBERS)}"
    s3 = bucket(aws, name)
    text = statement(*statements).replace("arn:aws:s3:::b", f"arn:aws:s3:::{name}")
    s3.put_bucket_policy(Bucket=name, Policy=text)
    record = aws.record("PutBucketPolicy")
    assert sees("s3_public_bucket_policy", record) is expected
    assert not sees("s3_public_bucket_policy", changed(record, "errorCode", "AccessDenied"))


def test_a_statement_that_stands_alone_without_a_list_is_read_too(aws: Audited) -> None:
    bucket(aws, "alone").put_bucket_policy(
        Bucket="alone",
        Policy=json.dumps(
            {"Version": "2012-10-17", "Statement": OPEN | {"Resource": "arn:aws:s3:::alone/*"}}
        ),
    )
    assert sees("s3_public_bucket_policy", aws.record("PutBucketPolicy"))


def test_an_endpoint_called_with_a_users_key_from_outside_is_seen() -> None:
    assert sees("sagemaker_leaked_key_invocation", INVOKED)
    assert sees("sagemaker_leaked_key_invocation", changed(INVOKED, "eventName", "InvokeEndpointAsync"))
    assert sees("sagemaker_leaked_key_invocation", changed(INVOKED, "sourceIPAddress", "2001:db8::1"))
    for near in (
        changed(INVOKED, "sourceIPAddress", "10.20.30.40"),
        changed(INVOKED, "sourceIPAddress", "AWS Internal"),
        changed(INVOKED, "sourceIPAddress", "athena.amazonaws.com"),
        changed(INVOKED, "vpcEndpointId", "vpce-0123456789abcdef0"),
        changed(INVOKED, "userIdentity/type", "AssumedRole"),
        changed(INVOKED, "userIdentity/accessKeyId", "ASIAEXAMPLE"),
        changed(INVOKED, "eventName", "DescribeEndpoint"),
    ):
        assert not sees("sagemaker_leaked_key_invocation", near)


def test_a_created_access_key_is_seen_and_its_use_on_an_endpoint_within_the_hour(aws: Audited) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    created = aws.record("CreateAccessKey")
    assert sees("iam_access_key_created", created)
    assert refusal(iam.create_access_key, UserName="nobody")[0] == "NoSuchEntity"
    assert not sees("iam_access_key_created", aws.record("CreateAccessKey"))
    iam.delete_access_key(UserName="ann", AccessKeyId=key)
    assert not sees("iam_access_key_created", aws.record("DeleteAccessKey"))

    created["eventTime"] = "2024-05-01T10:00:00Z"
    used = changed(INVOKED, "userIdentity/accessKeyId", key)
    file = CONTENT / "aws_sagemaker_new_key_invocation.yml"
    for record, expected in (
        (used, True),
        (INVOKED, False),
        (changed(used, "eventTime", "2024-05-01T11:00:01Z"), False),
        (changed(used, "eventTime", "2024-05-01T09:59:59Z"), False),
    ):
        engine = SigmaEngine(file)
        assert not engine.feed(created)
        assert bool(engine.feed(record)) is expected


def test_a_stopped_or_deleted_trail_is_seen(aws: Audited) -> None:
    name = aws.start_trail()
    cloudtrail = aws.client("cloudtrail")
    assert not sees("cloudtrail_stopped", aws.record("StartLogging"))
    cloudtrail.stop_logging(Name=name)
    assert sees("cloudtrail_stopped", aws.record("StopLogging"))
    cloudtrail.delete_trail(Name=name)
    assert sees("cloudtrail_stopped", aws.record("DeleteTrail"))
    assert refusal(cloudtrail.stop_logging, Name=name)[0] == "TrailNotFoundException"
    assert not sees("cloudtrail_stopped", aws.record("StopLogging"))


def test_a_kms_key_that_is_disabled_or_to_be_deleted_is_seen(aws: Audited) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.disable_key(KeyId=key)
    assert sees("kms_key_disabled", aws.record("DisableKey"))
    kms.enable_key(KeyId=key)
    assert not sees("kms_key_disabled", aws.record("EnableKey"))
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert sees("kms_key_disabled", aws.record("ScheduleKeyDeletion"))
    kms.cancel_key_deletion(KeyId=key)
    assert not sees("kms_key_disabled", aws.record("CancelKeyDeletion"))


def test_a_bucket_whose_encryption_is_removed_is_seen(aws: Audited) -> None:
    s3 = bucket(aws, "encrypted")
    applied = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    s3.put_bucket_encryption(Bucket="encrypted", ServerSideEncryptionConfiguration={"Rules": [applied]})
    assert not sees("s3_bucket_encryption_removed", aws.record("PutBucketEncryption"))
    s3.delete_bucket_encryption(Bucket="encrypted")
    record = aws.record("DeleteBucketEncryption")
    assert sees("s3_bucket_encryption_removed", record)
    assert not sees("s3_bucket_encryption_removed", changed(record, "errorCode", "AccessDenied"))
