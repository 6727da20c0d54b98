"""Looks whether a secret is read by its own account only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Probe, probe
from chaoskit.probes._sharing import shared, strangers

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Observation, Trace


@probe("secretsmanager.secret-not-shared")
class SecretNotShared(Probe):
    """No statement of the secret's policy allows anything to another account, or to everyone.

    Attributes:
        secret: The secret's name or ARN.
    """

    secret: str

    reads = ("secretsmanager:GetResourcePolicy",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the policy; a secret without one is not shared."""
        del trace
        where = {"SecretId": self.secret}
        policy = aws.read(Query("secretsmanager", "GetResourcePolicy", where, "ResourcePolicy"))
        return shared(f"secret {self.secret}", strangers(policy, aws.account), aws)
