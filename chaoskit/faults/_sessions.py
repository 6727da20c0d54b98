"""What faults with a role's session share: one limited to nothing, and one not limited at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Credentials
from chaoskit.contract import Change

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

POWERLESS: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}],
    }
)
"""A session policy that lets nothing through. What no statement allows is denied implicitly, so an explicit
denial by another policy is still the one that AWS names."""


def session(
    role_arn: str, name: str, *, policy: str | None = None, not_yet: tuple[str, ...] = ()
) -> Generator[Change, Mapping[str, Any], Credentials]:
    """Assume a role for 15 minutes, the shortest that AWS gives; leaves nothing behind that lasts.

    Args:
        role_arn: The role.
        name: The session's name.
        policy: What the session is limited to; None for all that the role may do.
        not_yet: Error codes that mean that the role isn't visible yet.
    """
    limit: dict[str, Any] = {} if policy is None else {"Policy": policy}
    reply = yield Change(
        do=Call(
            "sts",
            "AssumeRole",
            not_yet=not_yet,
            RoleArn=role_arn,
            RoleSessionName=name,
            DurationSeconds=900,
            **limit,
        )
    )
    keys = reply["Credentials"]
    return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


def harmless(
    role_arn: str, service: str, operation: str, **params: Any
) -> Generator[Change, Mapping[str, Any], None]:
    """Make a call that must never succeed, in a session that no policy lets make it.

    A guardrail that denies explicitly is seen in AWS's answer; without it the session's own limit denies.
    """
    keys = yield from session(role_arn, "chaoskit-harmless", policy=POWERLESS)
    yield Change(do=Call(service, operation, signed_by=keys, **params))
