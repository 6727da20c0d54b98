"""Gets the events that trails take to their buckets and log groups, each after the profile's delay."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.mailbox import Mailbox
from chaoskit.sandbox.trail.bucket import CLOUDTRAIL, Stream
from chaoskit.sandbox.trail.digests import Digests
from chaoskit.sandbox.trail.log_events import LogEvents
from chaoskit.sandbox.trail.log_files import GATHER, LogFiles
from chaoskit.sandbox.trail.signing_keys import SigningKeys
from chaoskit.sandbox.trail.status import Statuses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.profile import Delay
    from chaoskit.sandbox.trail.records import Recorded


class Delivery:
    """The deliveries of all trails.

    Attributes:
        keys: What digest files are signed with.
        statuses: How each trail's deliveries go.
    """

    def __init__(self, cloud: Sandbox) -> None:
        self.statuses = Statuses()
        self.keys = SigningKeys(cloud)
        self._cloud = cloud
        files = Mailbox(cloud.spawn)
        self._digests = Digests(cloud, self.statuses, self.keys, files)
        self._log_files = LogFiles(cloud, self.statuses, self._digests, files)
        self._log_events = LogEvents(cloud, self.statuses, Mailbox(cloud.spawn))

    def take(self, event: Recorded, trails: Iterable[Any]) -> None:
        """Deliver an event to these trails (moto's).

        CloudTrail's own calls to deliver are left out, so that no delivery can call for the next.
        """
        if event.record["userIdentity"].get("invokedBy") == CLOUDTRAIL:
            return
        profile = self._cloud.profile
        for trail in trails:
            stream = Stream(trail, event.account, event.region)
            self.after(profile.log_files, event.at, partial(self._log_files.add, stream, event))
            self.after(profile.cloudwatch_logs, event.at, partial(self._log_events.add, stream, event))

    def after(self, delay: Delay, at: datetime, work: Callable[[datetime], None]) -> None:
        """Do `work` so much later than `at`: now and in this thread, if there is no delay."""
        if delay.seconds:
            self._cloud.agenda.at(at + delay.time, work)
        else:
            work(at)

    def started(self, trail: Any) -> None:
        """A trail has begun to log."""
        self.statuses.of(trail).started = self._cloud.now()

    def stopped(self, trail: Any) -> None:
        """A trail logs no more. Its last digest comes after its last log file."""
        now = self._cloud.now()
        self.statuses.of(trail).stopped = now
        last = now + self._cloud.profile.log_files.time + GATHER
        self._cloud.agenda.at(last, partial(self._digests.finish, trail))

    def flush(self) -> None:
        """Write and send what is gathered, without more. What the profile delays stays delayed."""
        self._log_files.flush()
        self._log_events.flush()
