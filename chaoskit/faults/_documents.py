"""What faults that share something with a stranger have in common: one more statement in a policy."""

from __future__ import annotations

import json
from typing import Any, Final

STRANGER: Final = "999999999999"
"""An account id of AWS's documentation examples; AWS itself takes accounts that exist only."""


def root_of(account: str) -> str:
    """The ARN that stands for everyone whom an account lets."""
    return f"arn:aws:iam::{account}:root"


def widened(prior: str | None, statement: dict[str, Any]) -> str | None:
    """A policy's text with one more statement; None when the statement is in it already.

    Args:
        prior: The text so far, None where there is no policy.
        statement: With a `Sid` by which it is known again.
    """
    document: dict[str, Any] = json.loads(prior) if prior else {"Version": "2012-10-17", "Statement": []}
    statements = document["Statement"]
    statements = statements if isinstance(statements, list) else [statements]
    if any(each.get("Sid") == statement["Sid"] for each in statements):
        return None
    return json.dumps({**document, "Statement": [*statements, statement]})
