"""A secret's encryption moves from a customer's key to AWS's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.errors import GuardError

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

    The secret is a canary without a value; what watches secrets' keys goes by their settings, so it finds the
    canary as it would any. One with a value is refused: the versions that it has can be decrypted by the key
    before as well as by the new one (AWS Secrets Manager User Guide, "Change the encryption key for an AWS
    Secrets Manager secret"), so AWS's key would go on opening them after the undo, until the value is written
    anew.

    Detected by: CloudTrail UpdateSecret; AWS Config.

    Attributes:
        secret: The canary's name or ARN: a secret under a customer's key that was never given a value.
    """

    secret: str

    def changes(self, aws: Reader) -> Changes:
        """Move it; undone by the prior key. A secret without a customer's key is left.

        Raises:
            GuardError: It has a value, which would stay readable by AWS's key.
        """
        where: dict[str, Any] = {"SecretId": self.secret}
        key = Query("secretsmanager", "DescribeSecret", where, "KmsKeyId")
        prior = aws.read(key)
        if not prior or prior.endswith(_AWS_OWN):
            return
        if aws.read(Query("secretsmanager", "DescribeSecret", where, "VersionIdsToStages")):
            raise GuardError(
                f"{self.secret} has a value, which AWS's key would go on opening once the customer's is "
                "back: name a canary, a secret that was created under the same key and never given a value"
            )
        do, undo = (
            Call("secretsmanager", "UpdateSecret", **where, KmsKeyId=each) for each in (_AWS_OWN, prior)
        )
        yield Change(do=do, undo=(undo,), state=key)
