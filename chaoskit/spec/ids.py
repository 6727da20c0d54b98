"""Which ids are meant by one that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.knowledge import catalog

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chaoskit.knowledge import Kind


def any_of(kind: Kind, ids: Iterable[str], wanted: str) -> bool:
    """Whether one of the ids is what is asked for, or a part of it: T1098.003 is of T1098."""
    known = catalog(kind)
    whole, *found = (entry.id if (entry := known.find(each)) else each for each in (wanted, *ids))
    return any(each == whole or each.startswith(f"{whole}.") for each in found)
