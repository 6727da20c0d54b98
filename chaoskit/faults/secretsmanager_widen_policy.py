"""A secret's policy lets a foreign account read it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._documents import STRANGER, root_of, widened

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

SID: Final = "ChaoskitShare"


@fault(
    "secretsmanager.widen-policy",
    layer="data",
    attack=("T1555.006", "T1098"),
    atlas=("AML.T0055",),
    owasp_ml=("ML05",),
)
class WidenSecretPolicy(Fault):
    """Add a statement to a secret's policy that lets a foreign account read it.

    Detected by: CloudTrail PutResourcePolicy; IAM Access Analyzer.

    Attributes:
        secret: The secret's name or ARN.
        account: The foreign account's id. On AWS it must exist.
    """

    secret: str
    account: str = STRANGER

    def changes(self, aws: Reader) -> Changes:
        """Put the widened document; undone by the prior text, or by deleting it where none was."""
        where: dict[str, Any] = {"SecretId": self.secret}
        text = Query("secretsmanager", "GetResourcePolicy", where, "ResourcePolicy")
        prior: str | None = aws.read(text)
        shared = {
            "Sid": SID,
            "Effect": "Allow",
            "Principal": {"AWS": root_of(self.account)},
            "Action": "secretsmanager:GetSecretValue",
            "Resource": "*",
        }
        document = widened(prior, shared)
        if document is None:
            return
        put = "PutResourcePolicy"
        yield Change(
            do=Call("secretsmanager", put, **where, ResourcePolicy=document),
            undo=(
                Call("secretsmanager", put, **where, ResourcePolicy=prior)
                if prior
                else Call(
                    "secretsmanager",
                    "DeleteResourcePolicy",
                    absent_ok=("ResourceNotFoundException",),
                    **where,
                ),
            ),
            state=replace(text, parse_json=True),
        )
