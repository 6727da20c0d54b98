# ruff: noqa: INP001 - Lambda imports it, this project never does.
"""The inference API's authorizer: lets in who bears the token whose SHA-256 was deployed, else nobody."""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import Any


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer with an IAM policy for the caller (API Gateway Developer Guide, Lambda authorizers)."""
    del context
    scheme, _, token = event["authorizationToken"].partition(" ")
    digest = hashlib.sha256(token.encode()).hexdigest()
    approved = os.environ.get("TOKEN_SHA256", "")
    known = scheme == "Bearer" and bool(approved) and hmac.compare_digest(digest, approved)
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow" if known else "Deny",
        "Resource": event["methodArn"],
    }
    return {"principalId": digest[:16], "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
