"""Leases in DynamoDB: a grant for each, kept alive by heartbeats, that whoever takes a resource over ends.

An item for each resource names the epoch of its grant. A grant is good while it is there and not `lost`, so a
change is written on one condition, however many resources the lease has; to take a resource from a grant that
is over, its `lost` is written in the same transaction. Whether it is over, its `until` says: its holder puts
that off every few seconds while it lives, though never beyond what it asked for. It goes by the machines'
clocks, which is why others wait `skew_s` longer, and why a holder that can't renew in time stops by itself.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from chaoskit.errors import JournalError
from chaoskit.journal.store import MOST_ACTIONS, ConditionFailedError
from chaoskit.journal.table import EPOCHS, NOBODY, account_of, granted, leased, whole
from chaoskit.leases import Lease, LeaseHeldError, LeaseLostError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from chaoskit.journal.store import Store
    from chaoskit.slo import Clock

BEAT_S: Final = 60.0
"""So long a holder is taken to live after its last heartbeat."""
SKEW_S: Final = 5.0
"""How far the clocks of two machines may be apart; those of AWS's are within milliseconds of each other."""
_MARGIN: Final = 1 / 3
"""Of a beat: within it a holder stops by itself, and after as much it renews."""
_TRIES: Final = 10
_AT_ONCE: Final = MOST_ACTIONS // 2 - 2
"""Resources in one transaction: each may take another grant's end along."""
_LONGEST: Final = timedelta(days=3650)
_OURS: Final = "holder = :holder AND attribute_not_exists(lost)"


@dataclass(slots=True)
class _Held:
    """A grant of this process; `until` and `until_mono` are what the table surely says, by two clocks."""

    lease: Lease
    account: str
    ends: datetime
    until: datetime
    until_mono: float
    lost: bool = False


