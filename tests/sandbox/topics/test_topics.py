from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.aws import MEMBER, refusal
from tests.sandbox.receivers import NUMBERS, Function, Queue

if TYPE_CHECKING:
    from chaoskit.sandbox.http import HttpRequest
    from chaoskit.sandbox.wire import Answer
    from tests.sandbox.aws import Aws

SNS = "sns.amazonaws.com"


def texts(queue: Queue) -> list[str]:
    return [body["Message"] for body in queue.bodies()]


def topic_of(aws: Aws, *endpoints: str, fifo: bool = False, **attributes: str) -> tuple[str, list[str]]:
    """A new topic with these subscribers; the subscriptions' ARNs."""
    sns = aws.client("sns")
    name = f"topic-{next(NUMBERS)}" + (".fifo" if fifo else "")
    given = {"FifoTopic": "true", "ContentBasedDeduplication": "true"} if fifo else {}
    made = sns.create_topic(Name=name, Attributes=given)["TopicArn"]
    subscriptions = [
        sns.subscribe(
            TopicArn=made,
            Protocol=endpoint.split(":")[2],
            Endpoint=endpoint,
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        for endpoint in endpoints
    ]
    return made, subscriptions


def text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}


def test_a_queue_gets_the_documented_envelope(aws: Aws) -> None:
    queue = Queue(aws, SNS)
    topic, (subscription,) = topic_of(aws, queue.arn)
    sent = aws.client("sns").publish(
        TopicArn=topic, Message="hello", Subject="greeting", MessageAttributes={"kind": text("x")}
    )
    (envelope,) = queue.bodies()
    assert list(envelope) == [
        "Type",
        "MessageId",
        "TopicArn",
        "Subject",
        "Message",
        "Timestamp",
        "SignatureVersion",
        "Signature",
        "SigningCertURL",
        "UnsubscribeURL",
        "MessageAttributes",
    ]
    assert envelope["MessageId"] == sent["MessageId"]
    assert (envelope["Message"], envelope["Subject"]) == ("hello", "greeting")
    assert envelope["MessageAttributes"] == {"kind": {"Type": "String", "Value": "x"}}
    assert envelope["UnsubscribeURL"].endswith(subscription)


def test_raw_delivery_passes_the_message_and_its_attributes_on_as_they_are(aws: Aws) -> None:
    queue = Queue(aws, SNS)
    topic, _ = topic_of(aws, queue.arn, RawMessageDelivery="true")
    aws.client("sns").publish(
        TopicArn=topic,
        Message="bare",
        MessageAttributes={"kind": text("x"), "b": {"DataType": "Binary", "BinaryValue": b"\x00\x01"}},
    )
    (message,) = queue.messages()
    assert message["Body"] == "bare"
    assert message["MessageAttributes"]["kind"]["StringValue"] == "x"
    assert message["MessageAttributes"]["b"]["BinaryValue"] == b"\x00\x01"


def test_a_queue_whose_policy_names_another_topic_gets_nothing_and_the_dead_letter_queue_does(
    aws: Aws,
) -> None:
    closed = Queue(
        aws, SNS, condition={"ArnEquals": {"aws:SourceArn": f"arn:aws:sns:us-east-1:{MEMBER}:another"}}
    )
    dead = Queue(aws, SNS)
    topic, _ = topic_of(aws, closed.arn, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead.arn}))
    aws.client("sns").publish(TopicArn=topic, Message="lost")
    assert closed.messages() == []
    assert texts(dead) == ["lost"]


def test_a_queue_that_names_the_topic_gets_its_messages(aws: Aws) -> None:
    queue = Queue(aws, SNS, condition={"ArnLike": {"aws:SourceArn": f"arn:aws:sns:us-east-1:{MEMBER}:*"}})
    topic, _ = topic_of(aws, queue.arn)
    aws.client("sns").publish(TopicArn=topic, Message="in")
    assert texts(queue) == ["in"]


