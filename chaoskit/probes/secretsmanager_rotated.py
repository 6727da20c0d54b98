"""Looks whether a secret is rotated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("secretsmanager.rotated")
class Rotated(Probe):
    """Rotation of the secret is on.

    Attributes:
        secret: The secret's name or ARN.
    """

    secret: str

    reads = ("secretsmanager:DescribeSecret",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read how it rotates; never its value."""
        del trace
        select = "{on: RotationEnabled, rules: RotationRules}"
        found = aws.read(Query("secretsmanager", "DescribeSecret", {"SecretId": self.secret}, select))
        return Observation(
            holds=bool(found["on"]),
            summary=f"secret {self.secret} is {'' if found['on'] else 'not '}rotated",
            evidence={"rotation": found},
        )
