from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.sandbox.bucket_events.configuration import Destination
from tests.sandbox.aws import MEMBER, allow, policy, refusal
from tests.sandbox.receivers import NUMBERS, Function, Queue

if TYPE_CHECKING:
    from tests.sandbox.aws import Aws

S3 = "s3.amazonaws.com"


def bucket(aws: Aws, configuration: dict[str, Any] | None = None, **more: Any) -> str:
    name = f"noticed-{next(NUMBERS)}"
    aws.client("s3").create_bucket(Bucket=name)
    if configuration is not None:
        configure(aws, name, configuration, **more)
    return name


def configure(aws: Aws, name: str, configuration: dict[str, Any], **more: Any) -> None:
    put = aws.client("s3").put_bucket_notification_configuration
    put(Bucket=name, NotificationConfiguration=configuration, **more)


def to(queue: Queue, *events: str, **rules: str) -> dict[str, Any]:
    about: dict[str, Any] = {"Id": "notices", "QueueArn": queue.arn, "Events": list(events)}
    if rules:
        told = [{"Name": name, "Value": value} for name, value in rules.items()]
        about["Filter"] = {"Key": {"FilterRules": told}}
    return {"QueueConfigurations": [about]}


def happened(queue: Queue) -> list[dict[str, Any]]:
    """The records that have come, without the test event of the configuration."""
    return [record for body in queue.bodies() for record in body.get("Records", ())]


def test_a_queue_is_tested_and_then_told_of_new_objects(aws: Aws) -> None:
    queue = Queue(aws, S3, condition={"StringEquals": {"aws:SourceAccount": MEMBER}})
    name = bucket(aws, to(queue, "s3:ObjectCreated:*"))
    (test,) = queue.bodies()
    assert (test["Service"], test["Event"], test["Bucket"]) == ("Amazon S3", "s3:TestEvent", name)
    aws.client("s3").put_object(Bucket=name, Key="red flower.jpg", Body=b"12345")
    (record,) = happened(queue)
    assert (record["eventVersion"], record["eventName"]) == ("2.1", "ObjectCreated:Put")
    assert record["userIdentity"]["principalId"].startswith("AWS:")
    assert record["s3"]["configurationId"] == "notices"
    assert record["s3"]["bucket"]["arn"] == f"arn:aws:s3:::{name}"
    assert set(record["s3"]["object"]) == {"key", "size", "eTag", "sequencer"}
    assert (record["s3"]["object"]["key"], record["s3"]["object"]["size"]) == ("red+flower.jpg", 5)


def test_prefix_and_suffix_decide_which_keys_are_told_of(aws: Aws) -> None:
    queue = Queue(aws, S3)
    name = bucket(aws, to(queue, "s3:ObjectCreated:*", prefix="in/", suffix=".csv"))
    for key in ("in/a.csv", "in/a.txt", "out/a.csv"):
        aws.client("s3").put_object(Bucket=name, Key=key, Body=b"")
    assert [record["s3"]["object"]["key"] for record in happened(queue)] == ["in%2Fa.csv"]


def test_each_kind_of_event_is_told_by_its_name(aws: Aws) -> None:
    kinds = ("ObjectCreated:*", "ObjectRemoved:*", "ObjectTagging:*")
    queue = Queue(aws, S3)
    name = bucket(aws, to(queue, *(f"s3:{kind}" for kind in kinds)))
    s3 = aws.client("s3")
    s3.put_object(Bucket=name, Key="a", Body=b"a")
    s3.copy_object(Bucket=name, Key="b", CopySource={"Bucket": name, "Key": "a"})
    s3.put_object_tagging(Bucket=name, Key="a", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    s3.delete_object_tagging(Bucket=name, Key="a")
    s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": "a"}], "Quiet": True})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    marker = s3.delete_object(Bucket=name, Key="b")["VersionId"]
    s3.delete_object(Bucket=name, Key="b", VersionId=marker)
    told = sorted((record["eventName"], record["s3"]["object"]["key"]) for record in happened(queue))
    assert told == [
        ("ObjectCreated:Copy", "b"),
        ("ObjectCreated:Put", "a"),
        ("ObjectRemoved:Delete", "a"),
        ("ObjectRemoved:Delete", "b"),
        ("ObjectRemoved:DeleteMarkerCreated", "b"),
        ("ObjectTagging:Delete", "a"),
        ("ObjectTagging:Put", "a"),
    ]


def test_a_destination_that_refuses_s3_is_refused(aws: Aws) -> None:
    other = Queue(aws, S3, condition={"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::another"}})
    name = bucket(aws)
    put = aws.client("s3").put_bucket_notification_configuration
    code, words, _ = refusal(put, Bucket=name, NotificationConfiguration=to(other, "s3:ObjectCreated:*"))
    assert (code, words) == (
        "InvalidArgument",
        "Unable to validate the following destination configurations",
    )
    function = Function(aws)
    about = {"LambdaFunctionArn": function.arn, "Events": ["s3:ObjectCreated:*"]}
    configuration = {"LambdaFunctionConfigurations": [about]}
    assert refusal(put, Bucket=name, NotificationConfiguration=configuration)[0] == "InvalidArgument"
    kept = aws.client("s3").get_bucket_notification_configuration(Bucket=name)
    assert set(kept) == {"ResponseMetadata"}


