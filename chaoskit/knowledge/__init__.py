"""What chaoskit knows of other people's catalogs: techniques, risks and controls by id, a data file each.

A file says where its entries come from and of which version they are. Ids that a newer version replaced stay
known as aliases, so that an experiment that was written for the older one goes on.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["attack", "atlas", "owasp_ml", "compliance"]
KINDS: Final[tuple[Kind, ...]] = ("attack", "atlas", "owasp_ml", "compliance")


@dataclass(frozen=True, slots=True)
class Entry:
    """One technique, risk or control.

    Attributes:
        id: As the newest version calls it.
        name: Its name; for a control, what it is about.
        url: Where to read more; empty when there is no page of its own.
        successors: The ids under which a later edition of the same standard has it.
        tactics: The names of the tactics that it serves, in the order of the publisher's matrix.
    """

    id: str
    name: str
    url: str = ""
    successors: tuple[str, ...] = ()
    tactics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalog:
    """The entries of one publisher.

    Attributes:
        name: What it is called.
        version: Of which version the ids are.
        source: Where the entries come from.
        sources: For a file of several publishers, the source of each by the beginning of its ids.
        tactics: The columns of the publisher's matrix, in its order; empty when it has no matrix.
    """

    name: str
    version: str
    source: str
    entries: Mapping[str, Entry]
    aliases: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    tactics: tuple[str, ...] = ()

    def find(self, wanted: str) -> Entry | None:
        """The entry of that id, also of one that was replaced; None when nobody knows it."""
        return self.entries.get(self.aliases.get(wanted, wanted))

    def ids(self) -> list[str]:
        """All ids that may be written, replaced ones too."""
        return [*self.entries, *self.aliases]


@functools.cache
def catalog(kind: Kind) -> Catalog:
    """The catalog of a kind of id, as `maps:` in an experiment names the kinds."""
    told = json.loads(Path(__file__).with_name(f"{kind}.json").read_bytes())
    url, successors = told.get("url", ""), told.get("successors", {})
    tactics, tactics_of = told.get("tactics", {}), told.get("tactics_of", {})
    entries = {
        each: Entry(
            each,
            name,
            _page(url, each),
            tuple(successors.get(each, ())),
            tuple(tactics[one] for one in tactics_of.get(_whole(each), ())),
        )
        for each, name in told["entries"].items()
    }
    return Catalog(
        told["name"],
        told["version"],
        told["source"],
        entries,
        told.get("aliases", {}),
        told.get("sources", {}),
        tuple(tactics.values()),
    )


def _whole(wanted: str) -> str:
    """The technique of a sub-technique, which serves the same tactics: T1098 of T1098.003."""
    beginning, _, number = wanted.rpartition(".")
    return beginning if number.isdecimal() else wanted


def _page(url: str, wanted: str) -> str:
    """ATT&CK's pages have a folder for a technique's parts."""
    return url.format(id=wanted.replace(".", "/") if wanted.startswith("T") else wanted)
