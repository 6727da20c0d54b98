"""Keeps secrets out of records: what botocore's models call sensitive, and what its name gives away.

Services leave a secret out or write `HIDDEN_DUE_TO_SECURITY_REASONS` in its place; real records show
which does which (IAM and Secrets Manager leave out, Systems Manager hides).
"""

from __future__ import annotations

from typing import Any

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
EC2_HIDDEN = "<sensitiveDataRemoved>"
TOKEN_HIDDEN = "Value hidden due to security reasons."  # noqa: S105 - AWS's words, no secret
LEFT_OUT = object()
"""Stands for a value that the record does not have at all."""

_LEAVE_OUT = frozenset({"bedrock", "bedrock-runtime", "iam", "kms", "lambda", "secretsmanager", "sts"})
_SECRET_NAMES = frozenset(
    {
        "authorizationtoken",
        "authtoken",
        "certificateprivatekey",
        "clientsecret",
        "keymaterial",
        "masteruserpassword",
        "newpassword",
        "offertoken",
        "oldpassword",
        "password",
        "passworddata",
        "plaintext",
        "privatekey",
        "samlassertion",
        "secretaccesskey",
        "secretbinary",
        "secretkey",
        "secretstring",
        "userdata",
        "webidentitytoken",
    }
)
_TOKENS = frozenset({"sessiontoken", "federationtoken", "tokencode"})


def redacted(service: str, name: str, shape: Any) -> Any:
    """What a record has in place of a member: `HIDDEN`, `LEFT_OUT`, or None when it may be shown as it is."""
    plain = name.lower()
    if plain in _TOKENS:
        return HIDDEN
    if plain == "tokenvalue":
        return TOKEN_HIDDEN
    if shape.type_name == "blob":
        return LEFT_OUT
    if plain in _SECRET_NAMES or shape.metadata.get("sensitive"):
        if service == "ec2":
            return EC2_HIDDEN
        return LEFT_OUT if service in _LEAVE_OUT else HIDDEN
    return None
