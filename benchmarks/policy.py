"""How many authorization decisions a second, beside moto's own evaluator.

Run `python benchmarks/policy.py`. The request is a realistic one: two inline policies, a permissions
boundary, three SCP levels and a bucket policy, all compiled. moto knows identity and resource policies only,
and no conditions, so it is given the request without boundary and SCPs; chaoskit is measured on that smaller
case as well. The last lines show how the cost grows with the number of statements: not at all with those
about other actions, which an index sets aside, and in proportion with those about the same.

Seconds are CPU seconds of this process, so that other work on the machine disturbs little. The median over
the rounds is printed, with the slowest and the fastest round.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any

from moto.iam.access_control import IAMPolicy, PermissionResult

from chaoskit.policy import Effect, Kind, PolicyCache, PolicySet, Request, decide

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 9
SECONDS_A_ROUND = 0.4
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


def measure(name: str, work: Callable[[], None]) -> float:
    """Print and return the median decisions a second over the rounds."""
    rates = []
    for _ in range(ROUNDS):
        count, start = 0, time.process_time()
        while (spent := time.process_time() - start) < SECONDS_A_ROUND:
            for _ in range(50):
                work()
            count += 50
        rates.append(count / spent)
    median = statistics.median(rates)
    range_ = f"({min(rates):,.0f} to {max(rates):,.0f} per CPU second)"
    sys.stdout.write(f"{name:<58} {median:>9,.0f}/s  {range_}\n")
    return median


def main() -> None:
    """Measure and print."""
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
    small = PolicySet(identity=identity, resource=bucket)

    def with_chaoskit(policies: PolicySet) -> Callable[[], None]:
        def work() -> None:
            if decide(realistic_request(), policies).effect is not Effect.ALLOW:
                raise AssertionError

        return work

    measure("chaoskit: 2 inline, boundary, 3 SCP levels, bucket policy", with_chaoskit(full))
    measure("chaoskit: 2 inline, bucket policy", with_chaoskit(small))
    moto_policies = [IAMPolicy({"policy_document": text}) for text in INLINE]
    moto_bucket = IAMPolicy(BUCKET)

    def with_moto() -> None:
        request = realistic_request()
        results = [one.is_action_permitted(request.action, request.resource) for one in moto_policies]
        moto_bucket.is_action_permitted(request.action, request.resource, ROLE)
        if PermissionResult.PERMITTED not in results:
            raise AssertionError

    measure("moto:     2 inline, bucket policy (no conditions)", with_moto)
    for size in (10, 100, 1000):
        statements = [
            {"Effect": "Allow", "Action": f"s3:Get{n}*", "Resource": "arn:aws:s3:::models/*"}
            for n in range(size - 1)
        ]
        text = policy(*statements, {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})
        grown = PolicySet(identity=(cache.compile(text, Kind.IDENTITY),))
        measure(f"chaoskit: one policy of {size} statements", with_chaoskit(grown))
    for size in (10, 100, 1000):
        statements = [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::other-{n}/*"}
            for n in range(size - 1)
        ]
        text = policy(*statements, {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})
        alike = PolicySet(identity=(cache.compile(text, Kind.IDENTITY),))
        measure(f"chaoskit: {size} statements that are all about the action", with_chaoskit(alike))


if __name__ == "__main__":
    main()
