from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from chaoskit.sandbox.server import serve
from tests.sandbox.aws import Aws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.sandbox.server import Served

LONGEST = 20


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


def until_it_waits(served: Served, waiting: int = 1) -> None:
    deadline = time.monotonic() + 30
    while len(served.cloud.moto._changed._waiters) < waiting:  # type: ignore[attr-defined] # its only trace
        assert time.monotonic() < deadline, "nobody waits"
        time.sleep(0.005)


def receive(aws: Aws, url: str, **more: Any) -> list[dict[str, Any]]:
    return list(aws.client("sqs").receive_message(QueueUrl=url, **more).get("Messages", []))


@pytest.mark.parametrize("by_queue", [True, False], ids=["by the queue's attribute", "by the call"])
def test_a_long_poll_lets_other_calls_through_and_ends_with_the_message(
    aws: Aws, served: Served, pool: ThreadPoolExecutor, by_queue: bool
) -> None:
    attributes = {"ReceiveMessageWaitTimeSeconds": str(LONGEST)} if by_queue else {}
    url = aws.client("sqs").create_queue(QueueName=f"jobs-{by_queue}", Attributes=attributes)["QueueUrl"]
    poll = pool.submit(receive, aws, url, **({} if by_queue else {"WaitTimeSeconds": LONGEST}))
    until_it_waits(served)
    assert aws.client("iam").get_user()["User"]["UserName"] == "admin"
    assert not poll.done()
    began = time.monotonic()
    aws.client("sqs").send_message(QueueUrl=url, MessageBody="now")
    assert [message["Body"] for message in poll.result(LONGEST / 2)] == ["now"]
    assert time.monotonic() - began < LONGEST / 2


def test_a_message_to_an_http_subscriber_leaves_the_sandbox_for_nowhere(aws: Aws) -> None:
    sns = aws.client("sns")
    topic = sns.create_topic(Name="outward")["TopicArn"]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint)
        sns.publish(TopicArn=topic, Message="hello")
        listener.settimeout(0.1)
        with pytest.raises(TimeoutError):
            listener.accept()


def test_many_can_wait_and_each_message_goes_to_one_of_them(
    aws: Aws, served: Served, pool: ThreadPoolExecutor
) -> None:
    url = aws.client("sqs").create_queue(QueueName="shared")["QueueUrl"]
    polls = [pool.submit(receive, aws, url, WaitTimeSeconds=LONGEST, MaxNumberOfMessages=1) for _ in range(4)]
    until_it_waits(served, 4)
    for number in range(4):
        aws.client("sqs").send_message(QueueUrl=url, MessageBody=str(number))
    got = sorted(message["Body"] for poll in polls for message in poll.result(LONGEST / 2))
    assert got == ["0", "1", "2", "3"]


def test_a_message_group_in_flight_keeps_its_pollers_waiting_but_nobody_else(
    aws: Aws, served: Served, pool: ThreadPoolExecutor
) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(
        QueueName="orders.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    )["QueueUrl"]
    for body in ("first", "second"):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="one")
    (first,) = receive(aws, url, MaxNumberOfMessages=1)
    poll = pool.submit(receive, aws, url, WaitTimeSeconds=LONGEST)
    until_it_waits(served)
    assert not poll.done()
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    assert [message["Body"] for message in poll.result(LONGEST / 2)] == ["second"]


def test_a_worker_without_a_task_does_not_hold_up_the_others(
    aws: Aws, served: Served, pool: ThreadPoolExecutor
) -> None:
    swf = aws.client("swf")
    swf.register_domain(name="plant", workflowExecutionRetentionPeriodInDays="1")
    poll = pool.submit(swf.poll_for_activity_task, domain="plant", taskList={"name": "any"})
    until_it_waits(served)
    assert aws.client("iam").get_user()["User"]["UserName"] == "admin"
    assert not poll.result(LONGEST / 2).get("taskToken")


def test_a_new_bucket_invokes_nobody_by_itself(aws: Aws) -> None:
    """Moto starts state machines of any rule that asks for CreateBucket, unasked and unauthorized."""
    states, events = aws.client("stepfunctions"), aws.client("events")
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = aws.role("machine", trust)
    definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Pass", "End": True}}})
    machine = states.create_state_machine(name="machine", definition=definition, roleArn=role)[
        "stateMachineArn"
    ]
    pattern = json.dumps({"source": ["aws.s3"], "detail": {"eventName": ["CreateBucket"]}})
    events.put_rule(Name="buckets", EventPattern=pattern)
    events.put_targets(Rule="buckets", Targets=[{"Id": "machine", "Arn": machine, "RoleArn": role}])
    aws.client("s3").create_bucket(Bucket="unheard-of")
    assert served_idle(aws)
    assert states.list_executions(stateMachineArn=machine)["executions"] == []


def test_an_object_reaches_no_queue_behind_the_gateways_back(aws: Aws) -> None:
    """Moto puts notifications into queues whose policy does not let S3 send."""
    sqs, s3 = aws.client("sqs"), aws.client("s3")
    url = sqs.create_queue(QueueName="closed")["QueueUrl"]
    s3.create_bucket(Bucket="noisy")
    arn = "arn:aws:sqs:us-east-1:444455556666:closed"
    s3.put_bucket_notification_configuration(
        Bucket="noisy",
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]
        },
        SkipDestinationValidation=True,
    )
    s3.put_object(Bucket="noisy", Key="a", Body=b"a")
    assert served_idle(aws)
    assert receive(aws, url) == []


