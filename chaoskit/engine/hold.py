"""Keeping faults in while somebody else looks, instead of watching for expectations."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from chaoskit.engine.guards import InconclusiveError

if TYPE_CHECKING:
    from chaoskit.aws import Aws
    from chaoskit.engine.guards import Watch
    from chaoskit.engine.inject import Injector
    from chaoskit.slo import Clock

_EFFECT_WITHIN_S: Final = 30.0
_PAUSE_S: Final = 0.2


class Hold:
    """Keeps one run's faults in until it is released. The run waits in its own thread, so its limits hold."""

    def __init__(self) -> None:
        self.settled = threading.Event()
        """Set once the faults are in, or the run has ended without."""
        self.kept = False
        """Whether the faults went in and were seen."""
        self._released = threading.Event()

    def release(self) -> None:
        """Let the run roll back."""
        self._released.set()

    def keep(self, injector: Injector, aws: Aws, watch: Watch, clock: Clock) -> None:
        """Wait until released.

        Raises:
            AwsError: The effect of a change can't be read.
            GuardError: Something says stop: a person, a switch, a stop condition or `max_duration`.
            InconclusiveError: A change was refused or showed no effect, so nothing is kept in.
        """
        refused = next((each for each in injector.trace.attempts if each.outcome != "applied"), None)
        if refused is not None:
            by = f" by {refused.denied_by}" if refused.denied_by else ""
            raise InconclusiveError(f"{refused.call} was {refused.outcome}{by}: {refused.message}")
        if not injector.trace.attempts:
            raise InconclusiveError("no fault was injected: what it would change is so already")
        until = clock.monotonic() + _EFFECT_WITHIN_S
        while any(each.effect is False for each in injector.trace.attempts):
            if clock.monotonic() > until:
                raise InconclusiveError(f"no effect was seen within {_EFFECT_WITHIN_S:.0f} s")
            watch.check(aws, injector.trace, changing=False)
            clock.wait(_PAUSE_S, watch.stop.event)
            injector.look_for_effects()
        self.kept = True
        self.settled.set()
        while not self._released.is_set():
            watch.check(aws, injector.trace, changing=False)
            clock.wait(_PAUSE_S, self._released)
