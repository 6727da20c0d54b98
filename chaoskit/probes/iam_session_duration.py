"""Looks how long a role's sessions may last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("iam.session-duration")
class SessionDuration(Probe):
    """The role's sessions last no longer than a working day.

    Attributes:
        role: The role's name, without its path.
        seconds: The longest that they may last.
    """

    role: str
    seconds: int = 28_800

    reads = ("iam:GetRole",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the maximum."""
        del trace
        longest = aws.read(Query("iam", "GetRole", {"RoleName": self.role}, "Role.MaxSessionDuration"))
        return Observation(
            holds=longest <= self.seconds,
            summary=f"sessions of role {self.role} last up to {longest} s",
            evidence={"max_session_duration": longest},
        )
