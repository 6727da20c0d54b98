"""What an account must show, and a look at it: for `assess`, and for the HTML report of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from chaoskit import knowledge
from chaoskit.assess import assess, look_at
from chaoskit.slo import SystemClock
from chaoskit.spec.posture import groups

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chaoskit.assess import Answer, Assessment
    from chaoskit.contract import Probe
    from chaoskit.posture import Group
    from chaoskit.target import Target

    Look = tuple[list[Group], list[Group], dict[Probe, Answer]]

_SHIPPED: Final = Path(knowledge.__file__).parent
MATURITY: Final = _SHIPPED / "maturity.yaml"
CHECKLIST: Final = _SHIPPED / "readiness.yaml"


def look(place: Target, maturity: Path = MATURITY, checklist: Path = CHECKLIST) -> Look:
    """The levels, the checklist, and what their probes see in an account, which is only read.

    Raises:
        ChaoskitError: A file is none, or the account can't be reached.
    """
    levels, parts = groups(maturity, place.variables), groups(checklist, place.variables)
    who = "chaoskit-assess", "assess", 0
    aws = place.open_read(*who) or place.open(*who)
    clock = place.clock or SystemClock()
    return levels, parts, look_at([*levels, *parts], aws, clock.now())


def assessed(
    results: Sequence[Mapping[str, Any]],
    looked: Look | None = None,
    maturity: Path = MATURITY,
    checklist: Path = CHECKLIST,
) -> Assessment:
    """What results say of an account as a whole; without a look, what probes would answer stays open."""
    return assess(results, *(looked or (groups(maturity), groups(checklist), {})))
