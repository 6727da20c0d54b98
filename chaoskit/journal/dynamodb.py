"""The journal in a DynamoDB table, which a fleet's processes share; `chaoskit.journal.table` has its keys.

No lock proves here that the writer of an open row is dead. A row names the grant that its change was made
under, and is left alone until that grant is over: its holder has not told for a minute that it lives, has
given it back, or is proven dead by who holds the account as a whole. Then the grant is ended before anything
is undone, so that a holder that was only away (a machine that slept) records nothing more.

What no condition can reach is a request that such a holder was about to send: it asks `still` first, which
goes by its own clocks and refuses well before others may take it for dead, and rollback looks again after so
long as a request may take to land.
"""

from __future__ import annotations

import json
import secrets
import threading
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Self

from chaoskit.errors import JournalError
from chaoskit.journal.chain import Link, breaks, sealed
from chaoskit.journal.grants import BEAT_S, SKEW_S, Grants
from chaoskit.journal.port import Status
from chaoskit.journal.rows import JSON_COLUMNS, TEXT_COLUMNS, entry_of
from chaoskit.journal.store import ConditionFailedError, Store
from chaoskit.journal.table import ENTRIES, EXPIRES, NOBODY, account_of, numbered, shard, shards, whole
from chaoskit.leases import LeaseHeldError
from chaoskit.slo import SystemClock

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from chaoskit.aws import Connection
    from chaoskit.journal.port import Entry, Record
    from chaoskit.leases import Lease
    from chaoskit.slo import Clock

    Row = dict[str, Any]

KEPT_DAYS: Final = 90
"""How long a closed row is kept, for reports and audits."""
_RECOVERS_WITHIN_S: Final = 3600.0
_ALWAYS_S: Final = float(10**9)
_TRIES: Final = 20
_COLUMNS: Final = ("id", *TEXT_COLUMNS, *JSON_COLUMNS, "status", "note", "created", "updated")


