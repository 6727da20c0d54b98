"""The assessment of a results document, as a value and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from chaoskit.assess.compliance import controls
from chaoskit.assess.matrix import matrix
from chaoskit.assess.posture import graded
from chaoskit.evidence import sealed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chaoskit.assess.compliance import Control
    from chaoskit.assess.matrix import Cell
    from chaoskit.assess.posture import Answer, Answered, Graded
    from chaoskit.contract import Probe
    from chaoskit.posture import Group

SCHEMA: Final = "chaoskit/assessment/v1"


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a set of results says of an account.

    Attributes:
        matrix: Layer by role, how many expectations were met.
        controls: Compliance controls with the runs behind them.
        levels: The levels of maturity, lowest first.
        checklist: The incident-response preparation checklist.
    """

    matrix: tuple[Cell, ...]
    controls: tuple[Control, ...]
    levels: tuple[Graded, ...]
    checklist: tuple[Graded, ...]

    @property
    def level(self) -> int:
        """The highest level of which every item holds, with all below it; 0 when the first does not."""
        reached = 0
        for level in self.levels:
            if not level.holds:
                break
            reached += 1
        return reached

    def missing(self) -> tuple[Answered, ...]:
        """What keeps the account from the next level."""
        return self.levels[self.level].missing() if self.level < len(self.levels) else ()

    def dump(self) -> dict[str, Any]:
        """As JSON of the schema `chaoskit/assessment/v1`, with its chain of evidence."""
        return sealed(
            {
                "schema": SCHEMA,
                "matrix": [asdict(cell) for cell in self.matrix],
                "controls": [{**asdict(each), "holds": each.holds} for each in self.controls],
                "maturity": {
                    "level": self.level,
                    "name": self.levels[self.level - 1].name if self.level else None,
                    "levels": [_group(level) for level in self.levels],
                    "missing": [item.id for item in self.missing()],
                },
                "checklist": [_group(part) for part in self.checklist],
            }
        )


def assess(
    results: Sequence[Mapping[str, Any]],
    levels: Sequence[Group],
    checklist: Sequence[Group],
    seen: Mapping[Probe, Answer],
) -> Assessment:
    """Assess results.

    Args:
        results: The `results` of a document of the schema `chaoskit/results/v1`.
        levels: The levels of maturity, lowest first.
        checklist: The parts of the checklist.
        seen: What the probes of both saw; see `look_at`.
    """
    return Assessment(
        matrix(results),
        controls(results),
        tuple(graded(level, results, seen) for level in levels),
        tuple(graded(part, results, seen) for part in checklist),
    )


def _group(group: Graded) -> dict[str, Any]:
    return {
        "name": group.name,
        "holds": group.holds,
        "items": [{**asdict(item), "holds": item.holds} for item in group.items],
    }
