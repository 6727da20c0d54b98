"""KMS grants as the statements that they amount to: a grantee, its operations, an encryption context.

Source: AWS KMS Developer Guide, "Grants in AWS KMS", "Creating grants" (grant constraints) and "Retiring and
revoking grants"; a grant allows like a key policy that names the grantee, and no grant denies.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.sealed import stored_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.sandbox.wire import ApiCall

# What a grant constraint does not bear on by itself (CreateGrant API Reference, `Constraints`).
_UNCONSTRAINED = frozenset({"DescribeKey"})
_MANAGES = frozenset({"CreateGrant", "RetireGrant"})


def granted_by(arn: str, call: ApiCall) -> str:
    """What the grants of a key allow in a call, as a key policy; empty when there are none."""
    key = stored_key(arn)
    if key is None or not key.grants:
        return ""
    statements = [each for grant in key.grants.values() for each in _statements(grant, call)]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}) if statements else ""


def _statements(grant: Any, call: ApiCall) -> Iterator[dict[str, Any]]:
    operations = set(grant.operations)
    free = operations & _UNCONSTRAINED
    if call.operation == "RetireGrant" and _is_meant(grant, call):
        if grant.retiring_principal:
            yield _allow(grant.retiring_principal, {"RetireGrant"})
        free |= operations & {"RetireGrant"}
    if call.operation == "CreateGrant" and "CreateGrant" in operations and _as_strict(grant, call):
        child = {"ForAllValues:StringEquals": {"kms:GrantOperations": sorted(operations)}}
        yield _allow(grant.grantee_principal, {"CreateGrant"}, child)
    if free:
        yield _allow(grant.grantee_principal, free)
    used = operations - _UNCONSTRAINED - _MANAGES
    if used:
        yield _allow(grant.grantee_principal, used, _constraint(grant.constraints or {}))


def _is_meant(grant: Any, call: ApiCall) -> bool:
    """Whether this is the grant that a call would retire: a grant permits to retire itself only."""
    return bool(grant.id == call.params.get("GrantId") or grant.token == call.params.get("GrantToken"))


def _as_strict(grant: Any, call: ApiCall) -> bool:
    """Whether a child grant is bound as its parent is; a parent's constraints can't be widened."""
    bound = grant.constraints or {}
    given = call.params.get("Constraints") or {}
    return all(given.get(name) == value for name, value in bound.items())


def _constraint(constraints: dict[str, Any]) -> dict[str, Any]:
    """`EncryptionContextSubset` and `EncryptionContextEquals` as conditions."""
    exact = constraints.get("EncryptionContextEquals")
    pairs = {**(constraints.get("EncryptionContextSubset") or {}), **(exact or {})}
    if not pairs:
        return {}
    found: dict[str, Any] = {
        "StringEquals": {f"kms:EncryptionContext:{name}": value for name, value in pairs.items()}
    }
    if exact:
        found["ForAllValues:StringEquals"] = {"kms:EncryptionContextKeys": list(exact)}
    return found


def _allow(principal: str, operations: set[str], condition: dict[str, Any] | None = None) -> dict[str, Any]:
    kind = "AWS" if principal.startswith("arn:") or principal.isdigit() else "Service"
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {kind: principal},
        "Action": [f"kms:{name}" for name in sorted(operations)],
        "Resource": "*",
    }
    return {**statement, "Condition": condition} if condition else statement
