"""Measures call -> record -> rule -> SQS over loopback: from sending the call to the message being there.

Run: `python benchmarks/event_delivery.py [CALLS]`. Prints the median and the 95th percentile.
"""
# ruff: noqa: T201, INP001 - a script: it prints, and nobody imports it

from __future__ import annotations

import json
import statistics
import sys
from time import perf_counter
from typing import TYPE_CHECKING, Any

import boto3

from chaoskit.sandbox.server import serve

if TYPE_CHECKING:
    from chaoskit.sandbox.server import Served

_ACCOUNT = "444455556666"


def main(count: int = 100) -> None:
    """Print the figures."""
    with serve() as served:
        taken = _measure(served, count)
    slowest = statistics.quantiles(taken, n=20)[-1]
    print(f"call to message, {count} calls")
    print(f"  median {statistics.median(taken):.1f} ms, 95th percentile {slowest:.1f} ms")


def _measure(served: Served, count: int) -> list[float]:
    key = served.credentials["admin"]

    def client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=served.url,
            region_name="us-east-1",
            aws_access_key_id=key.access_key_id,
            aws_secret_access_key=key.secret_access_key,
        )

    client("s3").create_bucket(Bucket="bench-audit")
    client("cloudtrail").create_trail(Name="main", S3BucketName="bench-audit", IsMultiRegionTrail=True)
    client("cloudtrail").start_logging(Name="main")
    arn = f"arn:aws:sqs:us-east-1:{_ACCOUNT}:bench"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client("sqs").create_queue(QueueName="bench", Attributes={"Policy": policy})
    events, iam = client("events"), client("iam")
    events.put_rule(Name="bench", EventPattern=json.dumps({"detail": {"eventName": ["TagUser"]}}))
    events.put_targets(Rule="bench", Targets=[{"Id": "1", "Arn": arn}])
    iam.create_user(UserName="bench")
    taken = []
    for number in range(count):
        started = perf_counter()
        iam.tag_user(UserName="bench", Tags=[{"Key": "n", "Value": str(number)}])
        served.cloud.idle(10)
        taken.append((perf_counter() - started) * 1000)
    return taken


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
