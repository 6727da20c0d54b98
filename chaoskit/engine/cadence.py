"""When to look next: often where the evidence came in earlier runs, seldom before, steadily after."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaoskit.slo import Interval

_SHORTEST_S: Final = 0.05
_LONGEST_S: Final = 5.0
_SHARE: Final = 0.1
"""The next look comes after this share of the time already waited, so an interval is about that wide."""
_SHARE_BEFORE: Final = 0.5
"""Likewise before evidence has ever come: a detector that has become faster is seen all the same."""
_LOOKS: Final = 32
"""In the window: on average half of them are needed."""
_FINEST_S: Final = 0.002
"""Between looks in the window; a call takes longer nearly everywhere, so they follow each other closely."""
_MARGIN: Final = 0.05
_ENOUGH: Final = 5
"""Of so many earlier runs or more, the odd one out does not widen the window."""


@dataclass(frozen=True, slots=True)
class Cadence:
    """How long to wait between looks at one expectation.

    Attributes:
        earlier: Between which looks the evidence came in earlier runs, the newest first.
    """

    earlier: Sequence[Interval] = ()
    _window: tuple[float, float] = field(init=False, repr=False, default=(math.inf, -math.inf))

    def __post_init__(self) -> None:
        """Say when evidence is to be expected."""
        if self.earlier:
            object.__setattr__(self, "_window", _window(self.earlier))

    def pause(self, waited: float) -> float:
        """Seconds until the next look.

        Args:
            waited: Since the fault was sent, in seconds.
        """
        usual = min(max(waited * _SHARE, _SHORTEST_S), _LONGEST_S)
        opens, closes = self._window
        if waited >= closes:
            return usual
        if waited >= opens:
            return min(max((closes - opens) / _LOOKS, _FINEST_S), usual)
        seldom = min(max(waited * _SHARE_BEFORE, _SHORTEST_S), _LONGEST_S)
        return max(min(seldom, opens - waited), _FINEST_S)


def _window(earlier: Sequence[Interval]) -> tuple[float, float]:
    """From when to when: where it came before, and as much around it as those runs could not tell."""
    middles = sorted((each.lo + each.hi) / 2 for each in earlier)
    widths = sorted(each.hi - each.lo for each in earlier)
    cut = len(middles) // _ENOUGH if len(middles) >= _ENOUGH else 0
    kept = middles[cut // 2 : len(middles) - (cut - cut // 2)]
    margin = max(_MARGIN * kept[len(kept) // 2], widths[len(widths) // 2] / 2, _FINEST_S)
    return max(kept[0] - margin, 0.0), kept[-1] + margin
