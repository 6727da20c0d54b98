"""Digest files: every hour, a signed list of the log files delivered and their hashes, chained to the last.

Source: CloudTrail User Guide, "CloudTrail digest file structure" and "Custom implementations of CloudTrail
log file integrity validation".
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chaoskit.sandbox.trail.bucket import Bucket
from chaoskit.sandbox.trail.identity import timestamp

if TYPE_CHECKING:
    from datetime import datetime

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.mailbox import Mailbox
    from chaoskit.sandbox.trail.bucket import Stream
    from chaoskit.sandbox.trail.signing_keys import SigningKeys
    from chaoskit.sandbox.trail.status import Statuses

_log = logging.getLogger(__name__)
HOUR = timedelta(hours=1)
ALGORITHM = "SHA256withRSA"
_HASH = "SHA-256"
_NO_SIGNATURE = "null"


@dataclass(frozen=True, slots=True)
class LogFile:
    """A log file as its digest has it."""

    bucket: str
    key: str
    content_hash: str
    newest: str
    oldest: str

    def described(self) -> dict[str, str]:
        """An element of `logFiles`."""
        return {
            "s3Bucket": self.bucket,
            "s3Object": self.key,
            "hashValue": self.content_hash,
            "hashAlgorithm": _HASH,
            "newestEventTime": self.newest,
            "oldestEventTime": self.oldest,
        }


@dataclass(frozen=True, slots=True)
class _Previous:
    """The digest before."""

    bucket: str
    key: str
    content_hash: str
    signature: str


@dataclass(slots=True)
class _Chain:
    """The digests of a stream, from when validation or logging began."""

    start: datetime
    previous: _Previous | None = None
    files: list[LogFile] = field(default_factory=list)


class Digests:
    """Keeps a chain for each stream of a trail with log file validation, and delivers its digests."""

    def __init__(self, cloud: Sandbox, statuses: Statuses, keys: SigningKeys, mailbox: Mailbox) -> None:
        self._cloud = cloud
        self._statuses = statuses
        self._keys = keys
        self._mailbox = mailbox
        self._lock = threading.Lock()
        self._chains: dict[Stream, _Chain] = {}

    def open(self, stream: Stream, at: datetime) -> None:
        """Begin a chain, if the trail's files are to be validated and there is none."""
        if not stream.trail.log_validation:
            return
        with self._lock:
            if stream in self._chains:
                return
            chain = self._chains[stream] = _Chain(at.replace(microsecond=0))
        self._cloud.agenda.at(chain.start + HOUR, partial(self._hour_over, stream, chain))

    def note(self, stream: Stream, file: LogFile) -> None:
        """A log file has been delivered. Call from the mailbox that digests are delivered by."""
        with self._lock:
            chain = self._chains.get(stream)
        if chain is not None:
            chain.files.append(file)

    def finish(self, trail: Any, at: datetime) -> None:
        """Deliver a trail's final digests: it has been stopped or deleted."""
        with self._lock:
            chains = [(stream, chain) for stream, chain in self._chains.items() if stream.trail is trail]
        for stream, chain in chains:
            self._mailbox.post(partial(self._deliver, stream, chain, at, last=True))

    def _hour_over(self, stream: Stream, chain: _Chain, at: datetime) -> None:
        with self._lock:
            if self._chains.get(stream) is not chain:
                return
            if not stream.trail.log_validation:
                del self._chains[stream]
                return
        self._mailbox.post(partial(self._deliver, stream, chain, at))
        self._cloud.agenda.at(at + HOUR, partial(self._hour_over, stream, chain))

    def _deliver(self, stream: Stream, chain: _Chain, at: datetime, *, last: bool = False) -> None:
        with self._lock:
            if self._chains.get(stream) is not chain:
                return
            if last:
                del self._chains[stream]
        end = at.replace(microsecond=0)
        bucket = Bucket.of(self._cloud, stream)
        key = bucket.digest_file(end)
        signing = self._keys.current(stream.region, end)
        content = json.dumps(
            _content(chain, end, bucket, key, signing.fingerprint), separators=(",", ":")
        ).encode()
        content_hash = hashlib.sha256(content).hexdigest()
        signature = signing.sign(
            signing_string(
                timestamp(end),
                f"{bucket.name}/{key}",
                content_hash,
                chain.previous.signature if chain.previous else None,
            )
        )
        metadata = {"signature": signature, "signature-algorithm": ALGORITHM}
        status = self._statuses.of(stream.trail).digests
        try:
            bucket.write(self._cloud, key, content, metadata=metadata)
        except ClientError as refused:
            status.failed(refused.response["Error"]["Code"])
            return
        except BotoCoreError as error:
            _log.info("a digest file of %s was not delivered: %s", stream.trail.arn, error)
            return
        status.succeeded(self._cloud.now())
        chain.previous = _Previous(bucket.name, key, content_hash, signature)
        chain.start, chain.files = end, []


def signing_string(end: str, path: str, content_hash: str, previous: str | None) -> str:
    """What a digest's signature signs; `path` is `BUCKET/KEY`, hash and signature are hexadecimal."""
    return f"{end}\n{path}\n{content_hash}\n{previous or _NO_SIGNATURE}"


def _content(chain: _Chain, end: datetime, bucket: Bucket, key: str, fingerprint: str) -> dict[str, Any]:
    previous = chain.previous
    return {
        "awsAccountId": bucket.stream.account,
        "digestStartTime": timestamp(chain.start),
        "digestEndTime": timestamp(end),
        "digestS3Bucket": bucket.name,
        "digestS3Object": key,
        "digestPublicKeyFingerprint": fingerprint,
        "digestSignatureAlgorithm": ALGORITHM,
        "newestEventTime": max((file.newest for file in chain.files), default=None),
        "oldestEventTime": min((file.oldest for file in chain.files), default=None),
        "previousDigestS3Bucket": previous and previous.bucket,
        "previousDigestS3Object": previous and previous.key,
        "previousDigestHashValue": previous and previous.content_hash,
        "previousDigestHashAlgorithm": previous and _HASH,
        "previousDigestSignature": previous and previous.signature,
        "logFiles": [file.described() for file in chain.files],
    }
