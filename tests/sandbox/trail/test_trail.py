from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from tests.sandbox.trail.audited import Audited


def names(aws: Audited, **lookup: Any) -> list[str]:
    return [event["EventName"] for event in aws.client("cloudtrail").lookup_events(**lookup)["Events"]]


def by(attribute: str, value: str) -> list[dict[str, str]]:
    return [{"AttributeKey": attribute, "AttributeValue": value}]


def test_event_history_has_the_newest_call_first_and_in_json(aws: Audited) -> None:
    aws.client("iam").create_user(UserName="ann")
    aws.client("sqs").create_queue(QueueName="q")
    events = aws.client("cloudtrail").lookup_events()["Events"]
    assert [event["EventName"] for event in events[:2]] == ["CreateQueue", "CreateUser"]
    record = json.loads(events[1]["CloudTrailEvent"])
    assert record["eventID"] == events[1]["EventId"]
    assert record["responseElements"]["user"]["userName"] == "ann"
    assert events[1]["Username"] == "admin"
    assert {"ResourceType": "AWS::IAM::User", "ResourceName": "ann"} in events[1]["Resources"]


def test_each_attribute_finds_its_events(aws: Audited) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    aws.client("iam").create_role(RoleName="r1", AssumeRolePolicyDocument=document)
    record = aws.record("CreateRole")
    for attribute, value in {
        "EventId": record["eventID"],
        "EventName": "CreateRole",
        "EventSource": "iam.amazonaws.com",
        "ReadOnly": "false",
        "Username": "admin",
        "AccessKeyId": record["userIdentity"]["accessKeyId"],
        "ResourceName": "r1",
        "ResourceType": "AWS::IAM::Role",
    }.items():
        assert "CreateRole" in names(aws, LookupAttributes=by(attribute, value)), attribute
    assert names(aws, LookupAttributes=by("ResourceName", "r2")) == []


def test_pages_join_without_gap_or_repetition_while_new_events_arrive(aws: Audited) -> None:
    for number in range(7):
        aws.client("sns").create_topic(Name=f"t{number}")
    attributes = by("EventName", "CreateTopic")
    cloudtrail = aws.client("cloudtrail")
    page = cloudtrail.lookup_events(LookupAttributes=attributes, MaxResults=3)
    ids = [event["EventId"] for event in page["Events"]]
    aws.client("sns").create_topic(Name="late")
    while "NextToken" in page:
        page = cloudtrail.lookup_events(
            LookupAttributes=attributes, MaxResults=3, NextToken=page["NextToken"]
        )
        ids += [event["EventId"] for event in page["Events"]]
    assert len(ids) == len(set(ids)) == 7


def test_a_time_window_holds_only_what_lies_in_it(aws: Audited) -> None:
    aws.client("iam").create_group(GroupName="g")
    now = datetime.now(UTC)
    attributes = by("EventName", "CreateGroup")
    minute = timedelta(minutes=1)
    assert names(aws, LookupAttributes=attributes, StartTime=now - minute, EndTime=now + minute)
    assert not names(aws, LookupAttributes=attributes, EndTime=now - minute)
    assert not names(aws, LookupAttributes=attributes, StartTime=now + minute)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (
            {"StartTime": datetime(2024, 2, 1, tzinfo=UTC), "EndTime": datetime(2024, 1, 1, tzinfo=UTC)},
            "InvalidTimeRangeException",
        ),
        ({"LookupAttributes": by("EventName", "a") * 2}, "InvalidLookupAttributesException"),
        ({"NextToken": "made up"}, "InvalidNextTokenException"),
    ],
)
def test_lookups_that_cloudtrail_refuses_are_refused(aws: Audited, asked: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        aws.client("cloudtrail").lookup_events(**asked)
    assert refused.value.response["Error"]["Code"] == code


def test_data_events_are_not_in_event_history(aws: Audited, trail: str) -> None:
    assert trail
    aws.client("s3").put_object(Bucket="audit-log-bucket", Key="k", Body=b"x")
    assert "PutObject" not in names(aws)


def test_failed_calls_are_recorded_with_their_error(aws: Audited) -> None:
    with pytest.raises(ClientError):
        aws.client("iam").get_user(UserName="nobody")
    record = aws.record("GetUser")
    assert record["errorCode"] == "NoSuchEntityException"
    assert record["responseElements"] is None


def test_a_public_acl_is_recorded_as_s3_records_it(aws: Audited) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="acl-bucket", ObjectOwnership="ObjectWriter")
    s3.delete_public_access_block(Bucket="acl-bucket")
    s3.put_bucket_acl(Bucket="acl-bucket", ACL="public-read")
    record = aws.record("PutBucketAcl")
    assert record["requestParameters"] == {
        "bucketName": "acl-bucket",
        "Host": "acl-bucket.s3.amazonaws.com",
        "acl": "",
        "x-amz-acl": "public-read",
    }
    assert record["resources"] == [
        {"accountId": "444455556666", "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::acl-bucket"}
    ]


