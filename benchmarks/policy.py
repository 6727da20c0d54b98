"""How many authorization decisions a second, beside the others that decide in Python.

The request is a realistic one: two inline policies, a permissions boundary, three SCP levels and a bucket
policy, all compiled. moto knows identity and resource policies only, and no conditions, so it is given the
request without boundary and SCPs; chaoskit is measured on that smaller case as well. npkt and sibyl-aws know
one SCP's denials, and are given SCPs of 10 to 1000 of them, which chaoskit decides on with an identity policy
besides. The cost grows with the number of statements: not at all with those about other actions, which an
index sets aside, and in proportion with those about the same.

A rate is of processor seconds, so that other work on the machine disturbs little.

Run: `python -m benchmarks.policy [--rounds N]`; the peers' environment is `.venv-peers`.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from moto.iam.access_control import IAMPolicy, PermissionResult

from benchmarks.lab import PEERS
from benchmarks.measure import Figure, median, options, rates, reporting
from chaoskit.policy import Effect, Kind, PolicyCache, PolicySet, Request, decide

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.measure import Report

SECONDS_A_ROUND: Final = 0.2
SIZES: Final = (10, 100, 1000)
ACCOUNT = "111122223333"


def policy(*statements: dict[str, Any]) -> str:
    """A document as the gateway holds it: JSON text."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


