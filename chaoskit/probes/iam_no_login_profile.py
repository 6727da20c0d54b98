"""Looks whether a user is without a console password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("iam.no-login-profile")
class NoLoginProfile(Probe):
    """The user has no console password.

    Attributes:
        user: The user's name.
    """

    user: str

    reads = ("iam:GetLoginProfile",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Ask for the login profile."""
        del trace
        which = {"UserName": self.user}
        made = aws.read(Query("iam", "GetLoginProfile", which, "LoginProfile.UserName", ("NoSuchEntity",)))
        return Observation(
            holds=made is None,
            summary=f"user {self.user} has {'no' if made is None else 'a'} console password",
            evidence={"login_profile": made is not None},
        )
