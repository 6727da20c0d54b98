"""One permission that a call needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Requirement:
    """One permission that a call needs.

    Attributes:
        action: `prefix:Name`.
        resource: The ARN, or `*`.
        keys: Condition keys of this requirement alone; None when the call's own keys apply.
        or_role: The ARN of a role whose own permission does as well as the caller's, or empty.
    """

    action: str
    resource: str
    keys: Mapping[str, Any] | None = None
    or_role: str = ""
