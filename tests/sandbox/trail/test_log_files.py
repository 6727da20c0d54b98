from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.sandbox.aws import MANAGEMENT, MEMBER, allow, policy
from tests.sandbox.trail.delivered import CLOUDTRAIL, Delivered

if TYPE_CHECKING:
    from tests.sandbox.trail.audited import Audited

S3_WRITES = [
    {"Field": "eventCategory", "Equals": ["Data"]},
    {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
    {"Field": "readOnly", "Equals": ["false"]},
]


def test_events_arrive_as_gzip_json_under_the_documented_key(aws: Audited) -> None:
    trail = Delivered(aws, "layout")
    aws.client("iam").create_user(UserName="logged")
    key = trail.files()[0]
    assert re.fullmatch(
        rf"AWSLogs/{MEMBER}/CloudTrail/us-east-1/\d{{4}}/\d\d/\d\d/"
        rf"{MEMBER}_CloudTrail_us-east-1_\d{{8}}T\d{{4}}Z_[0-9A-Za-z]{{16}}\.json\.gz",
        key,
    )
    assert list(trail.read(key)) == ["Records"]
    made = next(record for record in trail.records() if record["eventName"] == "CreateUser")
    assert made == aws.record("CreateUser")
    held = trail.s3.head_object(Bucket=trail.bucket, Key=key)
    assert (held["ContentType"], held["ContentEncoding"]) == ("application/json", "gzip")


def test_a_prefix_comes_first(aws: Audited) -> None:
    trail = Delivered(aws, "prefixed", S3KeyPrefix="audit/logs")
    assert all(key.startswith(f"audit/logs/AWSLogs/{MEMBER}/CloudTrail/") for key in trail.files())


def test_files_are_written_within_a_second_or_so_without_anybody_asking(aws: Audited) -> None:
    trail = Delivered(aws, "unasked")
    aws.client("iam").create_user(UserName="unasked")
    aws.served.cloud.clock.advance(1.1)
    aws.settle()
    listed = trail.s3.list_objects_v2(Bucket=trail.bucket)["Contents"]
    assert any("CreateUser" in str(trail.read(one["Key"])) for one in listed)


def test_no_file_is_written_when_nothing_happened(aws: Audited) -> None:
    trail = Delivered(aws, "quiet")
    trail.cloudtrail.put_event_selectors(
        TrailName="quiet", AdvancedEventSelectors=[{"FieldSelectors": S3_WRITES}]
    )
    before = trail.files()
    aws.client("iam").create_user(UserName="unseen")
    assert trail.files() == before


def test_the_bucket_policy_decides_and_the_status_says_so(aws: Audited) -> None:
    trail = Delivered(aws, "refused")
    delivered = trail.status()["LatestDeliveryTime"]
    trail.close()
    aws.client("iam").create_user(UserName="refused")
    status = trail.status()
    assert status["LatestDeliveryError"] == "AccessDenied"
    assert status["LatestDeliveryTime"] == delivered
    assert status["IsLogging"]
    trail.open(f"AWSLogs/{MEMBER}/")
    status = trail.status()
    assert "LatestDeliveryError" not in status
    assert "CreateUser" in trail.names()


def test_another_trail_may_not_write_where_the_policy_names_this_one(aws: Audited) -> None:
    one, other = Delivered(aws, "named"), Delivered(aws, "unnamed")
    other.cloudtrail.update_trail(Name="unnamed", S3BucketName=one.bucket)
    assert other.status()["LatestDeliveryError"] == "AccessDenied"
    assert "LatestDeliveryError" not in one.status()


def test_a_refused_delivery_is_tried_again_after_some_minutes(aws: Audited) -> None:
    trail = Delivered(aws, "patient")
    trail.close()
    aws.client("iam").create_user(UserName="awaited")
    assert trail.status()["LatestDeliveryError"] == "AccessDenied"
    trail.open()
    aws.served.cloud.clock.advance(299)
    aws.settle()
    assert trail.s3.list_objects_v2(Bucket=trail.bucket)["KeyCount"] == 0
    aws.served.cloud.clock.advance(10)
    aws.settle()
    assert "CreateUser" in trail.names()


def test_a_bucket_that_is_gone_is_reported(aws: Audited) -> None:
    trail = Delivered(aws, "homeless")
    for key in trail.files(""):
        trail.s3.delete_object(Bucket=trail.bucket, Key=key)
    trail.s3.delete_bucket(Bucket=trail.bucket)
    assert trail.status()["LatestDeliveryError"] == "NoSuchBucket"


def test_what_stops_or_blinds_a_trail_is_the_last_that_it_logs(aws: Audited) -> None:
    trail = Delivered(aws, "stopped")
    trail.cloudtrail.put_event_selectors(
        TrailName="stopped", AdvancedEventSelectors=[{"FieldSelectors": S3_WRITES}]
    )
    aws.client("iam").create_user(UserName="unseen-by-selectors")
    assert "PutEventSelectors" in trail.names()
    assert "CreateUser" not in trail.names()
    everything: list[dict[str, Any]] = [{"ReadWriteType": "All", "IncludeManagementEvents": True}]
    trail.cloudtrail.put_event_selectors(TrailName="stopped", EventSelectors=everything)
    trail.cloudtrail.stop_logging(Name="stopped")
    aws.client("iam").create_user(UserName="unseen-when-stopped")
    logged = trail.records()
    assert "StopLogging" in [record["eventName"] for record in logged]
    assert "unseen" not in str(logged)
    trail.cloudtrail.start_logging(Name="stopped")
    trail.cloudtrail.delete_trail(Name="stopped")
    assert "DeleteTrail" in trail.names()


@pytest.mark.parametrize("call", ["StopLogging", "DeleteTrail"])
def test_a_rule_hears_of_the_call_that_silences_the_only_trail(aws: Audited, call: str) -> None:
    for other in aws.client("cloudtrail").describe_trails()["trailList"]:
        aws.client("cloudtrail", "management" if other["IsOrganizationTrail"] else "admin").delete_trail(
            Name=other["TrailARN"]
        )
    trail = Delivered(aws, f"silenced-{call.lower()}")
    pattern = json.dumps({"detail": {"eventName": [call]}})
    rule = aws.client("events").put_rule(Name=call, EventPattern=pattern)["RuleArn"]
    (trail.cloudtrail.stop_logging if call == "StopLogging" else trail.cloudtrail.delete_trail)(
        Name=trail.name
    )
    assert aws.deliveries.counts[rule, "matched"] == 1


def test_times_of_starting_and_stopping_are_told(aws: Audited) -> None:
    trail = Delivered(aws, "timed")
    status = trail.status()
    assert "StopLoggingTime" not in status
    assert status["TimeLoggingStopped"] == ""
    trail.cloudtrail.stop_logging(Name="timed")
    status = trail.status()
    assert not status["IsLogging"]
    assert status["StopLoggingTime"] >= status["StartLoggingTime"]
    assert abs(status["StopLoggingTime"] - aws.served.cloud.now()).total_seconds() < 10


def test_delivering_into_a_bucket_whose_data_events_are_logged_does_not_go_on_for_ever(aws: Audited) -> None:
    trail = Delivered(aws, "circular")
    trail.cloudtrail.put_event_selectors(
        TrailName="circular", AdvancedEventSelectors=[{"FieldSelectors": S3_WRITES}]
    )
    trail.s3.put_object(Bucket=trail.bucket, Key="by-hand", Body=b"x")
    trail.flush()
    count = len(trail.files())
    for _ in range(3):
        trail.flush()
    assert len(trail.files()) == count
    puts = [record for record in trail.records() if record["eventName"] == "PutObject"]
    assert [record["requestParameters"]["key"] for record in puts] == ["by-hand"]


@pytest.mark.parametrize("everywhere", [True, False])
def test_a_multi_region_trail_has_a_folder_for_each_region(aws: Audited, *, everywhere: bool) -> None:
    trail = Delivered(aws, f"regions-{str(everywhere).lower()}", IsMultiRegionTrail=everywhere)
    key = aws.served.credentials["admin"]
    elsewhere = boto3.client(
        "sqs",
        endpoint_url=aws.url,
        region_name="eu-west-1",
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
    )
    elsewhere.create_queue(QueueName=f"far-{everywhere}")
    assert trail.names("/CloudTrail/eu-west-1/") == (["CreateQueue"] if everywhere else [])
    assert trail.names("/CloudTrail/us-east-1/")


def test_an_organization_trail_has_every_account_under_the_organization(aws: Audited) -> None:
    organization = aws.client("organizations", "management").describe_organization()["Organization"]["Id"]
    trail = Delivered(aws, "everyone", who="management", IsOrganizationTrail=True)
    aws.client("iam").create_user(UserName="member")
    aws.client("iam", "management").create_user(UserName="manager")
    for account, user in ((MEMBER, "member"), (MANAGEMENT, "manager")):
        folder = f"AWSLogs/{organization}/{account}/CloudTrail/us-east-1/"
        assert f"'userName': '{user}'" in str(trail.records(folder))


def test_a_key_policy_decides_on_encrypted_log_files(aws: Audited) -> None:
    root = allow("kms:*", Principal={"AWS": f"arn:aws:iam::{MEMBER}:root"})
    made = aws.client("kms").create_key(Policy=policy(root))["KeyMetadata"]
    trail = Delivered(aws, "sealed", KmsKeyId=made["Arn"])
    assert trail.status()["LatestDeliveryError"] == "AccessDenied"
    condition = {
        "StringEquals": {"aws:SourceArn": trail.arn},
        "StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": f"arn:aws:cloudtrail:*:{MEMBER}:trail/*"},
    }
    used = allow("kms:GenerateDataKey*", Principal=CLOUDTRAIL, Condition=condition)
    aws.client("kms").put_key_policy(KeyId=made["KeyId"], PolicyName="default", Policy=policy(root, used))
    key = trail.files()[0]
    assert trail.s3.head_object(Bucket=trail.bucket, Key=key)["SSEKMSKeyId"] == made["Arn"]
