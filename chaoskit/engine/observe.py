"""Polling all open expectations together, each against its own SLO."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from chaoskit.engine.cadence import Cadence
from chaoskit.engine.guards import look
from chaoskit.experiment import Role
from chaoskit.slo import Duration, Interval

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from chaoskit.aws import Aws
    from chaoskit.contract import Observation, Probe, Trace
    from chaoskit.engine.guards import Watch
    from chaoskit.engine.inject import Injector
    from chaoskit.engine.timeline import Timeline
    from chaoskit.result import ExpectationResult
    from chaoskit.slo import Clock

_SHORTEST_WAIT_S: Final = 0.05
_SHORTEST_PAUSE_S: Final = 0.001
_REPAIR_ENDS_WITHIN_S: Final = 30.0
_CLOCKS_AGREE_S: Final = 2.0
"""Clocks that differ by less are kept by NTP as usual; by more, and no latency can be told."""
_NEVER_BAD: Final = "that was never seen to be otherwise, so nothing tells that it was repaired"


class Observer:
    """Watches until every expectation is met, missed, or cut short."""

    def __init__(
        self,
        open_: list[ExpectationResult],
        injector: Injector,
        aws: Aws,
        *,
        watch: Watch,
        timeline: Timeline,
        clock: Clock,
        earlier: Callable[[int], Sequence[Interval]] | None = None,
    ) -> None:
        """Nothing is looked at yet.

        Of the expectation of that number, `earlier` tells between which looks it was met in earlier runs.
        """
        self._all, self._open = open_, list(open_)
        self._cadences = {
            id(item): Cadence(earlier(number) if earlier else ()) for number, item in enumerate(open_)
        }
        self._due = dict.fromkeys(self._cadences, -math.inf)
        self._injector = injector
        self._aws = aws
        self._watch = watch
        self._timeline = timeline
        self._clock = clock
        self._start, self._steady_start = injector.began
        self._last_without: dict[int, datetime] = {}
        self._broken: set[int] = set()

    def observe(self) -> None:
        """Look, wait, look again; each look may close expectations.

        Raises:
            GuardError: Something says stop; what is open stays unmet.
            AwsError: The effect of a change can't be read.
        """
        while True:
            self._injector.look_for_effects()
            now = self._clock.monotonic()
            self._open = [item for item in self._open if self._due[id(item)] > now or not self._settled(item)]
            if not self._open:
                self._see_repairs()
                return
            self._watch.check(self._aws, self._injector.trace, changing=False)
            self._clock.wait(self._pause(), self._watch.stop.event)

    def _see_repairs(self) -> None:
        """What a responder repaired before its effect could be read had one, as shows once it has ended."""
        slow = [
            (item, item.expectation.repaired_by)
            for item in self._all
            if item.expectation.repaired_by and not item.evidence.get("repaired")
        ]
        until = self._clock.monotonic() + _REPAIR_ENDS_WITHIN_S
        while slow and any(each.effect is False for each in self._injector.trace.attempts):
            for item, responder in list(slow):
                run = look(responder, self._aws, self._injector.trace)
                if run.holds:
                    item.evidence = {**item.evidence, **run.evidence}
                    slow.remove((item, responder))
            if self._clock.monotonic() > until or self._clock.wait(_SHORTEST_WAIT_S, self._watch.stop.event):
                return
            self._injector.look_for_effects()

    def _pause(self) -> float:
        """Until the next look at anything."""
        next_ = min(self._due[id(item)] for item in self._open)
        return max(next_ - self._clock.monotonic(), _SHORTEST_PAUSE_S)

    def _put_off(self, item: ExpectationResult) -> None:
        """Until its cadence says, but never past its deadline."""
        waited = (self._clock.now() - self._start).total_seconds()
        left = float(item.expectation.within or 0) - waited
        pause = min(self._cadences[id(item)].pause(waited), left if left > 0 else _SHORTEST_WAIT_S)
        self._due[id(item)] = self._clock.monotonic() + pause

    def _settled(self, item: ExpectationResult) -> bool:
        began = self._clock.now()
        seen = self._look(item)
        ended = self._clock.now()
        item.summary, item.evidence = seen.summary, seen.evidence
        start = seen.cause or self._start
        within = item.expectation.within
        if within is not None and (doubt := self._doubt(ended)):
            item.met, item.summary = None, doubt
        elif seen.holds:
            at = _trusted(seen.at, start, ended)
            item.latency_s = max((at - start).total_seconds(), 0.0)
            lo = max((self._last_without.get(id(item), start) - start).total_seconds(), 0.0)
            item.latency_interval = Interval(lo, max((ended - start).total_seconds(), lo))
            item.met = within is None or item.latency_s <= within
            if not item.met:
                item.summary += f", but only after {Duration(round(item.latency_s, 3))}: the SLO is {within}"
        elif seen.final or within is None:
            item.met = seen.holds
        elif (began - start).total_seconds() >= within:
            item.met = seen.holds
            item.summary += f" within {within}{self._why(item)}"
        else:
            self._last_without[id(item)] = began
            self._put_off(item)
            return False
        word = {True: "met", False: "missed", None: "unknown"}[item.met]
        self._timeline.add(word, f"{item.expectation.role}: {item.summary}")
        return True

    def _why(self, item: ExpectationResult) -> str:
        """What is known of the responder that has not repaired it."""
        if item.expectation.repaired_by is None:
            return ""
        run = look(item.expectation.repaired_by, self._aws, self._injector.trace)
        item.evidence = {**item.evidence, **run.evidence}
        return "" if run.summary in item.summary else f"; {run.summary}"

    def _doubt(self, ended: datetime) -> str | None:
        """Why no latency can be told, or None."""
        steady = self._clock.monotonic() - self._steady_start
        jumped = (ended - self._start).total_seconds() - steady
        if abs(jumped) > _CLOCKS_AGREE_S:
            return f"this machine's clock jumped by {jumped:+.0f} s meanwhile, so no latency can be told"
        return None

    def _look(self, item: ExpectationResult) -> Observation:
        trace = self._injector.trace
        seen = look(item.expectation.probe, self._aws, trace)
        if item.expectation.role is not Role.RESPONSE:
            return seen
        if seen.holds is False:
            self._broken.add(id(item))
        if seen.holds is not True:
            return seen
        return self._repaired(item, seen, trace)

    def _repaired(self, item: ExpectationResult, seen: Observation, trace: Trace) -> Observation:
        """A good state is a response only if the runbook made it so, or it was seen to be bad before.

        A state that was never seen to be bad and is not of what the fault touched may always have been good.
        """
        of_the_fault = id(item) in self._broken or _is_about(item.expectation.probe, trace)
        if item.expectation.repaired_by is not None:
            run = look(item.expectation.repaired_by, self._aws, trace if of_the_fault else _unseen(trace))
            if run.holds is not True:
                return run
            if not of_the_fault and not run.evidence.get("repaired"):
                return replace(
                    run, holds=None, summary=f"{seen.summary}; {run.summary}; {_NEVER_BAD}", final=False
                )
            summary = f"{seen.summary}; {run.summary}"
            return replace(run, summary=summary, evidence={**seen.evidence, **run.evidence})
        if not any(attempt.effect for attempt in trace.attempts):
            return replace(
                seen, holds=False, summary="the fault's effect was not seen, so nothing was repaired"
            )
        doubt = self._doubted(item, trace) if of_the_fault else _NEVER_BAD
        return replace(seen, holds=None, summary=f"{seen.summary}; {doubt}") if doubt else seen

    def _doubted(self, item: ExpectationResult, trace: Trace) -> str:
        """Why a state that was never seen to be bad may not be what the fault's call changed; mostly empty.

        It may be another part of the same thing, or have been read late.
        """
        if id(item) in self._broken:
            return ""
        left = (
            each.call
            for each in self._injector.remaining()
            if _is_about(item.expectation.probe, replace(trace, attempts=(each,)))
        )
        return next((f"but the effect of {call} is still there" for call in left), "")


def _is_about(probe: Probe, trace: Trace) -> bool:
    """Whether a probe's parameters name something that the faults touched, in full or as an ARN's end."""
    given = {_end(value) for value in vars(probe).values() if isinstance(value, str)}
    return not given.isdisjoint(map(_end, trace.touched()))


def _end(name: str) -> str:
    return re.split("[:/]", name)[-1]


def _unseen(trace: Trace) -> Trace:
    """As if nobody had seen an effect: a responder then tells what it has changed."""
    return replace(trace, attempts=tuple(replace(each, effect=False) for each in trace.attempts))


def _trusted(at: datetime | None, start: datetime, ended: datetime) -> datetime:
    """The evidence's own timestamp; where clocks disagree, the look that saw it, which is never too early."""
    if at is None:
        return ended
    off = max((start - at).total_seconds(), (at - ended).total_seconds())
    return ended if off > _CLOCKS_AGREE_S else at
