"""What is wrong in a policy document, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its path, such as `Statement[0].Action` (empty for the whole document), and the reason."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason


class MalformedPolicyDocument(ValueError):  # noqa: N818 - the name of AWS's own error code
    """A policy document that AWS would refuse.

    Attributes:
        faults: Everything that is wrong, in the order of the document; never empty.
        path: Where the first fault is, e.g. `Statement[0].Action`; empty for the whole document.
        reason: What the first fault is.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        self.path = self.faults[0].path
        self.reason = self.faults[0].reason
        super().__init__("; ".join(map(str, self.faults)))

    def within(self, prefix: str) -> MalformedPolicyDocument:
        """The same faults, seen from a structure that holds the document at `prefix`."""
        return MalformedPolicyDocument(
            [Fault(".".join(filter(None, (prefix, fault.path))), fault.reason) for fault in self.faults]
        )


def shown(value: object) -> str:
    """A value for a message: short, and safe for any depth of nesting."""
    if isinstance(value, str):
        return repr(value if len(value) <= _SHOWN else value[:_SHOWN] + "...")
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, list | tuple):
        return "a list"
    return "an object" if isinstance(value, dict) else type(value).__name__
