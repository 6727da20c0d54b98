"""Looks whether a user has a usable access key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("iam.no-active-access-key")
class NoActiveAccessKey(Probe):
    """The IAM user has no access key that is Active.

    Attributes:
        user: The user's name.
    """

    user: str

    reads = ("iam:ListAccessKeys",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """List the user's keys with their status."""
        del trace
        keys = aws.read(
            Query(
                "iam",
                "ListAccessKeys",
                {"UserName": self.user},
                "AccessKeyMetadata[].{key: AccessKeyId, status: Status}",
            )
        )
        active = [key["key"] for key in keys if key["status"] == "Active"]
        return Observation(
            holds=not active,
            summary=f"user {self.user} has {len(active) or 'no'} active access key{'s' * (len(active) != 1)}",
            evidence={"keys": keys},
        )
