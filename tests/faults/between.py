"""A fault as a run makes it and takes it back, and in between somebody else, as no experiment can have it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaoskit.aws import Aws, Each
from chaoskit.engine.rollback import Rollback
from chaoskit.errors import AwsError
from chaoskit.journal import Record, SqliteJournal, Status
from tests.e2e.conftest import lab_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from chaoskit.aws import Call, Message, Query
    from chaoskit.contract import Change, Fault
    from chaoskit.engine.rollback import Undone
    from tests.e2e.lab import Lab
    from tests.one_sandbox import OneSandbox


@dataclass
class Account:
    """A sandbox without a workload, so that no responder takes part; it keeps what is sent to it.

    Attributes:
        sent: The calls that were sent, newest last.
        refusals: Errors that the next calls of an operation end in, before they are sent.
    """

    lab: Lab
    aws: Aws
    account: str
    region: str
    sent: list[Call] = field(default_factory=list)
    refusals: dict[str, list[str]] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        return self.lab.client(service)

    def read(self, query: Query) -> Any:
        return self.aws.read(query)

    def messages(self, queue_url: str) -> list[Message]:
        return self.aws.messages(queue_url)

    def send(self, call: Call) -> Any:
        self.sent.append(call)
        if self.refusals.get(call.operation):
            raise AwsError(str(call), self.refusals[call.operation].pop(), "try again later")
        return self.aws.send(call)

    def undone(self, fault: Fault, folder: Path, meanwhile: Callable[[], Any] | None = None) -> list[Undone]:
        """Make a fault's changes until one fails, let somebody else act, and undo; what came of it.

        Args:
            fault: The fault.
            folder: Where the journal may be.
            meanwhile: What somebody else does.
        """
        with SqliteJournal(folder / "journal.sqlite") as journal:
            changes = fault.changes(self)
            change = next(changes, None)
            while change is not None:
                reply = self._made(change, fault, journal)
                if reply is None:
                    break
                try:
                    change = changes.send(reply)
                except StopIteration:
                    break
            if meanwhile:
                meanwhile()
            self.sent.clear()
            rollback = Rollback(self, journal, self.lab.clock)  # type: ignore[arg-type] # as much of an account as it asks
            return rollback.undo(journal.open_faults())

    def _made(self, change: Change, fault: Fault, journal: SqliteJournal) -> Any:
        assert change.state
        record = Record(
            "t",
            "an-experiment",
            fault.about.name,
            {"landing_s": 0.0},
            change.do.dump(),
            tuple(step.dump() for step in change.undo),
            change.state.dump(),
            self.read(change.state),
            tuple(self.read(step.items) if isinstance(step, Each) else None for step in change.undo),
        )
        entry = journal.record(record)
        try:
            reply = self.send(change.do)
        except AwsError as error:
            journal.mark(entry, Status.FAILED, str(error))
            return None
        journal.mark(entry, Status.APPLIED)
        after = self.read(change.state)
        assert after != record.captured, f"{change.do} had no effect"
        journal.saw(entry, after)
        return reply


@contextmanager
def account(one_sandbox: OneSandbox) -> Iterator[Account]:
    """The account of a fresh sandbox."""
    with one_sandbox.bare() as served:
        lab = lab_in(served)
        target = lab.target
        yield Account(lab, Aws(target.connection, account=target.account), target.account, "us-east-1")
