"""A secret is not rotated any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "secretsmanager.cancel-rotation",
    layer="data",
    attack=("T1685", "T1555.006"),
    atlas=("AML.T0055",),
    owasp_ml=("ML05",),
)
class CancelRotation(Fault):
    """Switch off a secret's rotation, so that what was stolen stays valid.

    Detected by: CloudTrail CancelRotateSecret; AWS Config.

    Attributes:
        secret: The secret's name or ARN.
    """

    secret: str

    def changes(self, aws: Reader) -> Changes:
        """Cancel it; undone by the prior function and schedule, without rotating at once."""
        where: dict[str, Any] = {"SecretId": self.secret}
        select = "{on: RotationEnabled, function: RotationLambdaARN, rules: RotationRules}"
        rotation = Query("secretsmanager", "DescribeSecret", where, select)
        prior = aws.read(rotation)
        if not prior["on"]:
            return
        again = {
            "RotationLambdaARN": prior["function"],
            "RotationRules": prior["rules"],
            "RotateImmediately": False,
        }
        yield Change(
            do=Call("secretsmanager", "CancelRotateSecret", **where),
            undo=(
                Call(
                    "secretsmanager",
                    "RotateSecret",
                    **where,
                    **{name: value for name, value in again.items() if value is not None},
                ),
            ),
            state=rotation,
        )
