from __future__ import annotations

import io
import itertools
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.trail.audited import Audited

ACCOUNT = "444455556666"
ORDERS = {"source": ["shop"], "detail-type": ["Order"]}
NUMBERS = itertools.count(1)

pytestmark = pytest.mark.usefixtures("trail")


def fresh(kind: str) -> str:
    return f"{kind}-{next(NUMBERS)}"


class Queue:
    """A queue that rules may send to, and what has come into it."""

    def __init__(self, aws: Audited, *, fifo: bool = False, open_to_rules: bool = True) -> None:
        self.aws = aws
        self.sqs = aws.client("sqs")
        name = fresh("queue") + (".fifo" if fifo else "")
        self.url = self.sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"} if fifo else {})[
            "QueueUrl"
        ]
        self.arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
        if open_to_rules:
            self.allow({})

    def allow(self, condition: dict[str, Any]) -> None:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]},
            "Action": "sqs:SendMessage",
            "Resource": self.arn,
            "Condition": condition,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})

    def messages(self) -> list[dict[str, Any]]:
        self.aws.settle()
        return list(
            self.sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=10,
                MessageAttributeNames=["All"],
                AttributeNames=["All"],
            ).get("Messages", [])
        )

    def bodies(self) -> list[Any]:
        return [json.loads(message["Body"]) for message in self.messages()]


def rule(aws: Audited, pattern: dict[str, Any], *targets: dict[str, Any], **more: Any) -> str:
    events = aws.client("events")
    name = fresh("rule")
    arn: str = events.put_rule(Name=name, EventPattern=json.dumps(pattern), **more)["RuleArn"]
    given = [{"Id": f"t{number}", **target} for number, target in enumerate(targets)]
    bus = {"EventBusName": more["EventBusName"]} if "EventBusName" in more else {}
    events.put_targets(Rule=name, Targets=given, **bus)
    return arn


def order(aws: Audited, number: int, **more: Any) -> dict[str, Any]:
    entry = {"Source": "shop", "DetailType": "Order", "Detail": json.dumps({"number": number}), **more}
    answer: dict[str, Any] = aws.client("events").put_events(Entries=[entry])
    return answer


def calls(name: str, **detail: Any) -> dict[str, Any]:
    return {"source": ["aws.iam"], "detail": {"eventName": [name], **detail}}


