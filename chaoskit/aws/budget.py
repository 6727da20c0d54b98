"""What AWS lets an account ask in a second, spent as tokens: a fleet waits instead of being throttled.

Quotas are counted for an account and region, and a fleet holds an account as a whole while it works there: so
what is spent in a member account is spent by one process, and a bucket in that process is exact. What all
workers spend in one account together (the tooling account's STS) is divided by their number: a share needs no
call, and no item that all of them would write for each call.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Rate:
    """A quota: so many requests a second, and so many at once after a rest.

    Attributes:
        a_second: Tokens that come in a second.
        at_once: Tokens that the bucket holds.
        divided: All workers spend it together, in one account.
    """

    a_second: float
    at_once: float
    divided: bool = False


LOOKUPS: Final = Rate(2, 2)
"""Two a second for an account and region (AWS CloudTrail API Reference, "LookupEvents"); not adjustable."""
SESSIONS: Final = Rate(600, 600, divided=True)
"""600 a second for an account and region, shared by these operations, and counted in the caller's account
(IAM User Guide, "IAM and AWS STS quotas")."""

RATES: Final[Mapping[tuple[str, str], tuple[str, Rate]]] = {
    ("cloudtrail", "LookupEvents"): ("lookups", LOOKUPS),
    **{
        ("sts", operation): ("sessions", SESSIONS)
        for operation in ("AssumeRole", "GetCallerIdentity", "GetFederationToken", "GetSessionToken")
    },
}
"""The class of each operation that has a published quota which experiments can reach, and that quota."""


class Spending(Protocol):
    """Is told of each request before it is signed, retries and further pages too, and may hold it up."""

    def spend(self, service: str, operation: str, account: str, region: str) -> None:
        """A request is about to be sent to an account and region."""
        ...


class Budget:
    """Buckets of tokens, one for each class of operations, account and region; safe to share between threads.

    A request that finds no token waits for the one that it has taken in advance, so requests go evenly, in
    the order they came.
    """

    def __init__(
        self,
        workers: int = 1,
        *,
        rates: Mapping[tuple[str, str], tuple[str, Rate]] = RATES,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Have all buckets full.

        Args:
            workers: How many processes spend what is `divided`.
            rates: What may be spent.
            clock: Seconds that never jump.
            sleep: Waits so many seconds.
        """
        self._workers = workers
        self._rates = rates
        self._clock = clock
        self._sleep = sleep
        self._mutex = threading.Lock()
        self._full_at: dict[tuple[str, str, str], float] = {}

    def spend(self, service: str, operation: str, account: str, region: str) -> None:
        """Take a token, and wait until it is there."""
        known = self._rates.get((service, operation))
        if known is None:
            return
        name, rate = known
        share = self._workers if rate.divided else 1
        wait = self._take((name, account, region), rate.a_second / share, max(rate.at_once / share, 1.0))
        if wait > 0:
            self._sleep(wait)

    def _take(self, bucket: tuple[str, str, str], a_second: float, at_once: float) -> float:
        """How long until the token is there: what is missing from the bucket comes back in that order."""
        with self._mutex:
            now = self._clock()
            full_at = max(self._full_at.get(bucket, now), now) + 1 / a_second
            self._full_at[bucket] = full_at
        return full_at - now - at_once / a_second
