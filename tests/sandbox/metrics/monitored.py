"""A served sandbox whose logs, metrics and alarms can be worked with in few words."""

from __future__ import annotations

import itertools
import json
from typing import Any

from tests.sandbox.aws import MEMBER, Aws, policy

_NUMBERS = itertools.count(1)


class Monitored(Aws):
    """boto3 against a served sandbox, and short ways to log, watch and listen."""

    def fresh(self, kind: str) -> str:
        """A name that no other test uses."""
        return f"{kind}-{next(_NUMBERS)}"

    def now_ms(self) -> int:
        """The sandbox's time in milliseconds since the epoch."""
        return int(self.served.cloud.now().timestamp() * 1000)

    def advance(self, seconds: float) -> None:
        """Move the sandbox's time forward."""
        self.served.cloud.clock.advance(seconds)

    def log_group(self) -> str:
        """A new log group with one stream, `s`."""
        name, logs = self.fresh("/app/group"), self.client("logs")
        logs.create_log_group(logGroupName=name)
        logs.create_log_stream(logGroupName=name, logStreamName="s")
        return name

    def log(self, group: str, *messages: Any, ago: float = 0, stream: str = "s") -> None:
        """Write messages, texts or JSON objects, `ago` seconds before now."""
        at = self.now_ms() - int(ago * 1000)
        events = [
            {"timestamp": at, "message": one if isinstance(one, str) else json.dumps(one)} for one in messages
        ]
        self.client("logs").put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    def filter(self, group: str, pattern: str, **transformation: Any) -> tuple[str, str]:
        """A metric filter, and the namespace and name of its metric."""
        metric = self.fresh("Metric")
        self.client("logs").put_metric_filter(
            logGroupName=group,
            filterName=metric,
            filterPattern=pattern,
            metricTransformations=[
                {"metricName": metric, "metricNamespace": "Test", "metricValue": "1"} | transformation
            ],
        )
        return "Test", metric

    def data(self, metric: tuple[str, str]) -> list[tuple[float, dict[str, str], str]]:
        """The metric's data as stored: value, dimensions and unit."""
        with self.served.cloud.lock:
            from chaoskit.sandbox.state import backends  # noqa: PLC0415 - moto is slow to import

            stored = backends("cloudwatch")[MEMBER]["us-east-1"].metric_data
            return [
                (one.value, {each.name: each.value for each in one.dimensions}, one.unit)
                for one in stored
                if (one.namespace, one.name) == metric
            ]

    def alarm(self, metric: tuple[str, str], **more: Any) -> str:
        """An alarm that rings when the metric's sum of a minute is at least one; its name."""
        name = self.fresh("alarm")
        given: dict[str, Any] = {
            "Namespace": metric[0],
            "MetricName": metric[1],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1.0,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
        }
        self.client("cloudwatch").put_metric_alarm(AlarmName=name, **given | more)
        return name

    def state(self, alarm: str) -> str:
        """The state that an alarm is in."""
        return str(self.described(alarm)["StateValue"])

    def described(self, alarm: str) -> dict[str, Any]:
        """An alarm as DescribeAlarms tells it."""
        found: dict[str, Any] = self.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"][
            0
        ]
        return found

    def topic_with_queue(self) -> tuple[str, str]:
        """The ARN of a topic, and the URL of a queue that gets its messages."""
        sns, name = self.client("sns"), self.fresh("topic")
        topic = sns.create_topic(Name=name)["TopicArn"]
        url = self.queue(name)
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{MEMBER}:{name}")
        return topic, url

    def queue(self, name: str) -> str:
        """The URL of a queue that every service may send to."""
        statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
        url = self.client("sqs").create_queue(QueueName=name, Attributes={"Policy": policy(statement)})
        return str(url["QueueUrl"])

    def bodies(self, url: str) -> list[dict[str, Any]]:
        """The messages that have come into a queue, once nothing is under way any more."""
        assert self.served.cloud.idle(10), "the sandbox did not come to rest"
        messages = (
            self.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        )
        return [json.loads(one["Body"]) for one in messages]