@pytest.fixture
def role(aws: Audited) -> Callable[..., str]:
    """Makes roles that EventBridge, Lambda and Systems Manager may assume."""

    def make(*actions: str) -> str:
        iam = aws.client("iam")
        name = fresh("role")
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": ["events.amazonaws.com", "lambda.amazonaws.com", "ssm.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        allow = {"Effect": "Allow", "Action": list(actions) or ["none:None"], "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
        return arn

    return make


def test_a_call_reaches_the_queue_of_the_rule_that_it_matches(aws: Audited) -> None:
    queue = Queue(aws)
    rule(aws, calls("AttachUserPolicy"), {"Arn": queue.arn})
    iam = aws.client("iam")
    iam.create_user(UserName="ann")
    iam.attach_user_policy(UserName="ann", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    (event,) = queue.bodies()
    assert event["detail-type"] == "AWS API Call via CloudTrail"
    assert (event["source"], event["account"], event["region"]) == ("aws.iam", ACCOUNT, "us-east-1")
    assert event["detail"] == aws.record("AttachUserPolicy")


def test_a_failed_call_reaches_its_rule_too(aws: Audited) -> None:
    queue = Queue(aws)
    rule(aws, calls("DeleteUser", errorCode=["NoSuchEntityException"]), {"Arn": queue.arn})
    with pytest.raises(ClientError):
        aws.client("iam").delete_user(UserName="nobody")
    assert [event["detail"]["errorCode"] for event in queue.bodies()] == ["NoSuchEntityException"]


def test_a_disabled_rule_does_not_fire_until_it_is_enabled(aws: Audited) -> None:
    queue = Queue(aws)
    arn = rule(aws, ORDERS, {"Arn": queue.arn})
    events = aws.client("events")
    events.disable_rule(Name=arn.rpartition("/")[2])
    order(aws, 1)
    events.enable_rule(Name=arn.rpartition("/")[2])
    order(aws, 2)
    assert [event["detail"]["number"] for event in queue.bodies()] == [2]


def test_a_stopped_trail_sends_no_calls_to_rules(aws: Audited, trail: str) -> None:
    queue = Queue(aws)
    rule(aws, calls("CreateGroup"), {"Arn": queue.arn})
    cloudtrail, iam = aws.client("cloudtrail"), aws.client("iam")
    cloudtrail.stop_logging(Name=trail)
    iam.create_group(GroupName="while-stopped")
    cloudtrail.start_logging(Name=trail)
    iam.create_group(GroupName="while-logging")
    named = [event["detail"]["requestParameters"]["groupName"] for event in queue.bodies()]
    assert named == ["while-logging"]


def test_reads_reach_only_rules_that_ask_for_all_management_events(aws: Audited) -> None:
    usual, all_events = Queue(aws), Queue(aws)
    rule(aws, calls("GetAccountSummary"), {"Arn": usual.arn})
    rule(
        aws,
        calls("GetAccountSummary"),
        {"Arn": all_events.arn},
        State="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
    )
    aws.client("iam").get_account_summary()
    assert len(all_events.bodies()) == 1
    assert usual.bodies() == []


def test_data_events_reach_rules_only_when_the_trail_selects_them(aws: Audited, trail: str) -> None:
    queue = Queue(aws)
    rule(aws, {"source": ["aws.s3"], "detail": {"eventName": ["PutObject"]}}, {"Arn": queue.arn})
    cloudtrail, s3 = aws.client("cloudtrail"), aws.client("s3")
    before = cloudtrail.get_event_selectors(TrailName=trail)["EventSelectors"]
    s3.put_object(Bucket="audit-log-bucket", Key="unseen", Body=b"x")
    selected = [{**before[0], "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}]
    cloudtrail.put_event_selectors(TrailName=trail, EventSelectors=selected)
    s3.put_object(Bucket="audit-log-bucket", Key="seen", Body=b"x")
    cloudtrail.put_event_selectors(TrailName=trail, EventSelectors=before)
    keys = [event["detail"]["requestParameters"]["key"] for event in queue.bodies()]
    # The trail's own log files go to the same bucket, whenever a second is over.
    assert [key for key in keys if not key.startswith("AWSLogs/")] == ["seen"]


def test_an_invocation_of_an_endpoint_is_noticed_when_the_trail_selects_endpoints(
    aws: Audited, trail: str
) -> None:
    queue = Queue(aws)
    rule(aws, {"source": ["aws.sagemaker"], "detail": {"eventName": ["InvokeEndpoint"]}}, {"Arn": queue.arn})
    cloudtrail, sagemaker = aws.client("cloudtrail"), aws.client("sagemaker")
    variant = {
        "VariantName": "v",
        "ModelName": "m",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.t2.medium",
    }
    execution = f"arn:aws:iam::{ACCOUNT}:role/r"
    image = {"Image": f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/m:1"}
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=execution, PrimaryContainer=image)
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="fraud", EndpointConfigName="c")
    selecting = [
        {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]},
        {
            "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Data"]},
                {"Field": "resources.type", "Equals": ["AWS::SageMaker::Endpoint"]},
            ]
        },
    ]
    runtime = aws.client("sagemaker-runtime")
    runtime.invoke_endpoint(EndpointName="fraud", Body=b"unseen")
    cloudtrail.put_event_selectors(TrailName=trail, AdvancedEventSelectors=selecting)
    runtime.invoke_endpoint(EndpointName="fraud", Body=b"seen", ContentType="text/csv")
    default = [{"ReadWriteType": "All", "IncludeManagementEvents": True}]
    cloudtrail.put_event_selectors(TrailName=trail, EventSelectors=default)
    (event,) = queue.bodies()
    assert event["detail"]["requestParameters"] == {"endpointName": "fraud", "contentType": "text/csv"}
    assert event["detail"]["eventCategory"] == "Data"


def test_the_queues_policy_decides_which_rule_may_send(aws: Audited) -> None:
    queue, dead = Queue(aws, open_to_rules=False), Queue(aws)
    target = {"Arn": queue.arn, "DeadLetterConfig": {"Arn": dead.arn}}
    arn = rule(aws, ORDERS, target)
    order(aws, 1)
    (letter,) = dead.messages()
    told = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert (told["RULE_ARN"], told["TARGET_ARN"]) == (arn, queue.arn)
    assert "AccessDenied" in told["ERROR_CODE"]
    assert told["RETRY_ATTEMPTS"] == "0"
    assert json.loads(letter["Body"])["detail"] == {"number": 1}
    queue.allow({"ArnEquals": {"aws:SourceArn": arn}})
    order(aws, 2)
    assert [event["detail"]["number"] for event in queue.bodies()] == [2]


def test_a_failed_delivery_is_counted_and_never_raised(aws: Audited) -> None:
    arn = rule(aws, ORDERS, {"Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:no-such-queue"})
    assert order(aws, 3)["FailedEntryCount"] == 0
    aws.settle()
    kept = aws.deliveries
    assert kept.counts[arn, "matched"] == kept.counts[arn, "failed"] == 1
    assert [failure.dead_lettered for failure in kept.failures if failure.rule == arn] == [False]


