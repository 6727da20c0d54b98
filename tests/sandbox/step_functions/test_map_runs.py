"""Distributed Maps and tasks that wait for a token, run for real: thresholds, results, stops, answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from moto.stepfunctions.parser.asl.eval.callback import callback

from tests.sandbox.aws import refusal

if TYPE_CHECKING:
    from tests.sandbox.aws import Aws

TRUST = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
ALL = {"Effect": "Allow", "Action": ["s3:*", "sqs:*", "states:*"], "Resource": "*"}
BUCKET, ITEMS = "map-runs", "items.json"


def waiting(queue: str) -> dict[str, Any]:
    """A task that waits until somebody answers its token."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": queue, "MessageBody": {"token.$": "$$.Task.Token"}},
        "HeartbeatSeconds": 60,
        "TimeoutSeconds": 600,
        "End": True,
    }


def mapped(queue: str, **more: Any) -> dict[str, Any]:
    """A distributed Map over the items in S3, whose items wait for an answer."""
    state = {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket.$": "$.bucket", "Key": ITEMS},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Each",
            "States": {"Each": waiting(queue)},
        },
        "MaxConcurrency": 1,
        "End": True,
        **more,
    }
    return {"StartAt": "All", "States": {"All": state}}


class Machines:
    """State machines, and the queue that their tasks go to."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self.states = aws.client("stepfunctions")
        self.queue = aws.client("sqs").create_queue(QueueName="map-runs")["QueueUrl"]
        self._role = aws.role("map-runs", TRUST, ALL)
        self._made = 0
        aws.client("s3").create_bucket(Bucket=BUCKET)
        aws.client("s3").put_object(Bucket=BUCKET, Key=ITEMS, Body=json.dumps([1, 2, 3, 4]).encode())

    def start(self, definition: dict[str, Any]) -> str:
        self._made += 1
        machine = self.states.create_state_machine(
            name=f"maps-{self._made}", definition=json.dumps(definition), roleArn=self._role
        )
        given = json.dumps({"bucket": BUCKET})
        arn: str = self.states.start_execution(stateMachineArn=machine["stateMachineArn"], input=given)[
            "executionArn"
        ]
        return arn

    def token(self) -> str:
        """The token of the next task."""
        sqs = self._aws.client("sqs")
        (message,) = sqs.receive_message(QueueUrl=self.queue, WaitTimeSeconds=10)["Messages"]
        sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return str(json.loads(message["Body"])["token"])

    def ended(self, execution: str) -> dict[str, Any]:
        assert self._aws.served.cloud.idle(10)
        found: dict[str, Any] = self.states.describe_execution(executionArn=execution)
        return found


@pytest.fixture(scope="module")
def machines(aws: Aws) -> Machines:
    return Machines(aws)


def test_a_map_run_fails_once_more_items_have_failed_than_are_tolerated(machines: Machines) -> None:
    execution = machines.start(mapped(machines.queue, ToleratedFailurePercentage=25.0))
    for _ in range(2):  # 25 %, then 50 % of the items: the other two are not begun
        machines.states.send_task_failure(taskToken=machines.token(), error="Broken", cause="by the test")
    found = machines.ended(execution)
    assert (found["status"], found["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")


def test_a_map_run_goes_on_while_no_more_items_have_failed_than_are_tolerated(machines: Machines) -> None:
    execution = machines.start(mapped(machines.queue, ToleratedFailurePercentage=50.0))
    for number in range(4):
        token = machines.token()
        if number % 2:
            machines.states.send_task_success(taskToken=token, output="{}")
        else:
            machines.states.send_task_failure(taskToken=token, error="Broken")
    assert machines.ended(execution)["status"] == "SUCCEEDED"


def test_a_result_writer_sees_the_input_of_its_map(aws: Aws, machines: Machines) -> None:
    writer = {
        "Resource": "arn:aws:states:::s3:putObject",
        "Parameters": {"Bucket.$": "$.bucket", "Prefix": "results"},
    }
    execution = machines.start(mapped(machines.queue, ResultWriter=writer))
    for _ in range(4):
        machines.states.send_task_success(taskToken=machines.token(), output="{}")
    written = json.loads(machines.ended(execution)["output"])["ResultWriterDetails"]
    assert aws.client("s3").get_object(Bucket=written["Bucket"], Key=written["Key"])


def test_a_stopped_execution_ends_at_once_though_its_tasks_wait(machines: Machines) -> None:
    execution = machines.start(mapped(machines.queue))
    token = machines.token()
    machines.states.stop_execution(executionArn=execution)
    assert machines.ended(execution)["status"] == "ABORTED"
    assert refusal(machines.states.send_task_heartbeat, taskToken=token)[0] == "TaskTimedOut"


def test_a_token_is_answered_once_and_one_that_never_was_is_invalid(machines: Machines) -> None:
    execution = machines.start({"StartAt": "Only", "States": {"Only": waiting(machines.queue)}})
    token = machines.token()
    machines.states.send_task_heartbeat(taskToken=token)
    machines.states.send_task_failure(taskToken=token, error="Broken", cause="by the test")
    late = {
        refusal(machines.states.send_task_success, taskToken=token, output="{}")[0],
        refusal(machines.states.send_task_failure, taskToken=token)[0],
        refusal(machines.states.send_task_heartbeat, taskToken=token)[0],
    }
    assert late == {"TaskTimedOut"}
    assert refusal(machines.states.send_task_heartbeat, taskToken="none")[0] == "InvalidToken"
    found = machines.ended(execution)
    assert (found["error"], found["cause"]) == ("Broken", "by the test")


def test_an_answer_that_comes_before_the_task_waits_for_heartbeats_is_seen(machines: Machines) -> None:
    del machines  # whose first call has the interpreter fitted
    endpoint = callback.CallbackEndpoint("token")
    endpoint.notify(callback.CallbackOutcomeSuccess("token", "{}"))
    assert endpoint.setup_heartbeat_endpoint(60).clear_and_wait()
    assert endpoint.get_outcome()
