"""A secret is shared with a foreign account."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._statements import SID, STRANGER, root_of, widened

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("secretsmanager.share-secret", layer="data", attack=("T1555.006", "T1098"), atlas=("AML.T0055",))
class ShareSecret(Fault):
    """Let an account of one's own read a secret by its resource policy.

    Detected by: PutResourcePolicy.

    Attributes:
        secret: The secret's ARN.
        account: The foreign account's id.
    """

    secret: str
    account: str = STRANGER

    def changes(self, aws: Reader) -> Changes:
        """Put the widened document; undone by the prior text, or by deleting it where none was."""
        text = Query("secretsmanager", "GetResourcePolicy", {"SecretId": self.secret}, "ResourcePolicy")
        prior: str | None = aws.read(text)
        shared = {
            "Sid": SID,
            "Effect": "Allow",
            "Principal": {"AWS": root_of(self.account)},
            "Action": "secretsmanager:GetSecretValue",
            "Resource": "*",
        }
        put_back = (
            Call("secretsmanager", "PutResourcePolicy", SecretId=self.secret, ResourcePolicy=prior)
            if prior
            else Call(
                "secretsmanager",
                "DeleteResourcePolicy",
                absent_ok=("ResourceNotFoundException",),
                SecretId=self.secret,
            )
        )
        yield Change(
            do=Call(
                "secretsmanager",
                "PutResourcePolicy",
                SecretId=self.secret,
                ResourcePolicy=widened(prior, shared),
            ),
            undo=(put_back,),
            state=replace(text, parse_json=True),
        )