class Grants:
    """The leases of a table, and the heartbeats of those of this process."""

    def __init__(self, store: Store, clock: Clock, beat_s: float = BEAT_S, skew_s: float = SKEW_S) -> None:
        """Hold nothing yet."""
        self._store = store
        self._clock = clock
        self._beat_s = beat_s
        self._skew = timedelta(seconds=skew_s)
        self._mutex = threading.Lock()
        self._held: dict[tuple[str, int], _Held] = {}
        self._over = threading.Event()
        self._heart: threading.Thread | None = None

    def close(self) -> None:
        """Stop the heart. What is still held ends by itself, as it would after a crash."""
        self._over.set()

    def hold(self, resources: Collection[str], holder: str, lasting_s: float) -> Lease:
        """See `chaoskit.journal.Journal.hold`.

        Who holds an account as a whole keeps all others out of it, but for whoever holds through the same
        journal object; and who wants it must wait for them.
        """
        account = _account(resources)
        for _ in range(_TRIES):
            seen = self._seen(account)
            stale = self._stale(seen, resources, holder)
            lease = Lease(holder, self._store.number((_partition(account), EPOCHS)), frozenset(resources))
            try:
                self._grant(lease, account, lasting_s, seen, stale)
            except ConditionFailedError:
                self._drop(account, lease)
                continue  # somebody else was quicker
            if whole(account) in resources and not any(by["holder"] == holder for by in stale.values()):
                self._alone(account, lease)
            return lease
        raise LeaseHeldError(f"Many runs want {', '.join(sorted(resources))} at once: try again.")

    def release(self, holder: str) -> None:
        """Free all that it holds through this process: a grant that is gone holds nothing."""
        for held in [each for each in self._mine() if each.lease.holder == holder]:
            self._drop(held.account, held.lease)

    def still(self, lease: Lease) -> None:
        """See `chaoskit.journal.Journal.still`."""
        held = self._held.get((_account(lease.resources), lease.epoch))
        margin = self._beat_s * _MARGIN
        if held is None or held.lost:
            raise LeaseLostError(f"Run {lease.holder} has lost its lease: it changes nothing more.")
        left = (held.until - self._clock.now()).total_seconds()
        if min(left, held.until_mono - self._clock.monotonic()) < margin:
            raise LeaseLostError(
                f"Run {lease.holder} could not tell the journal in time that it is alive, so others may take "
                "it for dead: it changes nothing more."
            )

    def condition(self, lease: Lease) -> dict[str, Any]:
        """The action that lets a transaction write only while the lease is good."""
        return self._store.check(_key(_account(lease.resources), lease.epoch), _OURS, holder=lease.holder)

    def loss(self, lease: Lease) -> LeaseLostError:
        """How a lease whose condition did not hold was lost."""
        grant = self._store.get(_key(_account(lease.resources), lease.epoch)) or {}
        where = grant.get("resource") or ", ".join(sorted(lease.resources)) or "nothing"
        now = f"run {grant['lost']} has it now" if "lost" in grant else "it was given back"
        return LeaseLostError(
            f"Run {lease.holder} has lost its lease on {where}, and {now}: it changes nothing more."
        )

    def over(self, account: str, epoch: int) -> bool:
        """Whether a grant looks as if it is over; `ended` makes sure."""
        grant = self._store.get(_key(account, epoch))
        return grant is None or "lost" in grant or not self._lives(grant)

    def holders(self, account: str) -> frozenset[str]:
        """Who holds something in an account, as far as one can tell."""
        grants = self._seen(account).grants.values()
        return frozenset(one["holder"] for one in grants if "lost" not in one and self._lives(one))

    def ended(self, account: str, epoch: int, by: str, *, proven: bool) -> bool:
        """Whether a grant is over; from then on it is, for its holder too.

        Args:
            account: The account it was granted in.
            epoch: Its epoch.
            by: Who ends it.
            proven: Its holder is known to be dead, whatever its time says.
        """
        for _ in range(_TRIES):
            grant = self._store.get(_key(account, epoch))
            if grant is None or "lost" in grant:
                return True
            if (account, epoch) in self._held or (self._lives(grant) and not proven):
                return False
            try:
                self._store.write(self._end(account, grant, by, ""))
            except ConditionFailedError:
                continue  # its holder lives, or somebody else has ended it
            return True
        return False

    def _stale(self, seen: _Seen, resources: Collection[str], holder: str) -> dict[int, dict[str, Any]]:
        """The grants that are over and have some of the resources, each with one that it has.

        Raises:
            LeaseHeldError: Another holder's is not over.
        """
        stale: dict[int, dict[str, Any]] = {}
        above = {whole(seen.account)} - set(resources) if seen.account != NOBODY else set()
        for resource in sorted({*resources, *above}):
            epoch = seen.leases.get(leased(resource), 0)
            grant = seen.grants.get(epoch)
            if grant is None or "lost" in grant:
                continue
            mine = grant["holder"] == holder or (resource in above and (seen.account, epoch) in self._held)
            if self._lives(grant) and not mine:
                raise LeaseHeldError(f"Run {grant['holder']} is changing {resource} until {grant['until']}.")
            if not (mine and resource in above):
                stale[epoch] = {**grant, "resource": resource}
        return stale

    def _grant(
        self,
        lease: Lease,
        account: str,
        lasting_s: float,
        seen: _Seen,
        stale: Mapping[int, Mapping[str, Any]],
    ) -> None:
        """Write the grant and its resources, in as many transactions as it takes."""
        now, mono = self._clock.now(), self._clock.monotonic()
        ends = now + min(timedelta(seconds=min(lasting_s, _LONGEST.total_seconds())), _LONGEST)
        until = min(ends, now + timedelta(seconds=self._beat_s))
        values = {"holder": lease.holder, "until": until.isoformat(), "epoch": lease.epoch}
        actions, ending, pending = list[dict[str, Any]](), dict(stale), sorted(lease.resources)
        actions.append(self._store.put(_key(account, lease.epoch), values))
        if above := {whole(account)} - lease.resources if account != NOBODY else set():
            actions.append(self._unchanged(account, whole(account), seen))
        while actions or pending:
            part, pending = pending[:_AT_ONCE], pending[_AT_ONCE:]
            actions += [self._take(account, resource, lease.epoch, seen) for resource in part]
            for epoch in {seen.leases.get(leased(resource), 0) for resource in (*part, *above)} & set(ending):
                grant = ending.pop(epoch)
                actions.append(self._end(account, grant, lease.holder, str(grant["resource"])))
            self._store.write(*actions)
            actions.clear()
        for epoch in stale:
            self._forget(account, epoch)
        held = _Held(lease, account, ends, until, mono + (until - now).total_seconds())
        with self._mutex:
            self._held[account, lease.epoch] = held
        if ends > until:
            self._beat()

    def _take(self, account: str, resource: str, epoch: int, seen: _Seen) -> dict[str, Any]:
        condition, named = _as_read(resource, seen)
        values = {"epoch": epoch, "resource": resource}
        return self._store.put((_partition(account), leased(resource)), values, condition, **named)

    def _unchanged(self, account: str, resource: str, seen: _Seen) -> dict[str, Any]:
        condition, named = _as_read(resource, seen)
        return self._store.check((_partition(account), leased(resource)), condition, **named)

    def _end(self, account: str, grant: Mapping[str, Any], by: str, resource: str) -> dict[str, Any]:
        """End a grant that nobody has renewed since it was read."""
        values, condition = {"lost": by, "resource": resource}, "#until = :was AND attribute_not_exists(lost)"
        return self._store.update(_key(account, grant["epoch"]), values, condition, was=grant["until"])

    def _alone(self, account: str, lease: Lease) -> None:
        """Look whether others are in the account that came before; those who come later see this lease.

        Raises:
            LeaseHeldError: Somebody is.
        """
        for epoch, grant in self._seen(account).grants.items():
            if "lost" not in grant and self._lives(grant) and (account, epoch) not in self._held:
                self._drop(account, lease)
                raise LeaseHeldError(
                    f"Run {grant['holder']} is changing account {account} until {grant['until']}."
                )

    def _drop(self, account: str, lease: Lease) -> None:
        self._forget(account, lease.epoch)
        self._store.write(self._store.delete(_key(account, lease.epoch)))

    def _forget(self, account: str, epoch: int) -> None:
        with self._mutex:
            self._held.pop((account, epoch), None)

    def _lives(self, grant: Mapping[str, Any]) -> bool:
        try:
            return datetime.fromisoformat(grant["until"]) + self._skew > self._clock.now()
        except (KeyError, TypeError, ValueError):
            return False  # damaged

    def _seen(self, account: str) -> _Seen:
        items = self._store.query(_partition(account))
        return _Seen(
            account,
            {item["sk"]: item["epoch"] for item in items if item["sk"].startswith("lease#")},
            {item["epoch"]: item for item in items if item["sk"].startswith("grant#")},
        )

    def _mine(self) -> list[_Held]:
        with self._mutex:
            return list(self._held.values())

    def _beat(self) -> None:
        with self._mutex:
            if self._heart is None:
                self._heart = threading.Thread(target=self._live, name="chaoskit-heartbeat", daemon=True)
                self._heart.start()

    def _live(self) -> None:
        while not self._over.wait(self._beat_s * _MARGIN):
            self.renew()

    def renew(self) -> None:
        """Put off the end of all that is held, once; what can't be told now may be the next time."""
        for held in self._mine():
            now, mono = self._clock.now(), self._clock.monotonic()
            until = min(held.ends, now + timedelta(seconds=self._beat_s))
            if held.lost or until <= held.until:
                continue
            key = _key(held.account, held.lease.epoch)
            values = {"until": until.isoformat()}
            try:
                self._store.write(self._store.update(key, values, _OURS, holder=held.lease.holder))
            except ConditionFailedError:
                held.lost = True
            except JournalError:
                continue
            else:
                held.until, held.until_mono = until, mono + (until - now).total_seconds()


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is held in an account, as it was read: epochs by resource, grants by epoch."""

    account: str
    leases: Mapping[str, int]
    grants: Mapping[int, Mapping[str, Any]]


def _as_read(resource: str, seen: _Seen) -> tuple[str, dict[str, Any]]:
    """The condition that a resource is held as it was read."""
    was = seen.leases.get(leased(resource))
    return ("epoch = :was", {"was": was}) if was else ("attribute_not_exists(pk)", {})


def _account(resources: Collection[str]) -> str:
    accounts = {account_of(resource) for resource in resources}
    return accounts.pop() if len(accounts) == 1 else NOBODY


def _partition(account: str) -> str:
    return f"account#{account}"


def _key(account: str, epoch: int) -> tuple[str, str]:
    return _partition(account), granted(epoch)
