"""What faults on roles, users and groups share: grants that are added and taken back, and whole documents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Literal

from chaoskit.aws import ITEM, Call, Each, Query
from chaoskit.contract import Change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

Kind = Literal["Role", "User", "Group"]
"""The word in IAM's operations and parameters."""
GONE: Final = "NoSuchEntity"
ADMINISTRATOR: Final = "arn:aws:iam::aws:policy/AdministratorAccess"
EVERYTHING: Final = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)


def attach(aws: Reader, kind: Kind, name: str, policy: str) -> Changes:
    """Attach a managed policy; undone by detaching the same ARN. Attached already, it is not ours."""
    who: dict[str, Any] = {f"{kind}Name": name}
    attached = Query("iam", f"ListAttached{kind}Policies", who, "sort(AttachedPolicies[].PolicyArn)")
    if policy in (aws.read(attached) or ()):
        return
    yield Change(
        do=Call("iam", f"Attach{kind}Policy", **who, PolicyArn=policy),
        undo=(Call("iam", f"Detach{kind}Policy", absent_ok=(GONE,), **who, PolicyArn=policy),),
        state=attached,
    )


def put_inline(aws: Reader, kind: Kind, name: str, policy: str) -> Changes:
    """Put an inline policy that allows everything; undone by deleting it. One of that name is not ours."""
    which: dict[str, Any] = {f"{kind}Name": name, "PolicyName": policy}
    inline = Query("iam", f"Get{kind}Policy", which, "PolicyDocument", absent=(GONE,), parse_json=True)
    if aws.read(inline) is not None:
        return
    yield Change(
        do=Call("iam", f"Put{kind}Policy", **which, PolicyDocument=EVERYTHING),
        undo=(Call("iam", f"Delete{kind}Policy", absent_ok=(GONE,), **which),),
        state=inline,
    )


def each_of(who: Mapping[str, Any], listed: str, select: str, operation: str, parameter: str) -> Each:
    """Take from a role or user each of what it has been given: with it, IAM deletes neither.

    Args:
        who: The parameter that names the role or user.
        listed: The operation that lists what it has.
        select: The names in its answer, as JMESPath.
        operation: The operation that takes one of them.
        parameter: What that calls it.
    """
    gone: dict[str, Any] = {**who, parameter: ITEM}
    return Each(
        Query("iam", listed, who, select, absent=(GONE,)),
        Call("iam", operation, absent_ok=(GONE,), **gone),
    )


def remove_boundary(aws: Reader, kind: Literal["Role", "User"], name: str) -> Changes:
    """Take the permissions boundary away; undone by setting the same one. Without one nothing is to do."""
    who: dict[str, Any] = {f"{kind}Name": name}
    boundary = Query("iam", f"Get{kind}", who, f"{kind}.PermissionsBoundary.PermissionsBoundaryArn")
    prior: str | None = aws.read(boundary)
    if not prior:
        return
    yield Change(
        do=Call("iam", f"Delete{kind}PermissionsBoundary", **who),
        undo=(Call("iam", f"Put{kind}PermissionsBoundary", **who, PermissionsBoundary=prior),),
        state=boundary,
    )


def trust_of(role: str) -> Query:
    """A role's trust policy; what it answers may be a document or its text, see `parsed`."""
    return Query("iam", "GetRole", {"RoleName": role}, "Role.AssumeRolePolicyDocument", parse_json=True)


def new_trust(role: str, prior: Mapping[str, Any], statements: list[Mapping[str, Any]]) -> Change:
    """Put other statements into a role's trust policy; undone by the prior document."""
    put: dict[str, Any] = {"RoleName": role}
    return Change(
        do=Call(
            "iam",
            "UpdateAssumeRolePolicy",
            **put,
            PolicyDocument=json.dumps({**prior, "Statement": statements}),
        ),
        undo=(Call("iam", "UpdateAssumeRolePolicy", **put, PolicyDocument=json.dumps(prior)),),
        state=trust_of(role),
    )


def statements_of(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A policy's statements; a single one may stand by itself."""
    found = document["Statement"]
    return found if isinstance(found, list) else [found]