def test_a_bucket_policy_is_recorded_as_an_object_and_a_public_access_block_by_its_xml(aws: Audited) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="shape-bucket")
    s3.put_bucket_policy(Bucket="shape-bucket", Policy='{"Version":"2012-10-17","Statement":[]}')
    s3.put_public_access_block(
        Bucket="shape-bucket",
        PublicAccessBlockConfiguration={"BlockPublicAcls": True, "BlockPublicPolicy": False},
    )
    policy = aws.record("PutBucketPolicy")["requestParameters"]
    block = aws.record("PutBucketPublicAccessBlock")["requestParameters"]
    assert policy["bucketPolicy"] == {"Version": "2012-10-17", "Statement": []}
    assert policy["policy"] == ""
    assert block["publicAccessBlock"] == ""
    assert block["PublicAccessBlockConfiguration"] == {
        "xmlns": "http://s3.amazonaws.com/doc/2006-03-01/",
        "BlockPublicAcls": True,
        "BlockPublicPolicy": False,
    }


def test_a_leaked_secret_key_is_nowhere_in_event_history(aws: Audited) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="leaky")
    secret = iam.create_access_key(UserName="leaky")["AccessKey"]["SecretAccessKey"]
    iam.create_login_profile(UserName="leaky", Password="Correct-Horse-1")
    history = json.dumps(aws.client("cloudtrail").lookup_events()["Events"], default=str)
    assert secret not in history
    assert "Correct-Horse-1" not in history


def test_a_new_trail_has_the_default_selectors_and_given_ones_replace_them(aws: Audited, trail: str) -> None:
    cloudtrail = aws.client("cloudtrail")
    cloudtrail.create_trail(Name="selecting", S3BucketName="audit-log-bucket")
    default = cloudtrail.get_event_selectors(TrailName="selecting")["EventSelectors"]
    assert default[0]["IncludeManagementEvents"]
    advanced = [
        {
            "Name": "endpoints",
            "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Data"]},
                {"Field": "resources.type", "Equals": ["AWS::SageMaker::Endpoint"]},
            ],
        }
    ]
    cloudtrail.put_event_selectors(TrailName="selecting", AdvancedEventSelectors=advanced)
    answer = cloudtrail.get_event_selectors(TrailName="selecting")
    assert answer["AdvancedEventSelectors"] == advanced
    assert "EventSelectors" not in answer
    assert cloudtrail.get_trail(Name="selecting")["Trail"]["HasCustomEventSelectors"]
    cloudtrail.put_event_selectors(TrailName="selecting", EventSelectors=default)
    assert "AdvancedEventSelectors" not in cloudtrail.get_event_selectors(TrailName="selecting")
    cloudtrail.delete_trail(Name=cloudtrail.get_trail(Name="selecting")["Trail"]["TrailARN"])
    assert [one["Name"] for one in cloudtrail.describe_trails()["trailList"]] == [trail]


@pytest.mark.parametrize(
    "selectors",
    [
        {"EventSelectors": [{"DataResources": [{"Type": "AWS::SageMaker::Endpoint", "Values": ["a"]}]}]},
        {"EventSelectors": [{"ExcludeManagementEventSources": ["iam.amazonaws.com"]}]},
        {"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "eventName", "Equals": ["a"]}]}]},
        {"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}]},
    ],
)
def test_selectors_that_cloudtrail_refuses_are_refused(
    aws: Audited, trail: str, selectors: dict[str, Any]
) -> None:
    with pytest.raises(ClientError) as refused:
        aws.client("cloudtrail").put_event_selectors(TrailName=trail, **selectors)
    assert refused.value.response["Error"]["Code"] == "InvalidEventSelectorsException"


def test_what_a_trail_aggregates_is_told_as_it_was_given(aws: Audited, trail: str) -> None:
    cloudtrail = aws.client("cloudtrail")
    assert cloudtrail.get_event_configuration(TrailName=trail)["AggregationConfigurations"] == []
    given = [{"Templates": ["API_ACTIVITY"], "EventCategory": "Data"}]
    cloudtrail.put_event_configuration(TrailName=trail, AggregationConfigurations=given)
    assert cloudtrail.get_event_configuration(TrailName=trail)["AggregationConfigurations"] == given
    for where in ({"TrailName": "no-such-trail"}, {"EventDataStore": "no-such-store"}):
        with pytest.raises(ClientError, match="NotFoundException"):
            cloudtrail.get_event_configuration(**where)


def test_logging_stops_and_starts_and_unknown_trails_are_not_found(aws: Audited, trail: str) -> None:
    cloudtrail = aws.client("cloudtrail")
    cloudtrail.stop_logging(Name=trail)
    assert not cloudtrail.get_trail_status(Name=trail)["IsLogging"]
    cloudtrail.start_logging(Name=trail)
    assert cloudtrail.get_trail_status(Name=trail)["IsLogging"]
    for call in (cloudtrail.stop_logging, cloudtrail.delete_trail, cloudtrail.get_trail):
        with pytest.raises(ClientError) as refused:
            call(Name="nowhere")
        assert refused.value.response["Error"]["Code"] == "TrailNotFoundException"
