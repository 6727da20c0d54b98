"""A secret is not rotated any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.errors import GuardError

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_RULES: Final = (
    "{AutomaticallyAfterDays: !ScheduleExpression && AutomaticallyAfterDays || `null`, "
    "Duration: Duration, ScheduleExpression: ScheduleExpression}"
)
"""A schedule as RotateSecret takes it: in days or as an expression, never both. DescribeSecret tells the days
of an expression too, and reckons them anew after each rotation (AWS Secrets Manager API Reference,
RotationRulesType)."""
# RotateSecret tries the function first, which stages a version AWSPENDING for a while (API Reference,
# RotateSecret); AWS's words for it.
_TRYING: Final = ("InvalidRequestException: A previous rotation isn't complete",)


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
        """Cancel it; undone by the prior function and schedule, without rotating at once.

        Raises:
            GuardError: A rotation is under way, which would be cut in two and could not be put back.
        """
        where: dict[str, Any] = {"SecretId": self.secret}
        select = f"{{on: RotationEnabled, function: RotationLambdaARN, rules: RotationRules.{_RULES}}}"
        rotation = Query("secretsmanager", "DescribeSecret", where, select)
        prior = aws.read(rotation)
        if not prior["on"]:
            return
        # As RotateSecret tells it (API Reference): AWSPENDING stands alone while a rotation is under way.
        stages = aws.read(Query("secretsmanager", "DescribeSecret", where, "VersionIdsToStages")) or {}
        for version, labels in stages.items():
            if "AWSPENDING" in labels and "AWSCURRENT" not in labels:
                raise GuardError(
                    f"{self.secret} is being rotated: version {version} is AWSPENDING, and cancelling now "
                    "would leave it halfway. Wait until it has been rotated; if a rotation has failed, take "
                    "the label from that version (aws secretsmanager update-secret-version-stage)"
                )
        again: dict[str, Any] = {
            "RotationLambdaARN": prior["function"],
            "RotationRules": {name: value for name, value in (prior["rules"] or {}).items() if value},
        }
        yield Change(
            do=Call("secretsmanager", "CancelRotateSecret", **where),
            undo=(
                Call(
                    "secretsmanager",
                    "RotateSecret",
                    not_yet=_TRYING,
                    RotateImmediately=False,
                    **where,
                    **{name: value for name, value in again.items() if value},
                ),
            ),
            state=rotation,
        )
