"""A secret's encryption moves from a customer's key to AWS's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_AWS_OWN: Final = "alias/aws/secretsmanager"


@fault(
    "secretsmanager.use-aws-managed-key",
    layer="data",
    attack=("T1685", "T1555.006"),
    atlas=("AML.T0055",),
    owasp_ml=("ML05",),
)
class UseAwsManagedKey(Fault):
    """Encrypt a secret with `aws/secretsmanager`, whose policy lets everyone use it who may read the secret.

    Secrets Manager encrypts the secret's current versions anew (AWS Secrets Manager API Reference,
    UpdateSecret).

    Detected by: CloudTrail UpdateSecret; AWS Config.

    Attributes:
        secret: The secret's name or ARN.
    """

    secret: str

    def changes(self, aws: Reader) -> Changes:
        """Move it; undone by the prior key. A secret without a customer's key is left."""
        where: dict[str, Any] = {"SecretId": self.secret}
        key = Query("secretsmanager", "DescribeSecret", where, "KmsKeyId")
        prior = aws.read(key)
        if not prior or prior.endswith(_AWS_OWN):
            return
        do, undo = (
            Call("secretsmanager", "UpdateSecret", **where, KmsKeyId=each) for each in (_AWS_OWN, prior)
        )
        yield Change(do=do, undo=(undo,), state=key)