def test_a_fifo_queue_gets_the_message_group_of_the_target(aws: Audited) -> None:
    queue = Queue(aws, fifo=True)
    rule(aws, ORDERS, {"Arn": queue.arn, "SqsParameters": {"MessageGroupId": "orders"}})
    order(aws, 4)
    (message,) = queue.messages()
    assert message["Attributes"]["MessageGroupId"] == "orders"


def test_a_target_gets_its_input_transformed(aws: Audited) -> None:
    queue = Queue(aws)
    transformer = {
        "InputPathsMap": {"n": "$.detail.number"},
        "InputTemplate": '{"order": <n>, "by": "<aws.events.rule-name>"}',
    }
    arn = rule(aws, ORDERS, {"Arn": queue.arn, "InputTransformer": transformer})
    order(aws, 5)
    assert queue.bodies() == [{"order": 5, "by": arn.rpartition("/")[2]}]


def test_a_topic_passes_an_event_on_to_its_queue(aws: Audited) -> None:
    queue = Queue(aws)
    sns = aws.client("sns")
    topic = sns.create_topic(Name=fresh("topic"))["TopicArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    rule(aws, ORDERS, {"Arn": topic})
    order(aws, 6)
    (envelope,) = queue.bodies()
    assert json.loads(envelope["Message"])["detail"] == {"number": 6}


def test_a_log_group_gets_the_event_as_a_log_line(aws: Audited) -> None:
    logs = aws.client("logs")
    group = f"/aws/events/{fresh('group')}"
    logs.create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"{arn}:*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    source = rule(aws, ORDERS, {"Arn": arn})
    order(aws, 6)
    aws.settle()
    assert aws.deliveries.counts[source, "failed"] == 1, "no resource policy let EventBridge in yet"
    logs.put_resource_policy(policyName=fresh("policy"), policyDocument=policy)
    order(aws, 7)
    aws.settle()
    lines = [json.loads(event["message"]) for event in logs.filter_log_events(logGroupName=group)["events"]]
    assert [line["detail"] for line in lines] == [{"number": 7}]


def test_a_function_is_invoked_with_the_event(aws: Audited, role: Callable[..., str]) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr(
            "index.py", "def handler(event, context):\n    print('got', event['detail']['number'])\n"
        )
    functions = aws.client("lambda")
    name = fresh("function")
    arn = functions.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=role("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"),
        Handler="index.handler",
        Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]
    source = rule(aws, ORDERS, {"Arn": arn})
    order(aws, 7)
    aws.settle()
    assert aws.deliveries.counts[source, "failed"] == 1, "its policy let nobody in yet"
    functions.add_permission(
        FunctionName=name,
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=source,
    )
    order(aws, 8)
    aws.settle()
    assert aws.deliveries.counts[source, "delivered"] == 1


def runbook(aws: Audited) -> str:
    """A runbook that tags the user it is given, and its target ARN."""
    name = fresh("runbook")
    document = {
        "schemaVersion": "0.3",
        "assumeRole": "{{ AssumeRole }}",
        "parameters": {"UserName": {"type": "String"}, "AssumeRole": {"type": "String"}},
        "mainSteps": [
            {
                "name": "tag",
                "action": "aws:executeAwsApi",
                "inputs": {
                    "Service": "iam",
                    "Api": "TagUser",
                    "UserName": "{{ UserName }}",
                    "Tags": [{"Key": "found", "Value": "yes"}],
                },
            }
        ],
    }
    aws.client("ssm").create_document(
        Name=name, Content=json.dumps(document), DocumentType="Automation", DocumentFormat="JSON"
    )
    return f"arn:aws:ssm:us-east-1:{ACCOUNT}:automation-definition/{name}:$DEFAULT"


def test_a_runbook_is_started_by_the_targets_role_with_the_parameters_of_the_template(
    aws: Audited, role: Callable[..., str]
) -> None:
    starter, responder = role("ssm:StartAutomationExecution", "iam:PassRole"), role("iam:TagUser")
    iam = aws.client("iam")
    iam.create_user(UserName="found")
    transformer = {
        "InputPathsMap": {"user": "$.detail.requestParameters.userName"},
        "InputTemplate": f'{{"UserName": [<user>], "AssumeRole": ["{responder}"]}}',
    }
    rule(
        aws,
        calls("CreateAccessKey"),
        {"Arn": runbook(aws), "RoleArn": starter, "InputTransformer": transformer},
    )
    iam.create_access_key(UserName="found")
    aws.settle()
    assert iam.list_user_tags(UserName="found")["Tags"] == [{"Key": "found", "Value": "yes"}]


def test_a_runbook_is_not_started_without_a_role_or_with_parameters_that_are_no_lists(
    aws: Audited, role: Callable[..., str]
) -> None:
    target = runbook(aws)
    without = rule(aws, ORDERS, {"Arn": target, "Input": "{}"})
    starter = role("ssm:StartAutomationExecution", "iam:PassRole")
    unlisted = rule(aws, ORDERS, {"Arn": target, "RoleArn": starter, "Input": '{"UserName": "ann"}'})
    order(aws, 12)
    aws.settle()
    codes = {failure.rule: failure.code for failure in aws.deliveries.failures}
    assert (codes[without], codes[unlisted]) == ("INVALID_TARGET", "INVALID_PARAMETER")


