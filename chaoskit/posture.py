"""What an account must show to count as prepared, as values: items that probes and experiments answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chaoskit.contract import Probe


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that must hold: all its probes do, and all its experiments PASSED.

    Attributes:
        id: Its name in reports.
        question: What is asked, for a person.
        source: Who asks for it.
    """

    id: str
    question: str
    source: str
    probes: tuple[Probe, ...] = ()
    experiments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Items that belong together: a level of maturity, or a part of a checklist."""

    name: str
    items: tuple[Item, ...]
