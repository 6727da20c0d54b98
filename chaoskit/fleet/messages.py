"""The queue of tasks, and what its messages say; a worker's answers to whoever waits for them."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.errors import AwsError, ChaoskitError
from chaoskit.fleet.steady import steadily
from chaoskit.fleet.tasks import Task

if TYPE_CHECKING:
    from chaoskit.aws import Aws

_LONG_POLL_S: Final = 10  # SQS takes 20, which is as long as a read may take here
_AT_FIRST_S: Final = 60
_GONE: Final = ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken")
_LONGEST_CAUSE: Final = 32_768  # Step Functions API Reference, "SendTaskFailure"
_COUNT: Final = "ApproximateReceiveCount"


class ForeignMessageError(ChaoskitError):
    """A message is none of a fleet; it is left for the queue's dead-letter queue."""


class NobodyWaitsError(ChaoskitError):
    """The task is over for the state machine: its execution was stopped, or it took too long."""


@dataclass(frozen=True, slots=True)
class Message:
    """A task as it was received.

    Attributes:
        token: What the state machine waits for.
        receipt: What deletes the message.
        receives: How often it was received, this time included.
    """

    task: Task
    token: str
    receipt: str
    receives: int


class Queue:
    """The queue of tasks, for one thread."""

    def __init__(self, aws: Aws, url: str, *, wait_s: int = _LONG_POLL_S) -> None:
        """Make no call yet; `wait_s` is how long it is listened for a message, at most 10 s."""
        self._aws = aws
        self._url = url
        self.wait_s = wait_s

    def receive(self) -> Message | None:
        """The next task; None when none came in time.

        Raises:
            AwsError: The queue can't be read.
            ForeignMessageError: It is none of a fleet.
        """
        asked = {
            "QueueUrl": self._url,
            "MaxNumberOfMessages": 1,
            "WaitTimeSeconds": self.wait_s,
            "VisibilityTimeout": _AT_FIRST_S,
            "AttributeNames": [_COUNT],
        }
        received: list[dict[str, Any]] = (
            self._aws.read(Query("sqs", "ReceiveMessage", asked, "Messages")) or []
        )
        return _message(received[0]) if received else None

    def hide(self, message: Message, seconds: float) -> None:
        """Let nobody else have a message for so long.

        Raises:
            AwsError: It can't be hidden, for one because somebody else has deleted it.
        """
        call = Call(
            "sqs",
            "ChangeMessageVisibility",
            QueueUrl=self._url,
            ReceiptHandle=message.receipt,
            VisibilityTimeout=math.ceil(seconds),
        )
        steadily(self._aws, call)

    def delete(self, message: Message) -> None:
        """Delete a message, whose task has been answered.

        Raises:
            AwsError: It can't be deleted; it will come again, and be answered again.
        """
        steadily(self._aws, Call("sqs", "DeleteMessage", QueueUrl=self._url, ReceiptHandle=message.receipt))

    def beat(self, message: Message) -> None:
        """Tell the state machine that the task goes on.

        Raises:
            NobodyWaitsError: It does not wait for it any more.
            AwsError: It can't be told.
        """
        self._tell(Call("stepfunctions", "SendTaskHeartbeat", taskToken=message.token))

    def succeed(self, message: Message, output: dict[str, Any]) -> None:
        """Answer a task. Raises as `beat` does."""
        told = json.dumps(output)
        self._tell(Call("stepfunctions", "SendTaskSuccess", taskToken=message.token, output=told))

    def fail(self, message: Message, error: str, cause: str) -> None:
        """Answer that a task failed. Raises as `beat` does."""
        token, cause = message.token, cause[:_LONGEST_CAUSE]
        self._tell(Call("stepfunctions", "SendTaskFailure", taskToken=token, error=error, cause=cause))

    def _tell(self, call: Call) -> None:
        try:
            steadily(self._aws, call)
        except AwsError as error:
            if error.code in _GONE:
                raise NobodyWaitsError(f"Nobody waits for this task any more: {error.message}") from error
            raise


def _message(received: dict[str, Any]) -> Message:
    try:
        body = json.loads(received["Body"])
        task = Task(str(body["run"]), str(body["account"]), str(body["experiment"]))
        token = str(body["token"])
    except (ValueError, KeyError, TypeError) as error:
        raise ForeignMessageError(
            f"A message in the queue is no task of a fleet ({error}): it is left there."
        ) from error
    return Message(task, token, received["ReceiptHandle"], int(received.get("Attributes", {}).get(_COUNT, 1)))