def test_an_event_goes_on_to_another_bus_as_it_was_and_no_further(
    aws: Audited, role: Callable[..., str]
) -> None:
    events = aws.client("events")
    second, third = (events.create_event_bus(Name=fresh("bus"))["EventBusArn"] for _ in range(2))
    carrier = role("events:PutEvents")
    at_second, at_third = Queue(aws), Queue(aws)
    rule(aws, calls("CreateInstanceProfile"), {"Arn": second, "RoleArn": carrier})
    rule(aws, calls("CreateInstanceProfile"), {"Arn": at_second.arn}, EventBusName=second.rpartition("/")[2])
    rule(
        aws,
        calls("CreateInstanceProfile"),
        {"Arn": third, "RoleArn": carrier},
        EventBusName=second.rpartition("/")[2],
    )
    rule(aws, calls("CreateInstanceProfile"), {"Arn": at_third.arn}, EventBusName=third.rpartition("/")[2])
    aws.client("iam").create_instance_profile(InstanceProfileName="p")
    (event,) = at_second.bodies()
    assert event["source"] == "aws.iam"
    assert event["detail"]["eventID"] == aws.record("CreateInstanceProfile")["eventID"]
    assert at_third.bodies() == []


def test_put_events_says_what_is_wrong_with_each_entry(aws: Audited) -> None:
    good = {"Source": "shop", "DetailType": "Order", "Detail": "{}"}
    answer = aws.client("events").put_events(
        Entries=[
            good,
            {**good, "Source": "aws.iam"},
            {**good, "Detail": "[]"},
            {"Source": "shop", "Detail": "{}"},
            {**good, "EventBusName": "no-such-bus"},
        ]
    )
    codes = [entry.get("ErrorCode") for entry in answer["Entries"]]
    assert codes == [None, "NotAuthorizedForSourceException", "MalformedDetail", "InvalidArgument", None]
    assert answer["FailedEntryCount"] == 3


def test_a_rule_with_a_bad_pattern_is_refused(aws: Audited) -> None:
    pattern = json.dumps({"detail": {"sourceIPAddress": [{"cidr": "198.51.100.7/32"}]}})
    with pytest.raises(ClientError) as refused:
        aws.client("events").put_rule(Name="bad", EventPattern=pattern)
    assert refused.value.response["Error"]["Code"] == "InvalidEventPatternException"
    assert "mask bits must be < 32" in refused.value.response["Error"]["Message"]


def test_a_changed_pattern_counts_from_the_next_event(aws: Audited) -> None:
    queue = Queue(aws)
    arn = rule(aws, ORDERS, {"Arn": queue.arn})
    order(aws, 9)
    narrowed = {**ORDERS, "detail": {"number": [{"numeric": [">", 10]}]}}
    aws.client("events").put_rule(Name=arn.rpartition("/")[2], EventPattern=json.dumps(narrowed))
    order(aws, 10)
    order(aws, 11)
    assert sorted(event["detail"]["number"] for event in queue.bodies()) == [9, 11]


def test_a_pattern_can_be_tested(aws: Audited) -> None:
    events = aws.client("events")
    event = {
        "id": "1",
        "account": ACCOUNT,
        "source": "shop",
        "time": "2024-08-01T13:33:28Z",
        "region": "us-east-1",
        "resources": [],
        "detail-type": "Order",
        "detail": {"size": 3},
    }
    pattern = json.dumps({"source": ["shop"], "detail": {"size": [{"numeric": ["<", 4]}]}})
    assert events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"] is True
    event["detail"] = {"size": 4}
    assert events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"] is False
    del event["detail-type"]
    with pytest.raises(ClientError, match="detail-type missing"):
        events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))


def test_a_rule_about_deliveries_does_not_feed_itself(aws: Audited, trail: str) -> None:
    queue = Queue(aws)
    arn = rule(aws, {"source": ["aws.sqs"], "detail": {"eventName": ["SendMessage"]}}, {"Arn": queue.arn})
    cloudtrail = aws.client("cloudtrail")
    everything = [
        {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]},
        {
            "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Data"]},
                {"Field": "resources.type", "Equals": ["AWS::SQS::Queue"]},
            ]
        },
    ]
    cloudtrail.put_event_selectors(TrailName=trail, AdvancedEventSelectors=everything)
    other = Queue(aws)
    other.sqs.send_message(QueueUrl=other.url, MessageBody="hello")
    aws.settle()
    assert aws.deliveries.counts[arn, "matched"] == 1
