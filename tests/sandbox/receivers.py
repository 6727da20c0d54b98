"""Queues and functions that services deliver to, and what has come to them."""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from typing import TYPE_CHECKING, Any

from tests.sandbox.aws import MEMBER, allow, policy

if TYPE_CHECKING:
    from tests.sandbox.aws import Aws

NUMBERS = itertools.count(1)
_SOURCE = "import json\ndef handler(event, context):\n    print('GOT ' + json.dumps(event))\n"


class Queue:
    """A queue that a service may send to, under a condition."""

    def __init__(
        self, aws: Aws, sender: str, *, fifo: bool = False, condition: dict[str, Any] | None = None
    ) -> None:
        self.aws, self.sqs = aws, aws.client("sqs")
        name = f"receiver-{next(NUMBERS)}" + (".fifo" if fifo else "")
        self.arn = f"arn:aws:sqs:us-east-1:{MEMBER}:{name}"
        statement = allow(
            "sqs:SendMessage", self.arn, Principal={"Service": sender}, Condition=condition or {}
        )
        attributes = {"Policy": policy(statement), **({"FifoQueue": "true"} if fifo else {})}
        self.url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def messages(self) -> list[dict[str, Any]]:
        """What has come, once nothing is under way."""
        assert self.aws.served.cloud.idle(10), "deliveries did not come to rest"
        answer = self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], AttributeNames=["All"]
        )
        return list(answer.get("Messages", []))

    def bodies(self) -> list[Any]:
        """The same, bodies only."""
        return [json.loads(message["Body"]) for message in self.messages()]


class Function:
    """A function that writes what it is invoked with to its log."""

    def __init__(self, aws: Aws) -> None:
        self.aws, self.name = aws, f"receiver-{next(NUMBERS)}"
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("index.py", _SOURCE)
        made = aws.client("lambda").create_function(
            FunctionName=self.name,
            Runtime="python3.12",
            Role=aws.role(self.name, trust, allow("logs:*")),
            Handler="index.handler",
            Code={"ZipFile": packed.getvalue()},
        )
        self.arn = str(made["FunctionArn"])

    def let(self, service: str, source: str) -> None:
        """Let a service invoke it for one resource."""
        self.aws.client("lambda").add_permission(
            FunctionName=self.name,
            StatementId=f"s{next(NUMBERS)}",
            Action="lambda:InvokeFunction",
            Principal=service,
            SourceArn=source,
        )

    def events(self) -> list[dict[str, Any]]:
        """What it was invoked with, once nothing is under way."""
        assert self.aws.served.cloud.idle(20), "deliveries did not come to rest"
        logged = self.aws.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{self.name}")["events"]
        return [json.loads(one["message"].partition("GOT ")[2]) for one in logged if "GOT " in one["message"]]
