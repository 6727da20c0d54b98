"""Looks whether a canary object is what it was."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, ClassVar

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("s3.canary-intact")
class CanaryIntact(Probe):
    """The object has the content of the manifest, byte for byte.

    It is the SHA-256 that S3 worked out when the object was stored (Amazon S3 User Guide, "Checking object
    integrity"). An object that was stored without one was not stored by the deployment or a runbook.

    Attributes:
        bucket: The bucket's name.
        key: The canary's key.
        sha256: What it must hash to, in hexadecimal.
    """

    bucket: str
    key: str
    sha256: str

    reads = ("s3:HeadObject",)
    example: ClassVar = {"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Ask S3 for the checksum of what is there now."""
        del trace
        where: dict[str, Any] = {"Bucket": self.bucket, "Key": self.key, "ChecksumMode": "ENABLED"}
        found = aws.read(Query("s3", "HeadObject", where, "ChecksumSHA256", absent=("404", "NoSuchKey")))
        holds = found == base64.b64encode(bytes.fromhex(self.sha256)).decode()
        return Observation(
            holds=holds,
            summary=f"s3://{self.bucket}/{self.key} is "
            + ("what the manifest says" if holds else "not what the manifest says"),
            evidence={"checksum_sha256": found},
        )
