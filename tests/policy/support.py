"""Short spellings for requests and documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.policy import evaluate

if TYPE_CHECKING:
    from chaoskit.policy import Decision

ACCOUNT = "111122223333"
OTHER = "444455556666"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
BOB = f"arn:aws:iam::{OTHER}:user/bob"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/app/s1"
OBJECT = "arn:aws:s3:::bkt/key"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"

Doc = dict[str, Any]


def doc(*statements: Doc, version: str = "2012-10-17") -> Doc:
    return {"Version": version, "Statement": list(statements)}


def allow(action: Any = "*", resource: Any = "*", **more: Any) -> Doc:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "*", resource: Any = "*", **more: Any) -> Doc:
    return allow(action, resource, **more) | {"Effect": "Deny"}


FULL = doc(allow())


def ask(
    policies: Doc | None = None,
    *,
    principal: Any = ALICE,
    action: str = "s3:GetObject",
    resource: str = OBJECT,
    context: Doc | None = None,
    **more: Any,
) -> Decision:
    """Alice reads an object of her own account, unless said otherwise."""
    request = {
        "principal": principal,
        "action": action,
        "resource": resource,
        "context": context or {},
        **more,
    }
    return evaluate(request, policies or {})


def holds(operator: str, key: str, wanted: Any, context: Doc, *, version: str = "2012-10-17") -> bool:
    """Whether a condition holds: an Allow that has only this condition lets the request through."""
    statement = allow(Condition={operator: {key: wanted}})
    decision = ask({"identityPolicies": [doc(statement, version=version)]}, context=context)
    denial = ask(
        {"identityPolicies": [FULL, doc(statement | {"Effect": "Deny"}, version=version)]}, context=context
    )
    assert decision.allowed is not denial.allowed, "a condition must mean the same in Allow and in Deny"
    return decision.allowed
