"""Three-valued truth: true, false, or undecided until the named condition keys are known."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Truth: TypeAlias = bool | frozenset[str]
"""A decided answer, or the (never empty) set of condition keys that it depends on."""


class Unknown(Enum):
    """The type of `UNKNOWN`."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN

Values: TypeAlias = tuple[str, ...]
Lookup: TypeAlias = Callable[[str], "Values | Unknown | None"]
"""From a lower-case condition key to its values; None when the request does not have the key."""


def every(truths: Iterable[Truth]) -> Truth:
    """True when all are; false as soon as one is."""
    undecided: frozenset[str] = frozenset()
    for truth in truths:
        if truth is False:
            return False
        if truth is not True:
            undecided |= truth
    return undecided or True


def some(truths: Iterable[Truth]) -> Truth:
    """True as soon as one is; false when none is."""
    undecided: frozenset[str] = frozenset()
    for truth in truths:
        if truth is True:
            return True
        if truth is not False:
            undecided |= truth
    return undecided or False


def opposite(truth: Truth) -> Truth:
    """Not."""
    return (not truth) if isinstance(truth, bool) else truth