class DynamoJournal:
    """A journal in a DynamoDB table. Use it as a context manager; safe to share between threads."""

    def __init__(
        self,
        table: str,
        connection: Connection,
        *,
        account: str | None = None,
        readonly: bool = False,
        beat_s: float = BEAT_S,
        skew_s: float = SKEW_S,
        kept_days: int = KEPT_DAYS,
        clock: Clock | None = None,
    ) -> None:
        """Look whether the table can be used.

        Args:
            table: Its name.
            connection: Where it is, and as whom.
            account: Show what is open in this account only; None shows the whole fleet's.
            readonly: Refuse to write.
            beat_s: How long a holder is taken to live after its last heartbeat.
            skew_s: How far the clocks of two machines may be apart.
            kept_days: How long closed rows are kept.
            clock: The machines' time, not a sandbox's.

        Raises:
            JournalError: It can't.
        """
        self.table = table
        self._account = account
        self._readonly = readonly
        self._kept = timedelta(days=kept_days)
        self._clock = clock or SystemClock()
        self._store = Store(table, connection)
        self._grants = Grants(self._store, self._clock, beat_s, skew_s)
        self._mutex = threading.Lock()
        self._me = f"process {secrets.token_hex(6)}"
        self._own: Lease | None = None
        self._heads: dict[str, Link] = {}
        self._rows: dict[int, Row] = {}
        self._store.get(ENTRIES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __str__(self) -> str:
        return f"dynamodb:{self.table}"

    def close(self) -> None:
        """Give back what this process itself holds; runs have given back theirs."""
        with suppress(JournalError):  # then it ends by itself
            if self._own:
                self._grants.release(self._me)
        self._grants.close()

    def hold(self, resources: Collection[str], holder: str, lasting_s: float) -> Lease:
        """See `Journal`; `chaoskit.journal.table.whole` names an account as a whole."""
        self._check_writable()
        return self._grants.hold(resources, holder, lasting_s)

    def release(self, holder: str) -> None:
        """See `Journal`."""
        self._grants.release(holder)

    def still(self, lease: Lease | None) -> None:
        """See `Journal`."""
        if lease := lease or self._own:
            self._grants.still(lease)

    def record(self, change: Record, lease: Lease | None = None) -> int:
        """See `Journal`. Without a lease it belongs to this process, for as long as that lives."""
        self._check_writable()
        account = str(change.target.get("account") or NOBODY)
        with self._mutex:  # two threads would only be in each other's way at the end of the chain
            if lease is None:
                self._own = lease = self._own or self._grants.hold((), self._me, _ALWAYS_S)
            for _ in range(_TRIES):
                row = self._row(change, account, lease)
                end = {"hash": row["hash"], "at": row["created"]}
                same = "#hash = :before" if row["before_at"] else "attribute_not_exists(pk)"
                was = {"before": row["before"]} if row["before_at"] else {}
                try:
                    self._store.write(
                        self._grants.condition(lease),
                        self._store.put(_head(account), end, same, **was),
                        self._store.put(_open(row), row, "attribute_not_exists(pk)"),
                    )
                except ConditionFailedError as failed:
                    if 0 in failed.failed:
                        raise self._grants.loss(lease) from failed
                    self._heads.pop(account, None)  # another process has written in this account
                else:
                    self._heads[account] = Link(**end)
                    self._rows[row["id"]] = row
                    return int(row["id"])
        raise JournalError(f"{self} is written by too many at once in account {account}: try again.")

    def mark(self, entry: int, status: Status, note: str = "") -> bool:
        """See `Journal`. An UNDONE row stays as it is."""
        return self._change(entry, status=status.value, note=note, updated=self._now())

    def saw(self, entry: int, after: Any) -> None:
        """See `Journal`."""
        self._change(entry, effect=json.dumps(after))

    def open_faults(self, *, left: bool = False) -> list[Entry]:
        """See `Journal`."""
        return _entries(self._left_rows() if left else self._open_rows(self._account))

    @contextmanager
    def abandoned(self, under: Lease | None = None) -> Iterator[list[Entry]]:
        """See `Journal`. An account in which somebody works is left to them."""
        if under is not None:
            accounts = {account_of(resource) for resource in under.resources}
            yield _entries([row for account in accounts for row in self._ended_rows(account, under)])
            return
        name = f"rollback {self._me}"
        rows: list[Row] = []
        try:
            for account in sorted({row["account"] for row in self._left_rows()}):
                with suppress(LeaseHeldError):
                    self.hold({whole(account)}, name, _RECOVERS_WITHIN_S)
                    rows += self._ended_rows(account, None)
            yield _entries(rows)
        finally:
            with suppress(JournalError):  # then it ends by itself
                self.release(name)

    def broken(self, *, thorough: bool = False) -> list[str]:
        """See `Journal`. If not thorough, only accounts in which faults are open are read of a whole fleet.

        Closed rows that have expired are gone by right; a row that is gone before is told.
        """
        if thorough and self._account is None:
            return breaks(self._store.scan(), self._clock.now() - self._kept)
        accounts = {self._account or row["account"] for row in self._open_rows(self._account)}
        items = [item for each in sorted(accounts | {self._account or NOBODY}) for item in self._items(each)]
        return breaks(items, self._clock.now() - self._kept)

    def _items(self, account: str) -> list[Row]:
        where = ((f"account#{account}", "head"), (f"closed#{account}", ""), (shard(account), f"{account}#"))
        return [item for pk, begins in where for item in self._store.query(pk, begins)]

    def _open_rows(self, account: str | None) -> list[Row]:
        where = [(shard(account), f"{account}#")] if account else [(pk, "") for pk in shards()]
        rows = [_filled(item) for pk, begins in where for item in self._store.query(pk, begins)]
        self._rows |= {row["id"]: row for row in rows}
        return rows

    def _left_rows(self) -> list[Row]:
        """The open rows whose grants seem to be over."""
        rows = self._open_rows(self._account)
        over = {grant for grant in {_grant(row) for row in rows} if self._grants.over(*grant)}
        left = [row for row in rows if _grant(row) in over]
        # A run that took more into its lease has a later grant: what it recorded before that is its own.
        alive = {account: self._grants.holders(account) for account in {row["granted"] for row in left}}
        return [row for row in left if row["trace_id"] not in alive[row["granted"]]]

    def _ended_rows(self, account: str, under: Lease | None) -> list[Row]:
        """The open rows of an account whose grants are over; from then on nobody records under them."""
        rows = self._open_rows(account)
        over = {
            (where, epoch)
            for where, epoch in {_grant(row) for row in rows}
            if self._grants.ended(where, epoch, self._me, proven=under is not None and epoch < under.epoch)
        }
        return [row for row in rows if _grant(row) in over]

    def _row(self, change: Record, account: str, lease: Lease) -> Row:
        if account not in self._heads:
            head = self._store.get(_head(account))
            self._heads[account] = Link(head["hash"], head["at"]) if head else Link()
        before, now = self._heads[account], self._now()
        row: Row = {name: getattr(change, name) for name in TEXT_COLUMNS}
        row |= {name: json.dumps(getattr(change, name)) for name in JSON_COLUMNS}
        row |= {"status": Status.JOURNALED.value, "note": "", "created": now, "updated": now}
        granted = {account_of(resource) for resource in lease.resources}
        row |= {"granted": granted.pop() if len(granted) == 1 else NOBODY, "epoch": lease.epoch}
        row |= {"id": self._store.number(ENTRIES), "account": account}
        row |= {"before": before.hash, "before_at": before.at, "hash": before.then(row)}
        row["seal"] = sealed(row)
        return row

    def _change(self, entry: int, **becomes: str) -> bool:
        """Write what became of a change, unless it is undone; what another wrote meanwhile is read first."""
        self._check_writable()
        for _ in range(_TRIES):
            row = self._rows.get(entry) or self._found(entry)
            if row is None:
                return False
            new = {**row, **becomes}
            new["seal"] = sealed(new)
            same, was = ("seal = :was", {"was": row["seal"]}) if row["seal"] else ("attribute_exists(pk)", {})
            if becomes.get("status") == Status.UNDONE:
                expires = int((self._clock.now() + self._kept).timestamp())
                closed = (f"closed#{row['account']}", numbered(entry))
                actions = [
                    self._store.delete(_open(row), same, **was),
                    self._store.put(closed, {**new, EXPIRES: expires}),
                ]
            else:
                actions = [self._store.update(_open(row), {**becomes, "seal": new["seal"]}, same, **was)]
            try:
                self._store.write(*actions)
            except ConditionFailedError:
                self._rows.pop(entry, None)
                if (now := self._found(entry)) is None:
                    return False
                if now["seal"] == new["seal"]:
                    return True  # this was written, and the answer was lost
            else:
                self._rows.pop(entry, None)
                if len(actions) == 1:
                    self._rows[entry] = new
                return True
        raise JournalError(f"{self} could not write what became of entry {entry}: others write it too.")

    def _found(self, entry: int) -> Row | None:
        """An open row that another process wrote."""
        self._open_rows(self._account)
        return self._rows.get(entry)

    def _check_writable(self) -> None:
        if self._readonly:
            raise JournalError(f"{self} was opened readonly.")

    def _now(self) -> str:
        return self._clock.now().isoformat()


def _entries(rows: list[Row]) -> list[Entry]:
    return [entry_of(row, row.get("effect")) for row in sorted(rows, key=lambda row: row["id"], reverse=True)]


def _filled(item: Row) -> Row:
    """An open row, whatever is left of it."""
    account, _, number = str(item["sk"]).rpartition("#")
    known = dict.fromkeys((*_COLUMNS, "before", "hash", "seal"), "")
    return {
        **known,
        **{name: value for name, value in item.items() if name not in ("pk", "sk")},
        "account": account,
        "granted": str(item.get("granted", NOBODY)),
        "epoch": item.get("epoch") if isinstance(item.get("epoch"), int) else 0,
        "id": int(number),
    }


def _grant(row: Row) -> tuple[str, int]:
    """The account and the epoch of the grant that a row was written under."""
    return row["granted"], row["epoch"]


def _open(row: Row) -> tuple[str, str]:
    return shard(row["account"]), f"{row['account']}#{numbered(row['id'])}"


def _head(account: str) -> tuple[str, str]:
    return f"account#{account}", "head"
