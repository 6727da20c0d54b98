"""The state of one correlation over a stream: its groups, and the occurrences still within reach."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING

from chaoskit.detect.sigma.correlation import Occurrence
from chaoskit.detect.sigma.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.detect.sigma.correlation import Correlation, GroupKey


class Windows:
    """Takes occurrences and answers with the correlation's matches.

    A window is as long as the rule's timespan, both ends included, and ends at an occurrence. Occurrences
    may come late, as CloudTrail's records do: those up to one timespan behind the newest of their group are
    judged in the windows that they fall into; older ones may find that what they belong to is gone.
    """

    def __init__(self, correlation: Correlation) -> None:
        self.correlation = correlation
        self._groups: dict[GroupKey, list[Occurrence]] = {}
        self._newest = self._swept = float("-inf")

    def feed(self, one: Occurrence) -> Iterator[Occurrence]:
        """The matches that an occurrence completes or extends: at most one for each group."""
        self._forget(one.at)
        for key in self.correlation.groups(one):
            kept = self._groups.setdefault(key, [])
            if self.correlation.counts is not None and any(other.number == one.number for other in kept[-2:]):
                continue
            insort(kept, one, key=_time)
            window = self._window(kept, one)
            if window:
                yield self._match(key, one, window)

    def _window(self, kept: list[Occurrence], one: Occurrence) -> list[Occurrence]:
        """The first window with this occurrence in it that meets the condition, or nothing."""
        span, counts = self.correlation.span, self.correlation.counts
        horizon = kept[-1].at - 2 * span
        # Half of the list goes at once, so that each removal pays for many events.
        if kept[0].at < horizon - 2 * span and one.at >= horizon:
            del kept[: bisect_left(kept, horizon, key=_time)]
        last = len(kept) - 1 if kept[-1] is one else kept.index(one)
        while last < len(kept) and kept[last].at <= one.at + span:
            first = bisect_left(kept, kept[last].at - span, key=_time)
            # A long window is only copied where more than its length matters, or once it is enough.
            if counts is None or counts(last + 1 - first):
                window = kept[first : last + 1]
                if self.correlation.met(window):
                    return window
            last += 1
        return []

    def _match(self, key: GroupKey, one: Occurrence, window: list[Occurrence]) -> Occurrence:
        grouped = dict(zip(self.correlation.group_by, key, strict=True))
        events = {id(event): event for other in window for event in other.events}
        record = Record({**one.record.event, **grouped})
        rule = id(self.correlation.rule)
        return Occurrence(rule, one.number, window[-1].at, record, tuple(events.values()))

    def _forget(self, now: float) -> None:
        """Drop the groups that nothing new has come to for two timespans."""
        self._newest = max(self._newest, now)
        horizon = self._newest - 2 * self.correlation.span
        if self._swept < horizon:
            self._swept = self._newest
            self._groups = {key: kept for key, kept in self._groups.items() if kept[-1].at >= horizon}


def _time(one: Occurrence) -> float:
    return one.at
