"""Looks whether Block Public Access is on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace

_NONE: Final = ("NoSuchPublicAccessBlockConfiguration",)
_SWITCHES: Final = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


@probe("s3.public-access-blocked")
class PublicAccessBlocked(Probe):
    """All four switches of the bucket's Block Public Access are on.

    Attributes:
        bucket: The bucket's name.
    """

    bucket: str

    reads = ("s3:GetPublicAccessBlock",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the switches."""
        del trace
        select, where = "PublicAccessBlockConfiguration", {"Bucket": self.bucket}
        found = aws.read(Query("s3", "GetPublicAccessBlock", where, select, absent=_NONE)) or {}
        off = [name for name in _SWITCHES if not found.get(name)]
        return Observation(
            holds=not off,
            summary=f"Block Public Access of {self.bucket} "
            + (f"lacks {', '.join(off)}" if off else "is on in full"),
            evidence={"off": off},
        )