def test_an_answer_without_content_has_none_that_would_spoil_the_next(aws: Aws) -> None:
    functions = aws.client("lambda")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    functions.create_function(
        FunctionName="open",
        Role=aws.role("runs", trust),
        Runtime="python3.12",
        Handler="index.handler",
        Code={"ZipFile": b"never run"},
    )
    who = {"FunctionName": "open", "StatementId": "all"}
    functions.add_permission(**who, Action="lambda:InvokeFunction", Principal="*")
    removed = functions.remove_permission(**who)["ResponseMetadata"]
    assert removed["HTTPStatusCode"] == 204
    assert removed["HTTPHeaders"]["content-length"] == "0"


def served_idle(aws: Aws) -> bool:
    return aws.served.cloud.idle(5)


def test_a_snapshot_is_shared_by_either_form_of_the_call(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    where = {
        "SnapshotId": ec2.create_snapshot(VolumeId=volume)["SnapshotId"],
        "Attribute": "createVolumePermission",
    }

    def who() -> list[dict[str, str]]:
        return list(ec2.describe_snapshot_attribute(**where)["CreateVolumePermissions"])

    stranger, everyone = {"UserId": "999999999999"}, {"Group": "all"}
    ec2.modify_snapshot_attribute(**where, OperationType="add", UserIds=["999999999999"])
    assert who() == [stranger]
    ec2.modify_snapshot_attribute(**where, CreateVolumePermission={"Add": [everyone], "Remove": [stranger]})
    assert who() == [everyone]
    ec2.modify_snapshot_attribute(**where, CreateVolumePermission={"Remove": [everyone]})
    assert who() == []


def test_a_policy_that_is_attached_again_is_attached_once(aws: Aws) -> None:
    iam = aws.client("iam")
    allows = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    made = iam.create_policy(PolicyName="attached-again", PolicyDocument=json.dumps(allows))
    arn = made["Policy"]["Arn"]
    iam.create_user(UserName="attached-to")
    for _ in range(2):
        iam.attach_user_policy(UserName="attached-to", PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    iam.detach_user_policy(UserName="attached-to", PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 0
    iam.delete_policy(PolicyArn=arn)


def test_a_trail_is_not_replaced_by_one_of_its_name(aws: Aws) -> None:
    s3, trails = aws.client("s3"), aws.client("cloudtrail")
    s3.create_bucket(Bucket="trail-of-its-name")
    where = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:*"}
    policy = {
        "Version": "2012-10-17",
        "Statement": [{**where, "Resource": "arn:aws:s3:::trail-of-its-name*"}],
    }
    s3.put_bucket_policy(Bucket="trail-of-its-name", Policy=json.dumps(policy))
    trails.create_trail(Name="only-one", S3BucketName="trail-of-its-name")
    trails.start_logging(Name="only-one")
    with pytest.raises(ClientError, match="TrailAlreadyExistsException"):
        trails.create_trail(Name="only-one", S3BucketName="trail-of-its-name")
    assert trails.get_trail_status(Name="only-one")["IsLogging"]
    trails.delete_trail(Name="only-one")


def test_a_trail_takes_a_topic_by_its_name_or_arn_and_its_tags_go_with_it(aws: Aws) -> None:
    trails, topic = aws.client("cloudtrail"), aws.client("sns").create_topic(Name="new-files")["TopicArn"]
    aws.client("s3").create_bucket(Bucket="trail-with-a-topic")
    where = {"Name": "with-a-topic", "S3BucketName": "trail-with-a-topic"}
    for given in ("new-files", topic):
        tags = [{"Key": "given", "Value": given}]
        arn = trails.create_trail(**where, SnsTopicName=given, TagsList=tags)["TrailARN"]
        assert trails.get_trail(Name=arn)["Trail"]["SnsTopicARN"] == topic
        assert trails.list_tags(ResourceIdList=[arn])["ResourceTagList"][0]["TagsList"] == tags
        trails.delete_trail(Name=arn)
    arn = trails.create_trail(**where)["TrailARN"]
    assert trails.list_tags(ResourceIdList=[arn])["ResourceTagList"][0]["TagsList"] == []
    trails.delete_trail(Name=arn)


def test_a_grant_of_the_same_name_and_all_else_is_the_one_that_is_there(aws: Aws) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]

    def granted(**more: Any) -> str:
        asked = {"GranteePrincipal": "arn:aws:iam::111122223333:root", "Operations": ["Decrypt"]}
        return str(kms.create_grant(KeyId=key, **{**asked, **more})["GrantId"])

    first = granted(Name="a-name")
    assert granted(Name="a-name") == first
    others = [granted(Name="a-name", Operations=["Encrypt"]), granted(Name="another"), granted(), granted()]
    found = [grant["GrantId"] for grant in kms.list_grants(KeyId=key)["Grants"]]
    assert sorted(found) == sorted([first, *others])


def test_whoever_waits_is_sent_away_when_the_sandbox_goes() -> None:
    with ThreadPoolExecutor(1) as pool:
        with serve() as served:
            aws = Aws(served)
            url = aws.client("sqs").create_queue(QueueName="jobs")["QueueUrl"]
            poll = pool.submit(receive, aws, url, WaitTimeSeconds=LONGEST)
            until_it_waits(served)
        with pytest.raises(ClientError, match="ServiceUnavailable"):
            poll.result(LONGEST / 2)
