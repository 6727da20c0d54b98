"""Measures fault -> record -> rule -> SQS -> probe over loopback: from the call to its message, read.

The probe is a long poll of the queue through boto3, begun before the call. No peer is measured.

Run: `python -m benchmarks.fault_to_probe [--calls N]`.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter, process_time, sleep
from typing import TYPE_CHECKING, Any

import boto3

from benchmarks.measure import Figure, options, reporting
from chaoskit.sandbox import collector
from chaoskit.sandbox.server import serve

if TYPE_CHECKING:
    from chaoskit.sandbox.server import Served

_ACCOUNT = "444455556666"
_UNTIL_POLLING = 0.02


def main(count: int = 100) -> None:
    """Print the figures."""
    collector.relax()  # as the sandbox's own process does
    with reporting("fault-to-probe") as report, serve() as served:
        wall, processor = _measure(served, count)
        report.add(Figure("from a call to its alert, read", "chaoskit", "ms", wall, processor))


def _client(served: Served, service: str) -> Any:
    key = served.credentials["admin"]
    return boto3.client(
        service,
        endpoint_url=served.url,
        region_name="us-east-1",
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
    )


def _prepare(served: Served) -> str:
    """A trail, and a rule from attached policies to a queue; the queue's URL."""
    trail, events, iam = (_client(served, name) for name in ("cloudtrail", "events", "iam"))
    _client(served, "s3").create_bucket(Bucket="bench-audit")
    trail.create_trail(Name="main", S3BucketName="bench-audit", IsMultiRegionTrail=True)
    trail.start_logging(Name="main")
    arn = f"arn:aws:sqs:us-east-1:{_ACCOUNT}:bench"
    sender = {"Service": "events.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": sender, "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    url = _client(served, "sqs").create_queue(QueueName="bench", Attributes={"Policy": policy})["QueueUrl"]
    pattern = {"source": ["aws.iam"], "detail": {"eventName": ["AttachUserPolicy"]}}
    events.put_rule(Name="bench", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="bench", Targets=[{"Id": "1", "Arn": arn}])
    iam.create_user(UserName="bench")
    return str(url)


def _measure(served: Served, count: int) -> tuple[list[float], list[float]]:
    url = _prepare(served)
    iam, sqs = _client(served, "iam"), _client(served, "sqs")
    wall, processor = [], []
    with ThreadPoolExecutor(1) as pool:
        for _ in range(count):
            probe = pool.submit(sqs.receive_message, QueueUrl=url, WaitTimeSeconds=10)
            sleep(_UNTIL_POLLING)
            began, worked = perf_counter(), process_time()
            iam.attach_user_policy(UserName="bench", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
            (message,) = probe.result()["Messages"]
            wall.append((perf_counter() - began) * 1000)
            processor.append((process_time() - worked) * 1000)
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            iam.detach_user_policy(UserName="bench", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
            served.cloud.idle(10)
    return wall, processor


if __name__ == "__main__":
    main(options(__doc__, calls=100).calls)
