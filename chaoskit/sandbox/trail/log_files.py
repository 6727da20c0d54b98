"""Log files: gzip JSON in the trail's bucket, one series for each account and region.

Source: CloudTrail User Guide, "CloudTrail log file examples" and "Getting and viewing your CloudTrail log
files" (a bucket that cannot be written to is tried again for 30 days).
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections import deque
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chaoskit.sandbox.trail.bucket import Bucket
from chaoskit.sandbox.trail.digests import LogFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.mailbox import Mailbox
    from chaoskit.sandbox.trail.bucket import Stream
    from chaoskit.sandbox.trail.digests import Digests
    from chaoskit.sandbox.trail.records import Recorded
    from chaoskit.sandbox.trail.status import Statuses

_log = logging.getLogger(__name__)
GATHER = timedelta(seconds=1)
"""How long events are gathered for one file. AWS's files come about every five minutes."""
_RETRY = timedelta(minutes=5)
_GIVE_UP = timedelta(days=30)
_MOST = 10_000


class LogFiles:
    """Gathers events and writes them, at most ten thousand of each stream at a time."""

    def __init__(self, cloud: Sandbox, statuses: Statuses, digests: Digests, mailbox: Mailbox) -> None:
        self._cloud = cloud
        self._statuses = statuses
        self._digests = digests
        self._mailbox = mailbox
        self._lock = threading.Lock()
        self._gathered: dict[Stream, deque[Recorded]] = {}
        self._held: dict[Stream, datetime] = {}
        self._is_due = False

    def add(self, stream: Stream, event: Recorded, at: datetime) -> None:
        """Put an event into the stream's next file."""
        self._digests.open(stream, at)
        with self._lock:
            self._gathered.setdefault(stream, deque(maxlen=_MOST)).append(event)
            if self._is_due:
                return
            self._is_due = True
        self._cloud.agenda.at(at + GATHER, self._publish_all)

    def flush(self) -> None:
        """Write what is gathered without waiting for more, also to buckets that have refused before."""
        with self._lock:
            self._held.clear()
        self._publish_all(self._cloud.now())

    def _publish_all(self, at: datetime) -> None:
        with self._lock:
            self._is_due = False
            ready = [stream for stream in self._gathered if self._held.get(stream, at) <= at]
            files = [(stream, tuple(self._gathered.pop(stream))) for stream in ready]
        for stream, events in files:
            self._mailbox.post(partial(self._publish, stream, events, at))

    def _publish(self, stream: Stream, events: Sequence[Recorded], at: datetime) -> None:
        bucket = Bucket.of(self._cloud, stream)
        key = bucket.log_file(at)
        content = json.dumps(
            {"Records": [event.record for event in events]}, separators=(",", ":"), default=str
        ).encode()
        status = self._statuses.of(stream.trail).log_files
        try:
            bucket.write(self._cloud, key, content)
        except ClientError as refused:
            status.failed(refused.response["Error"]["Code"])
            self._try_again(stream, events)
            return
        except BotoCoreError as error:
            _log.info("a log file of %s was not delivered: %s", stream.trail.arn, error)
            self._try_again(stream, events)
            return
        status.succeeded(self._cloud.now())
        times = [event.record["eventTime"] for event in events]
        content_hash = hashlib.sha256(content).hexdigest()
        self._digests.note(stream, LogFile(bucket.name, key, content_hash, max(times), min(times)))

    def _try_again(self, stream: Stream, events: Sequence[Recorded]) -> None:
        """Keep the events for the next file, which comes in some minutes."""
        now = self._cloud.now()
        young = [event for event in events if now - event.at < _GIVE_UP]
        with self._lock:
            self._gathered[stream] = deque([*young, *self._gathered.get(stream, ())], maxlen=_MOST)
            self._held[stream] = now + _RETRY
        self._cloud.agenda.at(now + _RETRY, self._publish_all)
