"""A control as data: what it is, how it is taken away and given back, and by what it is known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chaoskit.aws import Call


@dataclass(frozen=True, slots=True)
class Control:
    """Something that prevents, detects or repairs.

    Attributes:
        kind: What it is, e.g. `scp` or `event-rule`.
        name: Its name; of a statement, `policy/Sid`.
        away: The calls that take it away: blind where that is possible, rather than switched off.
        back: The calls that give it back, for a person; a mutated sandbox is restored as a whole.
        management: Whether the calls are the management account's.
        layer: Of a guardrail, the layer that its denials name; None for what detects and responds.
        services: Of a statement, the IAM prefixes of the actions that it can stop; None for any.
        words: The names by which experiments and other controls mean it.
        protects: The names of what it stands before.
        feeds: The names of what it starts or tells.
        listens: A text that holds the names of what it is started by.
    """

    kind: str
    name: str
    away: tuple[Call, ...]
    back: tuple[Call, ...] = ()
    management: bool = False
    layer: str | None = None
    services: frozenset[str] | None = None
    words: frozenset[str] = frozenset()
    protects: frozenset[str] = frozenset()
    feeds: frozenset[str] = frozenset()
    listens: str = ""

    @property
    def id(self) -> str:
        """What names it in a report and in `survivors.toml`."""
        return f"{self.kind}:{self.name}"

    def is_before(self, other: Control) -> bool:
        """Whether the other one works only if this one does, as far as names tell."""
        return bool(self.feeds & other.words) or any(f'"{word}"' in other.listens for word in self.words)


def names_in(arn: str) -> frozenset[str]:
    """The names that an ARN's resource is made of, and the ARN."""
    return frozenset({arn, *re.split(r"[:/]", arn.split(":", 5)[-1])} - {""})
