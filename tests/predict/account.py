"""An account of which each answer is written down, for predictions to read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from chaoskit.errors import AwsError, DeniedError
from chaoskit.predict import Predictor
from chaoskit.predict.effects import Effects

if TYPE_CHECKING:
    from chaoskit.aws import Call, Message, Query
    from chaoskit.result import Prediction

MEMBER: Final = "444455556666"
MANAGEMENT: Final = "111122223333"
REGION: Final = "us-east-1"
HARNESS: Final = f"arn:aws:iam::{MEMBER}:role/chaoskit/harness"
ALICE: Final = f"arn:aws:iam::{MEMBER}:user/ml/alice"
TRAINING: Final = f"arn:aws:iam::{MEMBER}:role/ml/training"
OPEN_BLOCK: Final[dict[str, bool]] = {}
FULL_BLOCK: Final = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)


def statement(effect: str, action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def allow(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return statement("Allow", action, resource, **more)


def deny(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return statement("Deny", action, resource, **more)


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def refused(query: Query) -> DeniedError:
    return DeniedError(str(query), "AccessDenied", "no", layer="identity")


class Account:
    """Answers queries by `service:Operation`, or by that and a parameter's value, `... name`.

    An answer is what the query would select; an exception is raised. What is not written down is refused.
    """

    account = MEMBER
    region = REGION

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def read(self, query: Query) -> Any:
        self.asked.append(str(query))
        keys = [f"{query} {value}" for value in query.params.values()] + [str(query)]
        answer = next((self.answers[key] for key in keys if key in self.answers), refused(query))
        if isinstance(answer, AwsError):
            if answer.code in query.absent:
                return None
            raise answer
        return answer

    def messages(self, queue_url: str) -> list[Message]:
        raise AssertionError(f"a prediction takes no messages from {queue_url}")


def absent(code: str) -> AwsError:
    return AwsError("call", code, "there is none")


def account(**changed: Any) -> Account:
    """An administrator's harness, a user, a training role and a bucket, in no organization."""
    answers: dict[str, Any] = {
        "organizations:DescribeOrganization": absent("AWSOrganizationsNotInUseException"),
        "iam:GetRole harness": {"Arn": HARNESS, "RoleId": "AROAHARNESS"},
        "iam:GetRole training": {"Arn": TRAINING, "RoleId": "AROATRAINING"},
        "iam:GetUser alice": {"Arn": ALICE, "UserId": "AIDAALICE"},
        "iam:ListRolePolicies": ["inline"],
        "iam:GetRolePolicy": json.loads(document(allow())),
        "iam:ListAttachedRolePolicies": [],
        "iam:ListUserPolicies": [],
        "iam:ListAttachedUserPolicies": [],
        "iam:ListGroupsForUser": [],
        "ec2:DescribeVpcEndpoints": [],
        "s3:HeadBucket": {},
        "s3:GetBucketPolicy": absent("NoSuchBucketPolicy"),
        "s3:GetPublicAccessBlock": OPEN_BLOCK,
        "s3control:GetPublicAccessBlock": OPEN_BLOCK,
        "s3:GetBucketOwnershipControls": "BucketOwnerPreferred",
        "s3:GetBucketAcl": [None],
    }
    return Account(answers | {key.replace("__", ":").replace("_of_", " "): v for key, v in changed.items()})


def organization(*policies: tuple[str, str]) -> tuple[dict[str, Any], Account]:
    """What a member may know of its organization, and the management account with these SCPs on the OU."""
    ids = {f"p-{number}": text for number, (_, text) in enumerate(policies)}
    above = Account(
        {
            "organizations:ListParents ou-1": ["r-1", "ROOT"],
            f"organizations:ListParents {MEMBER}": ["ou-1", "ORGANIZATIONAL_UNIT"],
            "organizations:ListRoots": ["SERVICE_CONTROL_POLICY"],
            "organizations:ListPoliciesForTarget r-1": [["p-full", "FullAWSAccess"]],
            "organizations:ListPoliciesForTarget ou-1": [
                ["p-full", "FullAWSAccess"],
                *([f"p-{number}", name] for number, (name, _) in enumerate(policies)),
            ],
            f"organizations:ListPoliciesForTarget {MEMBER}": [["p-full", "FullAWSAccess"]],
            "organizations:DescribePolicy p-full": document(allow()),
            **{f"organizations:DescribePolicy {name}": text for name, text in ids.items()},
        }
    )
    return {"organizations__DescribeOrganization": ["o-1", MANAGEMENT]}, above


def predict(
    call: Call, aws: Account, *before: Call, effects: Effects | None = None, **how: Any
) -> Prediction:
    caller = how.pop("caller", HARNESS)
    how.setdefault("local_address", "127.0.0.1")
    predictor = Predictor(aws, caller, **how)
    prediction, _, _ = predictor.predict(call, before, effects or Effects())
    return prediction
