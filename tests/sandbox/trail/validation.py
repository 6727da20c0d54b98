"""Validates a trail's files as `aws cloudtrail validate-logs` does.

Written from the CloudTrail User Guide, "Custom implementations of CloudTrail log file integrity validation",
with nothing of the sandbox's own.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

if TYPE_CHECKING:
    from datetime import datetime

# SubjectPublicKeyInfo of a 2048-bit RSA key, up to the PKCS #1 key itself.
_RSA_2048 = bytes.fromhex("30820122300d06092a864886f70d01010105000382010f00")


@dataclass(slots=True)
class Findings:
    """What a validation found; problems are told as `what: key`."""

    digests: list[str] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    gaps: int = 0


class Validation:
    """Follows the chain from the newest digest back."""

    def __init__(self, s3: Any, cloudtrail: Any, bucket: str, start: datetime, end: datetime) -> None:
        self._s3 = s3
        self._bucket = bucket
        keys = cloudtrail.list_public_keys(StartTime=start, EndTime=end)["PublicKeyList"]
        self._keys = {key["Fingerprint"]: key["Value"] for key in keys}
        self.found = Findings()

    def run(self, folder: str) -> Findings:
        """Validate all under a folder `.../CloudTrail-Digest/REGION/`."""
        listed = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=folder).get("Contents", ())
        waiting = sorted((one["Key"] for one in listed), key=lambda key: key[-24:-8])
        key = waiting.pop() if waiting else None
        while key:
            following = self._digest(key)
            if following is None:
                while waiting and waiting[-1][-24:-8] >= key[-24:-8]:
                    waiting.pop()
                self.found.gaps += bool(waiting)
                following = waiting.pop() if waiting else None
            key = following
        return self.found

    def _digest(self, key: str) -> str | None:
        """Validate a digest and its log files; the key of the one before it."""
        try:
            held = self._s3.get_object(Bucket=self._bucket, Key=key)
        except ClientError:
            self.found.problems.append(f"missing digest: {key}")
            return None
        content = gzip.decompress(held["Body"].read())
        digest = json.loads(content)
        if (digest["digestS3Bucket"], digest["digestS3Object"]) != (self._bucket, key):
            self.found.problems.append(f"moved digest: {key}")
            return None
        signed = "\n".join(
            (
                digest["digestEndTime"],
                f"{self._bucket}/{key}",
                hashlib.sha256(content).hexdigest(),
                digest["previousDigestSignature"] or "null",
            )
        )
        public = load_der_public_key(_RSA_2048 + self._keys[digest["digestPublicKeyFingerprint"]])
        assert isinstance(public, RSAPublicKey)
        try:
            signature = bytes.fromhex(held["Metadata"]["signature"])
            public.verify(signature, signed.encode(), PKCS1v15(), SHA256())
        except InvalidSignature:
            self.found.problems.append(f"forged digest: {key}")
            return None
        self.found.digests.append(key)
        for log in digest["logFiles"]:
            self._log(log)
        previous: str | None = digest["previousDigestS3Object"]
        return previous

    def _log(self, log: dict[str, str]) -> None:
        key = log["s3Object"]
        try:
            body = self._s3.get_object(Bucket=log["s3Bucket"], Key=key)["Body"].read()
        except ClientError:
            self.found.problems.append(f"missing log: {key}")
            return
        if hashlib.sha256(gzip.decompress(body)).hexdigest() == log["hashValue"]:
            self.found.logs.append(key)
        else:
            self.found.problems.append(f"changed log: {key}")
