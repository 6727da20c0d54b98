"""One experiment a resource: runs that would change the same thing take turns."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from chaoskit.engine.plan import plan
from chaoskit.errors import GuardError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.aws import Aws
    from chaoskit.engine.stop import Stop
    from chaoskit.experiment import Experiment

_LOOK_EVERY_S: Final = 0.1


def resources(experiment: Experiment, aws: Aws) -> frozenset[str]:
    """What an experiment would change, named by the reads that capture its state."""
    return frozenset(
        json.dumps([aws.account, aws.region, change.state.service, change.state.params], sort_keys=True)
        for fault in plan(experiment, aws)
        for change in fault.changes
        if change.state is not None
    )


class Leases:
    """The resources that runs of this process hold."""

    def __init__(self) -> None:
        self._held: set[str] = set()
        self._freed = threading.Condition()

    @contextmanager
    def hold(self, wanted: frozenset[str], stop: Stop) -> Iterator[None]:
        """Wait until nobody holds any of them, then hold them all: so no two can wait for each other.

        Raises:
            GuardError: Somebody said stop in the meantime.
        """
        with self._freed:
            while self._held & wanted:
                if stop.requested:
                    raise GuardError(stop.reason)
                self._freed.wait(_LOOK_EVERY_S)
            self._held |= wanted
        try:
            yield
        finally:
            with self._freed:
                self._held -= wanted
                self._freed.notify_all()
