"""Why rules are refused: everything wrong in them, found in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, order=True)
class SigmaProblem:
    """One thing wrong in a rule.

    Attributes:
        path: The file, or `<rule>` for a rule that was given as text or as an object.
        line: Where the rule's document begins, or where its YAML is broken; counted from 1.
        rule: The rule's title; empty when it has none.
        reason: What is wrong.
    """

    path: str
    line: int
    rule: str
    reason: str

    def __str__(self) -> str:
        title = f'rule "{self.rule}": ' if self.rule else ""
        return f"{self.path}:{self.line}: {title}{self.reason}"


class InvalidSigmaRule(ValueError):  # noqa: N818 - named as InvalidEventPattern beside it is
    """Rules that cannot be evaluated; its text is a line for each problem."""

    def __init__(self, problems: Sequence[SigmaProblem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))


class Unsupported(ValueError):  # noqa: N818 - never leaves this package
    """Parts of a rule that cannot be evaluated, a reason for each; the loader adds where it stands."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(*reasons)
        self.reasons = reasons