@pytest.mark.parametrize(
    ("scope", "wanted", "passing"),
    [
        ("MessageAttributes", {"kind": ["alarm"]}, [0]),
        ("MessageAttributes", {"kind": [{"prefix": "al"}], "level": [{"numeric": [">=", 5]}]}, [0]),
        ("MessageAttributes", {"kind": [{"anything-but": ["alarm"]}]}, [1]),
        ("MessageAttributes", {"tags": ["red"]}, [1]),
        ("MessageAttributes", {"kind": [{"exists": False}]}, [2]),
        ("MessageBody", {"detail": {"state": ["bad"]}}, [1]),
        ("MessageBody", {"detail": {"list": [{"anything-but": "no"}]}}, [0]),
    ],
)
def test_a_filter_policy_decides_which_messages_pass(
    aws: Aws, scope: str, wanted: dict[str, Any], passing: list[int]
) -> None:
    queue = Queue(aws, SNS)
    topic, _ = topic_of(aws, queue.arn, FilterPolicyScope=scope, FilterPolicy=json.dumps(wanted))
    bodies = [json.dumps({"detail": {"list": ["yes"]}}), json.dumps({"detail": {"state": "bad"}}), "no JSON"]
    attributes = [
        {"kind": text("alarm"), "level": {"DataType": "Number", "StringValue": "7"}},
        {"kind": text("news"), "tags": {"DataType": "String.Array", "StringValue": '["red", 1]'}},
        {},
    ]
    for body, given in zip(bodies, attributes, strict=True):
        aws.client("sns").publish(TopicArn=topic, Message=body, MessageAttributes=given)
    assert sorted(texts(queue)) == sorted(bodies[number] for number in passing)


def test_each_message_of_a_batch_is_delivered(aws: Aws) -> None:
    queue = Queue(aws, SNS)
    topic, _ = topic_of(aws, queue.arn)
    aws.client("sns").publish_batch(
        TopicArn=topic, PublishBatchRequestEntries=[{"Id": str(n), "Message": f"m{n}"} for n in range(3)]
    )
    assert sorted(texts(queue)) == ["m0", "m1", "m2"]


def test_a_structured_message_tells_each_protocol_its_own(aws: Aws) -> None:
    queue = Queue(aws, SNS)
    topic, _ = topic_of(aws, queue.arn)
    publish = aws.client("sns").publish
    publish(TopicArn=topic, MessageStructure="json", Message=json.dumps({"default": "all", "sqs": "queues"}))
    assert texts(queue) == ["queues"]
    code, words, _ = refusal(publish, TopicArn=topic, MessageStructure="json", Message='{"sqs": "queues"}')
    assert (code, "No default entry" in words) == ("InvalidParameter", True)


def test_a_fifo_topic_keeps_its_order_and_numbers_its_messages(aws: Aws) -> None:
    queue = Queue(aws, SNS, fifo=True)
    topic, _ = topic_of(aws, queue.arn, fifo=True)
    for number in range(5):
        aws.client("sns").publish(TopicArn=topic, Message=f"m{number}", MessageGroupId="g")
    bodies = queue.bodies()
    assert [body["Message"] for body in bodies] == [f"m{number}" for number in range(5)]
    sequence = [int(body["SequenceNumber"]) for body in bodies]
    assert sequence == sorted(set(sequence))
    assert "Signature" not in bodies[0]


def test_a_function_is_run_only_if_its_policy_lets_the_topic(aws: Aws) -> None:
    function, dead = Function(aws), Queue(aws, SNS)
    letters = json.dumps({"deadLetterTargetArn": dead.arn})
    topic, (subscription,) = topic_of(aws, function.arn, RedrivePolicy=letters)
    aws.client("sns").publish(TopicArn=topic, Message="refused")
    assert texts(dead) == ["refused"]
    function.let(SNS, topic)
    aws.client("sns").publish(TopicArn=topic, Message="run")
    (event,) = function.events()
    (record,) = event["Records"]
    assert (record["EventSource"], record["EventSubscriptionArn"]) == ("aws:sns", subscription)
    assert (record["Sns"]["Message"], record["Sns"]["Subject"]) == ("run", None)


def test_an_http_subscriber_is_never_called(aws: Aws) -> None:
    topic, _ = topic_of(aws)
    sns = aws.client("sns")
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{aws.url}/would-be-told")
    told: list[str] = []
    gateway = aws.served.cloud.gateway
    handle = gateway.handle

    def hear(http: HttpRequest) -> Answer:
        told.append(http.path)
        return handle(http)

    vars(gateway)["handle"] = hear
    try:
        sns.publish(TopicArn=topic, Message="quiet")
        assert aws.served.cloud.idle(5)
    finally:
        del vars(gateway)["handle"]
    assert told == ["/"]
