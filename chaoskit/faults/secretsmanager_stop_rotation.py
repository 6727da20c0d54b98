"""A secret is not rotated any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("secretsmanager.stop-rotation", layer="data", attack=("T1562", "T1555.006"), atlas=("AML.T0055",))
class StopRotation(Fault):
    """Cancel a secret's rotation, so that a password that was stolen stays good.

    Detected by: CancelRotateSecret.

    Attributes:
        secret: The secret's ARN.
    """

    secret: str

    def changes(self, aws: Reader) -> Changes:
        """Cancel; undone by the same function and schedule, without rotating at once."""
        rotation = Query(
            "secretsmanager",
            "DescribeSecret",
            {"SecretId": self.secret},
            "{on: RotationEnabled, function: RotationLambdaARN, rules: RotationRules}",
        )
        prior = aws.read(rotation)
        if not prior["on"]:
            return
        function = {"RotationLambdaARN": prior["function"]} if prior["function"] else {}
        yield Change(
            do=Call("secretsmanager", "CancelRotateSecret", SecretId=self.secret),
            undo=(
                Call(
                    "secretsmanager",
                    "RotateSecret",
                    SecretId=self.secret,
                    RotationRules=prior["rules"],
                    RotateImmediately=False,
                    **function,
                ),
            ),
            state=rotation,
        )
