"""Fuzzed policy documents through the served API: taken, or refused as malformed; nothing else, ever.

`CHAOSKIT_FUZZ` says how many (300), `CHAOSKIT_FUZZ_SEED` with which seed; the whole run is 10,000.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.policy.test_documents import ROOTS, mutated
from tests.sandbox.aws import MEMBER, policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.aws import Aws

MANY = int(os.environ.get("CHAOSKIT_FUZZ", "300"))
SEED = int(os.environ.get("CHAOSKIT_FUZZ_SEED", "20121017"))
TRUST = {"Effect": "Allow", "Principal": {"AWS": MEMBER}, "Action": "sts:AssumeRole"}
# A bad document by each service's name; what is too long or empty is told apart by some.
REFUSED = frozenset(
    {
        "InvalidAttributeValue",
        "InvalidParameter",
        "InvalidParameterException",
        "LimitExceeded",
        "MalformedPolicy",
        "MalformedPolicyDocument",
        "MalformedPolicyDocumentException",
        "ValidationException",
    }
)


class Stores:
    """The places where a document can be put. A resource that its policy has shut is left for a new one."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._made = 0
        aws.role("fuzzed", TRUST)
        aws.role("assumed", TRUST)
        self._named: dict[str, Any] = {}
        organizations = aws.client("organizations", "management")
        made = organizations.create_policy(
            Name="fuzzed",
            Description="d",
            Type="SERVICE_CONTROL_POLICY",
            Content=policy({"Effect": "Allow", "Action": "*", "Resource": "*"}),
        )
        self._scp = made["Policy"]["PolicySummary"]["Id"]
        aws.client("sagemaker").create_model_package_group(ModelPackageGroupName="fuzzed")

    def every(self) -> list[Callable[[str], Any]]:
        """All of them."""
        aws = self._aws
        iam, sts, role = aws.client("iam"), aws.client("sts"), f"arn:aws:iam::{MEMBER}:role/assumed"
        return [
            lambda text: iam.put_role_policy(RoleName="fuzzed", PolicyName="p", PolicyDocument=text),
            lambda text: iam.update_assume_role_policy(RoleName="fuzzed", PolicyDocument=text),
            lambda text: sts.get_federation_token(Name="fuzzed", Policy=text),
            lambda text: aws.client("organizations", "management").update_policy(
                PolicyId=self._scp, Content=text
            ),
            lambda text: aws.client("sagemaker").put_model_package_group_policy(
                ModelPackageGroupName="fuzzed", ResourcePolicy=text
            ),
            lambda text: aws.client("s3").put_bucket_policy(Bucket=self.named("bucket"), Policy=text),
            lambda text: aws.client("kms").put_key_policy(
                KeyId=self.named("key"), PolicyName="default", Policy=text
            ),
            lambda text: aws.client("sqs").set_queue_attributes(
                QueueUrl=self.named("queue"), Attributes={"Policy": text}
            ),
            lambda text: aws.client("secretsmanager").put_resource_policy(
                SecretId=self.named("secret"), ResourcePolicy=text
            ),
            lambda text: sts.assume_role(RoleArn=role, RoleSessionName="fuzzed", Policy=text),
        ]

    def named(self, kind: str) -> Any:
        """The bucket, key, queue or secret in use."""
        if kind not in self._named:
            self._made += 1
            name = f"fuzzed-{self._made}"
            aws = self._aws
            match kind:
                case "bucket":
                    aws.client("s3").create_bucket(Bucket=name)
                    self._named[kind] = name
                case "key":
                    self._named[kind] = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
                case "queue":
                    self._named[kind] = aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
                case _:
                    aws.client("secretsmanager").create_secret(Name=name, SecretString="x")
                    self._named[kind] = name
        return self._named[kind]

    def leave(self) -> None:
        """Use new resources from here on."""
        self._named.clear()


def fuzzed(aws: Aws, many: int, seed: int) -> tuple[Counter[str], list[str]]:
    """What came of so many documents by error code, and what should not have come."""
    random = Random(seed)  # noqa: S311 - reproducible, not secret
    stores = Stores(aws)
    every = stores.every()
    outcomes: Counter[str] = Counter()
    wrong = []
    for number in range(many):
        document = mutated(random.choice(ROOTS), random, random.choice((0.01, 0.05, 0.2)))
        text = json.dumps(document)
        code = answer(every[number % len(every)], text)
        if code == "shut":
            stores.leave()
        if code not in REFUSED | {"taken", "shut"}:
            wrong.append(f"seed {seed}, document {number}: {code}\n{text}")
        outcomes[code] += 1
    return outcomes, wrong


def answer(put: Callable[[str], Any], text: str) -> str:
    """The error code of one attempt, `taken`, or `shut` when an earlier policy keeps everyone out."""
    try:
        put(text)
    except ClientError as error:
        code = str(error.response["Error"]["Code"])
        return "shut" if code.startswith("AccessDenied") else code
    return "taken"


def test_a_fuzzed_document_is_taken_or_refused_as_malformed(aws: Aws) -> None:
    outcomes, wrong = fuzzed(aws, MANY, SEED)
    assert not wrong, f"{len(wrong)} of {MANY}, the first: {wrong[0]}"
    assert outcomes["taken"] > MANY / 100
    assert outcomes["MalformedPolicyDocument"] > MANY / 20
    assert outcomes["shut"] < MANY / 20
