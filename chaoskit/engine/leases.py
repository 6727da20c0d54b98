"""One experiment a resource: runs that would change the same thing take turns."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from chaoskit.engine.plan import plan
from chaoskit.errors import GuardError, JournalError
from chaoskit.leases import LeaseHeldError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.aws import Aws, Query, Reader
    from chaoskit.contract import Change
    from chaoskit.engine.stop import Stop
    from chaoskit.experiment import Experiment
    from chaoskit.journal import Journal
    from chaoskit.leases import Lease
    from chaoskit.target import Target

_LOOK_EVERY_S: Final = 0.1
_LONGEST_WAIT_S: Final = 5.0


def resources(experiment: Experiment, aws: Aws, target: Target) -> frozenset[str]:
    """What an experiment would change, and what must be as it should before: nobody else may change that now.

    It is what the reads of its state name, and what faults and steady state are given: a plan that is made
    while another run has deleted a thing does not name it any more.
    """
    known = set(target.variables.values()) - {target.account, target.connection.region}
    given = (
        text
        for element in (*experiment.faults, *experiment.steady_state)
        for text in vars(element).values()
        if isinstance(text, str) and text in known
    )
    planned = (
        named for fault in plan(experiment, aws) for change in fault.changes for named in changed(change, aws)
    )
    return frozenset((*planned, *(_resource(aws, text) for text in given)))


def changed(change: Change, aws: Reader) -> frozenset[str]:
    """What one change would change, as the read of its state names it."""
    if change.state is None:
        return frozenset()
    return frozenset(_resource(aws, named) for named in _named(change.state))


def _resource(aws: Reader, named: Any) -> str:
    return json.dumps([aws.account, aws.region, named], sort_keys=True)


def _named(state: Query) -> list[Any]:
    """Two reads of one trail have its name in common, though not the name of the parameter."""
    names: list[Any] = [value for value in state.params.values() if isinstance(value, str)]
    return names or [[state.service, state.params]]


class Leases:
    """The resources that runs of this process hold; towards other processes, the journal's leases."""

    def __init__(self, journal: Journal) -> None:
        """Hold nothing yet."""
        self._journal = journal
        self._held: dict[str, str] = {}
        self._freed = threading.Condition()

    @contextmanager
    def hold(self, wanted: frozenset[str], holder: str, lasting_s: float, stop: Stop) -> Iterator[Lease]:
        """Wait until nobody holds any of them, then hold them all: so no two can wait for each other.

        Args:
            wanted: The resources.
            holder: The run's trace id.
            lasting_s: After how long others may have them, in case the run is gone.
            stop: Ends the wait.

        Raises:
            GuardError: Somebody said stop in the meantime.
            JournalError: The journal can't grant it.
        """
        with self._freed:
            while self._others(wanted, holder):
                if stop.requested:
                    raise GuardError(stop.reason)
                self._freed.wait(_LOOK_EVERY_S)
            self._held |= dict.fromkeys(wanted, holder)
        try:
            yield self._granted(wanted, holder, lasting_s, stop)
        finally:
            with suppress(JournalError):  # then it ends by itself
                self._journal.release(holder)
            with self._freed:
                self._held = {name: by for name, by in self._held.items() if by != holder}
                self._freed.notify_all()

    def widen(self, lease: Lease, more: frozenset[str], lasting_s: float) -> Lease:
        """Hold more under a lease: what a change turns out to be made to, which could not be planned.

        It does not wait, since whoever holds it may wait for what this run holds.

        Raises:
            GuardError: Another run holds it.
            JournalError: The journal can't grant it.
        """
        if more <= lease.resources:
            return lease
        with self._freed:
            if others := self._others(more, lease.holder):
                raise GuardError(f"Run {others[0]} is changing the same resource now: run this again later.")
            self._held |= dict.fromkeys(more, lease.holder)
        try:
            return self._journal.hold(lease.resources | more, lease.holder, lasting_s)
        except LeaseHeldError as held:
            raise GuardError(f"{held} Run this again later.") from held

    def _others(self, wanted: frozenset[str], holder: str) -> list[str]:
        return [self._held[name] for name in sorted(wanted) if self._held.get(name, holder) != holder]

    def _granted(self, wanted: frozenset[str], holder: str, lasting_s: float, stop: Stop) -> Lease:
        """The journal's lease, once no other process has it."""
        pause = _LOOK_EVERY_S
        while True:
            try:
                return self._journal.hold(wanted, holder, lasting_s)
            except LeaseHeldError:
                if stop.event.wait(pause):
                    raise GuardError(stop.reason) from None
                pause = min(2 * pause, _LONGEST_WAIT_S)
