"""Faults that an earlier run left open are rolled back before anything else is done."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Protocol

from chaoskit.engine.rollback import Undone, by_hand, undo_with
from chaoskit.errors import ChaoskitError
from chaoskit.journal import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from chaoskit.aws import Aws
    from chaoskit.journal import Entry, Journal
    from chaoskit.leases import Lease
    from chaoskit.slo import Clock


class PlaceGoneError(Exception):
    """The sandbox that held the fault is proven to be gone, and everything in it."""


class Reopen(Protocol):
    """Finds the account of a journal entry again."""

    def __call__(self, place: Mapping[str, Any]) -> Iterable[Aws]:
        """Open sessions to undo with: the undo role's where there is one, then others for what it can't.

        Raises:
            PlaceGoneError: There is nothing left to put back.
            ChaoskitError: It can't be reached now.
        """
        ...


def recover(journal: Journal, reopen: Reopen, clock: Clock, under: Lease | None = None) -> list[Undone]:
    """Undo every entry that a run which is over left open, newest first, place by place as they come.

    Args:
        journal: Where they are; it knows which runs are over.
        reopen: Finds their accounts.
        clock: Time.
        under: See `Journal.abandoned`.
    """
    with journal.abandoned(under) as left:
        return _recovered(left, journal, reopen, clock)


def _recovered(left: list[Entry], journal: Journal, reopen: Reopen, clock: Clock) -> list[Undone]:
    done: list[Undone] = []
    for place, entries in _by_place(left):
        try:
            done += undo_with(reopen(place), entries, journal, clock)
        except PlaceGoneError as gone:
            done += [_closed(entry, journal, str(gone)) for entry in entries]
        except ChaoskitError as error:
            done += [_left(entry, str(error)) for entry in entries]
        except (KeyError, TypeError) as missing:  # the row is damaged, or another version's
            note = f"the journal does not say where it is: {missing}"
            done += [_left(entry, entry.note or note) for entry in entries]
    return done


def _by_place(entries: list[Entry]) -> Iterator[tuple[Mapping[str, Any], list[Entry]]]:
    for _, group in itertools.groupby(entries, key=lambda entry: sorted(entry.record.target.items())):
        members = list(group)
        yield members[0].record.target, members


def _left(entry: Entry, note: str) -> Undone:
    return Undone(entry, ok=False, note=note, by_hand=by_hand(entry))


def _closed(entry: Entry, journal: Journal, note: str) -> Undone:
    journal.mark(entry.id, Status.UNDONE, note)
    return Undone(entry, ok=True, note=note)
