"""Measures Sigma rules: 50 of them over CloudTrail events, with and without the index.

Of the rules 40 ask for an event's source and name, as rules for CloudTrail do, and 10 look at every event.
The peer is the same rules one by one: nobody else evaluates Sigma in Python without a backend.

Run: `python -m benchmarks.sigma_rules [--events N]`.
"""

from __future__ import annotations

from time import process_time
from typing import TYPE_CHECKING, Any, Final

from benchmarks.measure import Figure, options, reporting
from chaoskit.sandbox.detect import SigmaEngine, load_sigma_rules

if TYPE_CHECKING:
    from collections.abc import Callable

_ROUNDS: Final = 5
_CALLS = {
    "iam": ["AttachRolePolicy", "PutRolePolicy", "CreateAccessKey", "UpdateAssumeRolePolicy", "GetRole"],
    "s3": ["PutBucketAcl", "PutBucketPolicy", "DeleteBucketPublicAccessBlock", "ListBuckets"],
    "cloudtrail": ["StopLogging", "DeleteTrail", "PutEventSelectors"],
    "sagemaker": ["CreateEndpoint", "CreateNotebookInstance", "InvokeEndpoint", "DescribeEndpoint"],
    "kms": ["ScheduleKeyDeletion", "DisableKey", "PutKeyPolicy", "Decrypt"],
}
_NARROWED: list[dict[str, Any]] = [
    {},
    {"requestParameters.policyArn|endswith": ["AdministratorAccess", "FullAccess"]},
    {"userAgent|contains": ["kali", "parrot", "pentoo"]},
    {"requestParameters.roleName|re": "^(prod|training)-[a-z]+$"},
    {"sourceIPAddress|cidr": ["10.0.0.0/8", "198.51.100.0/25"]},
]
_EVERYWHERE: list[dict[str, Any]] = [
    {"userIdentity.type": "Root", "eventType|neq": "AwsServiceEvent"},
    {"userAgent|contains": ["pacu", "stratus-red-team", "cloudfox"]},
    {"errorCode": ["AccessDenied", "Client.UnauthorizedOperation"]},
    {"userIdentity.arn|re": ".+:assumed-role/aws:.+"},
    {"userIdentity.sessionContext.attributes.mfaAuthenticated": "true"},
    {"sourceIPAddress|cidr": "203.0.113.0/24"},
    {"requestParameters.policyDocument|contains|all": ['"Allow"', '"*"']},
    {"responseElements.publiclyAccessible": "true"},
    {"eventName|startswith": ["Disable", "Disassociate"]},
    {"userIdentity.userName|endswith": "-break-glass"},
]


def rules() -> list[dict[str, Any]]:
    """40 rules on calls and 10 on every event."""
    selections = [
        {"eventSource": f"{service}.amazonaws.com", "eventName": [name, names[0]], **_NARROWED[number % 5]}
        for number, (service, names, name) in enumerate(
            (service, names, name) for _ in range(2) for service, names in _CALLS.items() for name in names
        )
    ]
    return [
        {
            "title": f"Rule {number}",
            "logsource": {"product": "aws", "service": "cloudtrail"},
            "detection": {
                "selection": selection,
                "filter_service": {"userIdentity.invokedBy|endswith": ".amazonaws.com"},
                "condition": "selection and not 1 of filter_*",
            },
        }
        for number, selection in enumerate([*selections, *_EVERYWHERE])
    ]


def events(count: int) -> list[dict[str, Any]]:
    """CloudTrail records of these calls, in turn."""
    calls = [(service, name) for service, names in _CALLS.items() for name in names]
    return [_event(*calls[number % len(calls)], number) for number in range(count)]


def _event(service: str, name: str, number: int) -> dict[str, Any]:
    return {
        "eventVersion": "1.09",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLE:session",
            "arn": "arn:aws:sts::444455556666:assumed-role/training/session",
            "accountId": "444455556666",
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "userName": "training"},
                "attributes": {"creationDate": "2024-07-30T21:31:21Z", "mfaAuthenticated": "false"},
            },
        },
        "eventTime": f"2024-07-30T21:{number // 60 % 60:02}:{number % 60:02}Z",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": f"198.51.100.{number % 250}",
        "userAgent": "Boto3/1.40 chaoskit",
        "requestParameters": {
            "roleName": "training-job",
            "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
        },
        "responseElements": None,
        "readOnly": False,
        "managementEvent": True,
    }


def main(count: int = 20_000) -> None:
    """Print the figures."""
    given, stream = rules(), events(count)
    with reporting("sigma-rules") as report:
        compiling = []
        for _ in range(_ROUNDS):
            started = process_time()
            loaded = load_sigma_rules(*given)
            compiling.append((process_time() - started) * 1000)
        report.add(Figure(f"compile {len(loaded)} rules", "chaoskit", "ms", compiling))
        what = f"events through {len(loaded)} rules"

        def rate(label: str, feed: Callable[[dict[str, Any]], object], share: int) -> int:
            some, rates, found = stream[: count // share], [], 0
            for _ in range(_ROUNDS):
                started = process_time()
                found = sum(1 for event in some if feed(event))
                rates.append(len(some) / (process_time() - started))
            report.add(Figure(what, label, "/s", rates, (), "more"))
            return found

        found = rate("chaoskit, indexed", SigmaEngine(loaded).feed, 5)
        burst = {
            "title": "Burst",
            "correlation": {
                "type": "event_count",
                "rules": ["first"],
                "group-by": ["userIdentity.arn"],
                "timespan": "5m",
                "condition": {"gte": 1000},
            },
        }
        given[0]["name"] = "first"
        rate("chaoskit, with a correlation", SigmaEngine(*given, burst).feed, 5)
        rate("one by one", lambda event: [one for one in loaded.singles if one.matches(event)], 20)
        report.note(f"events that a rule matched: {found} of {count // 5}")


if __name__ == "__main__":
    main(options(__doc__, events=20_000).events)