def test_a_function_that_lets_s3_is_run(aws: Aws) -> None:
    function, name = Function(aws), bucket(aws)
    function.let(S3, f"arn:aws:s3:::{name}")
    about = {"LambdaFunctionArn": function.arn, "Events": ["s3:ObjectCreated:Put"]}
    configure(aws, name, {"LambdaFunctionConfigurations": [about]})
    aws.client("s3").put_object(Bucket=name, Key="k", Body=b"x")
    (event,) = function.events()
    assert event["Records"][0]["s3"]["object"]["key"] == "k"


def test_a_topic_passes_the_notification_on(aws: Aws) -> None:
    queue, sns = Queue(aws, "sns.amazonaws.com"), aws.client("sns")
    topic = sns.create_topic(Name=f"noticed-{next(NUMBERS)}")["TopicArn"]
    statement = allow("sns:Publish", topic, Principal={"Service": S3})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy(statement))
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    configuration = {"TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]}
    name = bucket(aws, configuration)
    aws.client("s3").put_object(Bucket=name, Key="k", Body=b"x")
    told = [json.loads(body["Message"]) for body in queue.bodies()]
    assert sorted(one.get("Event", "Records") for one in told) == ["Records", "s3:TestEvent"]


def test_a_bucket_with_eventbridge_on_tells_the_bus(aws: Aws) -> None:
    queue, events = Queue(aws, "events.amazonaws.com"), aws.client("events")
    name = bucket(aws, {"EventBridgeConfiguration": {}})
    pattern = json.dumps({"source": ["aws.s3"], "detail": {"bucket": {"name": [name]}}})
    events.put_rule(Name="objects", EventPattern=pattern)
    events.put_targets(Rule="objects", Targets=[{"Id": "1", "Arn": queue.arn}])
    aws.client("s3").put_object(Bucket=name, Key="a b", Body=b"xyz")
    aws.client("s3").delete_object(Bucket=name, Key="a b")
    told = {event["detail-type"]: event for event in queue.bodies()}
    created, deleted = told["Object Created"]["detail"], told["Object Deleted"]["detail"]
    assert (created["object"]["key"], created["object"]["size"]) == ("a b", 3)
    assert (created["reason"], created["requester"]) == ("PutObject", MEMBER)
    assert told["Object Created"]["resources"] == [f"arn:aws:s3:::{name}"]
    assert (deleted["reason"], deleted["deletion-type"]) == ("DeleteObject", "Permanently Deleted")
    assert deleted["object"]["sequencer"] > created["object"]["sequencer"]


def test_a_configuration_that_overlaps_or_leaves_the_region_is_refused(aws: Aws) -> None:
    queue, name = Queue(aws, S3), bucket(aws)
    put = aws.client("s3").put_bucket_notification_configuration
    twice = [
        {"QueueArn": queue.arn, "Events": [one]} for one in ("s3:ObjectCreated:*", "s3:ObjectCreated:Put")
    ]
    away = [{"QueueArn": queue.arn.replace("us-east-1", "us-west-2"), "Events": ["s3:ObjectCreated:*"]}]
    for wrong, why in ((twice, "ambiguously defined"), (away, "region is not valid")):
        configuration = {"QueueConfigurations": wrong}
        code, words, _ = refusal(put, Bucket=name, NotificationConfiguration=configuration)
        assert (code, why in words) == ("InvalidArgument", True)


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (("", ""), ("", ""), True),
        (("a/", ""), ("b/", ""), False),
        (("a/", ".jpg"), ("a/b", ".png"), False),
        (("a/", "g"), ("a/b", ".jpg"), True),
    ],
)
def test_two_destinations_overlap_where_one_key_could_go_to_both(
    one: tuple[str, str], other: tuple[str, str], *, overlap: bool
) -> None:
    events = ("s3:ObjectCreated:*",)
    first, second = Destination("1", "", events, *one), Destination("2", "", events, *other)
    assert first.overlaps(second) is second.overlaps(first) is overlap