ROLE = f"arn:aws:iam::{ACCOUNT}:role/training"
INLINE = (
    policy(
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::models/*"},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::models"},
        {"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"},
    ),
    policy(
        {"Effect": "Allow", "Action": ["logs:*", "cloudwatch:PutMetricData"], "Resource": "*"},
        {
            "Sid": "NoUnencrypted",
            "Effect": "Deny",
            "Action": "s3:PutObject",
            "Resource": "*",
            "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}},
        },
    ),
)
BOUNDARY = policy(
    {"Effect": "Allow", "Action": ["s3:*", "sagemaker:*", "logs:*", "kms:*"], "Resource": "*"},
    {"Effect": "Deny", "Action": "iam:*", "Resource": "*"},
)
FULL_ACCESS = policy({"Effect": "Allow", "Action": "*", "Resource": "*"})
REGION_LOCK = policy(
    {
        "Sid": "RegionLock",
        "Effect": "Deny",
        "NotAction": ["iam:*", "sts:*", "organizations:*"],
        "Resource": "*",
        "Condition": {
            "StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]},
            "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/breakglass-*"},
        },
    }
)
NO_LEAVING = policy(
    {
        "Effect": "Deny",
        "Action": ["organizations:LeaveOrganization", "cloudtrail:StopLogging"],
        "Resource": "*",
    }
)
BUCKET = policy(
    {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::models", "arn:aws:s3:::models/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    },
    {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::models/*",
    },
)


EVENT = {
    "eventTime": "2026-01-01T00:00:00Z",
    "eventName": "GetObject",
    "eventSource": "s3.amazonaws.com",
    "awsRegion": "us-east-1",
    "sourceIPAddress": "192.0.2.10",
    "userAgent": "aws-sdk-python",
    "userIdentity": {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/training/run-1",
        "accountId": ACCOUNT,
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": ROLE, "userName": "training"}},
    },
    "requestParameters": {"bucketName": "models", "key": "v1/model.tar.gz"},
}
"""The same request as CloudTrail records it, for those that decide on records."""


def realistic_request() -> Request:
    """A training job reading its model; built anew for each decision, as the gateway does."""
    return Request(
        principal=f"arn:aws:sts::{ACCOUNT}:assumed-role/training/run-1",
        action="s3:GetObject",
        resource="arn:aws:s3:::models/v1/model.tar.gz",
        resource_account=ACCOUNT,
        context={
            "aws:PrincipalArn": ROLE,
            "aws:PrincipalAccount": ACCOUNT,
            "aws:PrincipalOrgID": "o-exampleorgid",
            "aws:RequestedRegion": "us-east-1",
            "aws:SourceIp": "192.0.2.10",
            "aws:SecureTransport": "true",
            "aws:UserAgent": "aws-sdk-python",
            "aws:TokenIssueTime": "2026-01-01T00:00:00Z",
        },
    )


def statements(count: int, *, about_it: bool) -> list[dict[str, Any]]:
    """Statements that don't decide the request: about other actions, or about the same on other buckets."""
    if about_it:
        return [
            {"Effect": "Deny", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::other-{n}/*"}
            for n in range(count)
        ]
    return [{"Effect": "Deny", "Action": f"s3:Get{n}*", "Resource": "*"} for n in range(count)]


def main(rounds: int = 7) -> None:
    """Measure and print."""
    with reporting("policy") as report:
        _realistic(report, rounds)
        _by_size(report, rounds)


def _realistic(report: Report, rounds: int) -> None:
    cache = PolicyCache()
    identity = tuple(cache.compile(text, Kind.IDENTITY, f"inline-{n}") for n, text in enumerate(INLINE))
    bucket = (cache.compile(BUCKET, Kind.RESOURCE, "bucket"),)
    levels = ((FULL_ACCESS,), (FULL_ACCESS, REGION_LOCK), (FULL_ACCESS, NO_LEAVING))
    full = PolicySet(
        identity=identity,
        resource=bucket,
        boundary=cache.compile(BOUNDARY, Kind.BOUNDARY, "boundary"),
        scps=tuple(tuple(cache.compile(text, Kind.SCP) for text in level) for level in levels),
    )
    _add(report, "2 inline, boundary, 3 SCP levels, bucket policy", "chaoskit", _deciding(full), rounds)
    small = PolicySet(identity=identity, resource=bucket)
    what = "2 inline, bucket policy"
    ours = _add(report, what, "chaoskit", _deciding(small), rounds)
    moto_policies = [IAMPolicy({"policy_document": text}) for text in INLINE]
    moto_bucket = IAMPolicy(BUCKET)

    def with_moto() -> None:
        request = realistic_request()
        results = [one.is_action_permitted(request.action, request.resource) for one in moto_policies]
        moto_bucket.is_action_permitted(request.action, request.resource, ROLE)
        if PermissionResult.PERMITTED not in results:
            raise AssertionError

    theirs = _add(report, what, "moto, without conditions", with_moto, rounds)
    report.goal(f"{what}: times moto's rate", ours / theirs, least=1)


def _by_size(report: Report, rounds: int) -> None:
    cases: list[dict[str, Any]] = [
        {
            "name": f"one SCP of {size} denials, {'on the same action' if about else 'of other actions'}",
            "scp": json.loads(
                policy(*statements(size - 1, about_it=about), json.loads(FULL_ACCESS)["Statement"][0])
            ),
            "event": EVENT,
            "action": "s3:GetObject",
            "resource": realistic_request().resource,
        }
        for about in (False, True)
        for size in SIZES
    ]
    peer = Path(__file__).with_name("policy_peers.py")
    asked = [str(PEERS / "python"), str(peer), str(rounds), str(SECONDS_A_ROUND)]
    ended = subprocess.run(asked, input=json.dumps(cases), capture_output=True, text=True, check=True)
    peers = json.loads(ended.stdout)
    found: dict[str, float] = {}
    for case in cases:
        name = str(case["name"])
        cache = PolicyCache()
        grown = PolicySet(
            identity=(cache.compile(FULL_ACCESS, Kind.IDENTITY),),
            scps=((cache.compile(json.dumps(case["scp"]), Kind.SCP),),),
        )
        found[name] = _add(report, name, "chaoskit", _deciding(grown), rounds)
        for each in peers:
            if each["case"] == name:
                report.add(Figure(name, each["who"], "/s", each["rates"], (), "more"))
                if each["denied"]:
                    report.note(f"{each['who']} denies it, which AWS would allow")
        best = max(median(each["rates"]) for each in peers if each["case"] == name)
        report.goal(f"{name}: times the fastest peer's rate", found[name] / best, least=1)
    for about in ("of other actions", "on the same action"):
        few, many = (found[f"one SCP of {size} denials, {about}"] for size in (SIZES[0], SIZES[-1]))
        grew = SIZES[-1] / SIZES[0]
        report.goal(f"denials {about}: cost of {grew:g} times as many", few / many, most=grew)


def _deciding(policies: PolicySet) -> Callable[[], None]:
    def work() -> None:
        if decide(realistic_request(), policies).effect is not Effect.ALLOW:
            raise AssertionError

    return work


def _add(report: Report, what: str, who: str, work: Callable[[], None], rounds: int) -> float:
    work()
    found = rates(work, rounds, SECONDS_A_ROUND)
    return median(report.add(Figure(what, who, "/s", found, (), "more")).samples)


if __name__ == "__main__":
    main(options(__doc__, rounds=7).rounds)
