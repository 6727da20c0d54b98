"""A sandbox's whole state at a moment, and the way back to it."""

from __future__ import annotations

import functools
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, cast

from moto.core.base_backend import backend_lock

from chaoskit.sandbox import collector
from chaoskit.sandbox.snapshot.checkpoint import Checkpoint
from chaoskit.sandbox.state import stores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.sandbox.cloud import Sandbox

_SLICE_S: Final = 1.0


class BusyError(Exception):
    """The sandbox did not come to rest: calls or background work are still going on."""


class Snapshot:
    """What moto and the sandbox's own services held; it can be put back as often as one likes.

    It stays good when another sandbox has been served in the process meanwhile, which wipes moto's state.

    Attributes:
        unknown: Types of objects that could not be noted; none, unless somebody adds a strange one.
    """

    def __init__(self, cloud: Sandbox) -> None:
        with backend_lock, collector.paused():
            self._stores = list(stores())
            self._held = Checkpoint([cloud, stores()])
        self._told = [one for one in self._held.objects() if _wants_to_know(cast("Any", type(one)))]
        self.unknown = self._held.unknown

    def __len__(self) -> int:
        """How many objects' contents it holds."""
        return len(self._held)

    def put_back(self) -> None:
        """Make everything as it was. The sandbox must be at rest."""
        with backend_lock:
            for store in stores():
                if store not in self._stores:
                    _empty(store)
            self._held.put_back()
        for one in self._told:
            one.restored()


@contextmanager
def at_rest(cloud: Sandbox, timeout: float) -> Iterator[None]:
    """A sandbox in which nothing happens as long as the block lasts.

    Raises:
        BusyError: It did not come to rest within `timeout` seconds (wall).
    """
    deadline = monotonic() + timeout
    while cloud.idle(max(0.0, deadline - monotonic())):
        with cloud.door.shut(min(deadline, monotonic() + _SLICE_S)) as empty:
            # What holds the agenda or moto's lock now is done in a moment; then nothing can begin.
            if empty:
                with cloud.agenda.paused(), cloud.lock:
                    if cloud.idle(0):
                        yield
                        return
        if monotonic() > deadline:
            break
    raise BusyError(f"The sandbox did not come to rest within {timeout:g} s: calls or work still go on.")


@functools.cache
def _wants_to_know(kind: Any) -> bool:
    return kind.__module__.startswith("chaoskit.") and hasattr(kind, "restored")


def _empty(store: Any) -> None:
    """Forget a service that nobody had used yet, and what moto keeps beside its accounts."""
    store.clear()
    for beside in vars(store).values():
        if isinstance(beside, dict | list | set):
            beside.clear()
