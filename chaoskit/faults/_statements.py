"""Policy documents with one statement more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

SID: Final = "ChaoskitShared"
STRANGER: Final = "999999999999"
"""An account id that is not ours; on a real account give one that exists, as AWS looks whether it does."""


def root_of(account: str) -> str:
    """The principal that stands for everyone in an account."""
    return f"arn:aws:iam::{account}:root"


def widened(prior: str | None, statement: Mapping[str, Any]) -> str:
    """A policy's text with a statement added; a new policy where none was."""
    document: dict[str, Any] = json.loads(prior) if prior else {"Version": "2012-10-17", "Statement": []}
    statements = document["Statement"]
    statements = statements if isinstance(statements, list) else [statements]
    return json.dumps({**document, "Statement": [*statements, dict(statement)]})
