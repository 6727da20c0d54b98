"""IAM's unique ids: moto draws some without the prefix that tells what they stand for, and rules look for.

Source: IAM User Guide, "IAM identifiers", Understanding unique ID prefixes.
"""

from __future__ import annotations

from functools import wraps
from inspect import unwrap
from typing import TYPE_CHECKING, Any

from moto.iam import models

from chaoskit.sandbox.identities import unique_id

if TYPE_CHECKING:
    from collections.abc import Callable

_PREFIXES: tuple[tuple[type, str], ...] = (
    (models.Group, "AGPA"),
    (models.InstanceProfile, "AIPA"),
    (models.User, "AIDA"),
)


def share() -> None:
    """Give users, groups and instance profiles ids in IAM's form; again, it changes nothing."""
    for kind, prefix in _PREFIXES:
        begin: Any = kind.__dict__["__init__"]
        setattr(kind, "__init__", _identified(unwrap(begin), prefix))  # noqa: B010 - a type checker minds an assignment


def _identified(begin: Callable[..., None], prefix: str) -> Callable[..., None]:
    @wraps(begin)
    def identified(made: Any, *args: Any, **named: Any) -> None:
        begin(made, *args, **named)
        made.id = unique_id(prefix)

    return identified
