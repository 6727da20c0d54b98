"""The key pairs that sign digest files, one at a time in each region, and `ListPublicKeys`.

Source: CloudTrail User Guide, "Custom implementations of CloudTrail log file integrity validation"; its
sample keys are good for 30 days each. What a fingerprint is made of is not documented.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from chaoskit.sandbox.wire import ApiCall, Cloud

_VALID = timedelta(days=30)
_BITS = 2048


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair.

    Attributes:
        value: The public key, DER in PKCS #1 format.
        fingerprint: By which a digest names it.
    """

    private: RSAPrivateKey
    value: bytes
    fingerprint: str
    start: datetime
    end: datetime

    @classmethod
    def made(cls, start: datetime) -> SigningKey:
        """A new one, good from `start`."""
        private = generate_private_key(65537, _BITS)
        value = private.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
        fingerprint = hashlib.md5(value, usedforsecurity=False).hexdigest()
        return cls(private, value, fingerprint, start, start + _VALID)

    def sign(self, text: str) -> str:
        """The signature of a text, SHA256withRSA, in hexadecimal."""
        return self.private.sign(text.encode(), PKCS1v15(), SHA256()).hex()


class SigningKeys:
    """Makes a region's next key when the last has ended."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._lock = threading.Lock()
        self._keys: dict[str, list[SigningKey]] = {}

    def current(self, region: str, at: datetime) -> SigningKey:
        """The key that signs in a region at a time."""
        with self._lock:
            keys = self._keys.setdefault(region, [])
            found = next((key for key in keys if key.start <= at < key.end), None)
            if found is None:
                found = SigningKey.made(at.replace(microsecond=0))
                keys.append(found)
            return found

    def list_public_keys(self, call: ApiCall) -> Mapping[str, Any]:
        """`ListPublicKeys`: those whose validity touches the time range; the current one by default.

        Raises:
            ApiError: `InvalidTimeRangeException`.
        """
        now = self._cloud.now()
        start, end = (_aware(call.params.get(name)) or now for name in ("StartTime", "EndTime"))
        if start > end:
            raise ApiError("InvalidTimeRangeException", "The StartTime must be before the EndTime.")
        if start <= now <= end:
            self.current(call.region, now)
        with self._lock:
            touched = [
                key for key in self._keys.get(call.region, ()) if key.start <= end and start <= key.end
            ]
        return {
            "PublicKeyList": [
                {
                    "Value": key.value,
                    "ValidityStartTime": key.start,
                    "ValidityEndTime": key.end,
                    "Fingerprint": key.fingerprint,
                }
                for key in touched
            ]
        }


def _aware(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at
