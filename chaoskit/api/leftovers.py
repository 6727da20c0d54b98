"""What is open in the journals: found, put back, or accepted as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.engine import recover
from chaoskit.engine.deadman import ARMED
from chaoskit.engine.rollback import BEGUN
from chaoskit.errors import ChaoskitError, JournalError
from chaoskit.journal import JournalBusyError, Status, every_journal, open_journal, this_journal
from chaoskit.places import reopen
from chaoskit.slo import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from chaoskit.aws import Aws
    from chaoskit.engine import Undone
    from chaoskit.journal import Entry, Where
    from chaoskit.result import Results


_STUCK: Final = (
    "it could not be put back when that was tried last (`chaoskit status` tells why); `chaoskit rollback` "
    "and the next run try again"
)


class RecoveryError(JournalError):
    """Journals can't be used; `undone` is what became of what the others held."""

    def __init__(self, troubles: Sequence[ChaoskitError], undone: list[Undone]) -> None:
        super().__init__("\n".join(map(str, troubles)))
        self.undone = undone


def find_open(number: int, journal: Where | None = None) -> tuple[Where, Entry] | None:
    """The journal and the entry of that number, if it is open; of several journals, the first."""
    for where in [journal] if journal else every_journal():
        with open_journal(where, readonly=True) as look:
            for entry in look.open_faults():
                if entry.id == number:
                    return where, entry
    return None


def left_open(results: Results) -> int:
    """How many changes of other runs than these are open in this user's journal: they could not be undone."""
    with open_journal(this_journal(), readonly=True) as look:
        left = look.open_faults(left=True)
        return sum(not entry.record.trace_id.startswith(f"{results.run_id}.") for entry in left)


def accept(where: Where, number: int, note: str) -> None:
    """Close an open entry that a person has judged: what is there is meant to be there.

    Raises:
        JournalError: The journal can't be written, or a run is going on in it.
        ChaoskitError: A run is at work on the entry.
    """
    with open_journal(where) as journal, journal.abandoned() as left:
        if number not in {entry.id for entry in left}:
            raise ChaoskitError(f"A run is at work on entry {number}: wait for it to end.")
        journal.mark(number, Status.UNDONE, note)


def at_work(journal: Where | None = None) -> int:
    """How many changes are open, whoever is at work on them."""
    found = 0
    for where in [journal] if journal else every_journal():
        with open_journal(where, readonly=True) as look:
            found += len(look.open_faults())
    return found


def recover_all(
    journal: Where | None = None,
    *,
    again: bool = True,
    told: Callable[[Sequence[Entry]], None] | None = None,
) -> list[Undone]:
    """Roll back every fault that a dead run left open; what is in use is left to its user.

    Args:
        journal: Where to look; by default in every journal of this user.
        again: Try again also where nothing is open but what was tried in vain, which takes minutes.
        told: Is told what of a journal is rolled back, before that is begun.

    Raises:
        RecoveryError: Journals can't be used; the others were seen to.
    """
    undone: list[Undone] = []
    troubles: list[ChaoskitError] = []
    for where in [journal] if journal else every_journal():
        try:
            undone += _recovered(where, told, again=again)
        except ChaoskitError as trouble:
            troubles.append(trouble)
    if troubles:
        raise RecoveryError(troubles, undone)
    return undone


def _recovered(where: Where, told: Callable[[Sequence[Entry]], None] | None, *, again: bool) -> list[Undone]:
    with open_journal(where, readonly=True) as look:
        if not look.open_faults(left=True):
            return []
    try:
        with open_journal(where) as held:  # which is proof that no run is at work in a file
            left = held.open_faults(left=True)
            stuck = [] if again else _stuck(left)
            tried = [entry for entry in left if entry.record.target not in stuck]
            if told and tried:
                told(tried)

            def reopened(place: Mapping[str, Any]) -> Iterable[Aws]:
                sessions = reopen(place)
                if place in stuck:
                    next(sessions)  # what is gone with its sandbox is closed all the same
                    raise ChaoskitError(_STUCK)
                return sessions

            return recover(held, reopened, SystemClock())
    except JournalBusyError:
        return []


def _stuck(left: Sequence[Entry]) -> list[Mapping[str, Any]]:
    """The places where all that is open was tried to be undone, to the end and in vain."""
    failed = {
        entry.id: entry.record.trace_id
        for entry in left
        if entry.status is Status.UNDO_FAILED and entry.note != BEGUN
    }
    fresh = [
        entry.record.target
        for entry in left
        # What is armed stays so as long as the rest of its run is open.
        if entry.id not in failed
        and not (entry.record.fault == ARMED and entry.record.trace_id in failed.values())
    ]
    return [entry.record.target for entry in left if entry.record.target not in fresh]
