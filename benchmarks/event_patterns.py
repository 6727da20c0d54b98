"""Measures EventBridge pattern matching: 20 patterns over CloudTrail events, beside moto's own matcher.

Also on how many events the two disagree. Run: `python -m benchmarks.event_patterns [--events N]`.
"""

from __future__ import annotations

import json
from time import process_time
from typing import Any, Final

from moto.events.models import EventPattern as MotoPattern

from benchmarks.measure import Figure, median, options, reporting
from chaoskit.sandbox.detect import EventPattern, PatternIndex

_ROUNDS: Final = 5
_DETAIL_TYPE = "AWS API Call via CloudTrail"
_CALLS = {
    "iam": ["AttachRolePolicy", "PutRolePolicy", "CreateAccessKey", "UpdateAssumeRolePolicy", "GetRole"],
    "s3": ["PutBucketAcl", "PutBucketPolicy", "DeleteBucketPublicAccessBlock", "ListBuckets"],
    "cloudtrail": ["StopLogging", "DeleteTrail", "PutEventSelectors"],
    "sagemaker": ["CreateEndpoint", "CreateNotebookInstance", "InvokeEndpoint", "DescribeEndpoint"],
    "kms": ["ScheduleKeyDeletion", "DisableKey", "PutKeyPolicy", "Decrypt"],
}
_CONDITIONS: list[dict[str, Any]] = [
    {},
    {"errorCode": [{"exists": False}]},
    {"userAgent": [{"anything-but": {"prefix": "cloudformation"}}]},
    {"sourceIPAddress": [{"cidr": "10.0.0.0/8"}, {"cidr": "198.51.100.0/24"}]},
    {
        "requestParameters": {
            "policyArn": [{"suffix": "AdministratorAccess"}, {"wildcard": "*:policy/*Full*"}]
        }
    },
]


def patterns() -> list[dict[str, Any]]:
    """20 patterns: four calls of each of five services, each under one of the conditions."""
    made: list[dict[str, Any]] = []
    for service, names in _CALLS.items():
        for number in range(4):
            detail: dict[str, Any] = {
                "eventSource": [f"{service}.amazonaws.com"],
                "eventName": [names[number % len(names)]],
                **_CONDITIONS[(number + len(made)) % len(_CONDITIONS)],
            }
            made.append(
                {
                    "source": [f"aws.{service}"],
                    "detail-type": ["AWS API Call via CloudTrail"],
                    "detail": detail,
                }
            )
    return made


def events(count: int) -> list[dict[str, Any]]:
    """CloudTrail events of these calls, in turn."""
    calls = [(service, name) for service, names in _CALLS.items() for name in names]
    return [_event(*calls[number % len(calls)], number) for number in range(count)]


def _event(service: str, name: str, number: int) -> dict[str, Any]:
    return {
        "version": "0",
        "id": f"id-{number}",
        "detail-type": _DETAIL_TYPE,
        "source": f"aws.{service}",
        "account": "444455556666",
        "time": "2024-07-30T21:31:21Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "eventVersion": "1.09",
            "userIdentity": {
                "type": "AssumedRole",
                "principalId": "AROAEXAMPLE:session",
                "arn": "arn:aws:sts::444455556666:assumed-role/training/session",
                "accountId": "444455556666",
                "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "training"}},
            },
            "eventSource": f"{service}.amazonaws.com",
            "eventName": name,
            "awsRegion": "us-east-1",
            "sourceIPAddress": f"198.51.100.{number % 250}",
            "userAgent": "Boto3/1.40 chaoskit",
            "requestParameters": {
                "roleName": "training",
                "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
            },
            "responseElements": None,
            "readOnly": False,
            "managementEvent": True,
        },
    }


def main(count: int = 20_000) -> None:
    """Print the comparison."""
    texts = [json.dumps(pattern) for pattern in patterns()]
    stream = events(count)
    compiled = [EventPattern(text) for text in texts]
    index: PatternIndex[int] = PatternIndex()
    for number, pattern in enumerate(compiled):
        index.add(pattern, number)
    moto: list[Any] = [MotoPattern.load(text) for text in texts]

    def indexed(event: dict[str, Any]) -> list[int]:
        return index.matching(event)

    def unindexed(event: dict[str, Any]) -> list[int]:
        return [number for number, pattern in enumerate(compiled) if pattern.matches(event)]

    def motos(event: dict[str, Any]) -> list[int]:
        return [number for number, pattern in enumerate(moto) if pattern.matches_event(event)]

    results, found = {}, {}
    with reporting("event-patterns") as report:
        what = f"events through {len(texts)} patterns"
        for label, matcher, share in (
            ("chaoskit, indexed", indexed, 5),
            ("chaoskit, one by one", unindexed, 50),
            ("moto", motos, 500),
        ):
            some = stream[: max(1, count // share)]
            rates = []
            for _ in range(_ROUNDS):
                started = process_time()
                results[label] = [matcher(event) for event in some]
                rates.append(len(some) / (process_time() - started))
            found[label] = median(report.add(Figure(what, label, "/s", rates, (), "more")).samples)
        report.goal(f"{what}: times moto's rate", found["chaoskit, indexed"] / found["moto"], least=1)
        pairs = list(zip(results["chaoskit, indexed"], results["moto"], strict=False))
        report.note(
            f"events on which moto disagrees: {sum(ours != theirs for ours, theirs in pairs)} of {len(pairs)}"
        )


if __name__ == "__main__":
    main(options(__doc__, events=20_000).events)
