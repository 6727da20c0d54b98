"""A leaked access key is used to read a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Fault, fault
from chaoskit.faults._leaked_key import OUTSIDE, leaked, used

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "secretsmanager.leaked-key-read",
    layer="identity",
    attack=("T1098.001", "T1078.004", "T1555.006"),
    atlas=("AML.T0012", "AML.T0055"),
    owasp_ml=("ML05",),
)
class LeakedKeySecretRead(Fault):
    """Create an access key for a user and read a secret with it, from another address.

    The secret's value is dropped at once: replies are neither kept nor written anywhere.

    Detected by: CloudTrail CreateAccessKey, GetSecretValue.

    Attributes:
        user: The IAM user whose key leaks. It must have room for one more key (AWS allows two).
        secret: The secret's name or ARN.
        source_ip: Where the call comes from; on AWS it is the machine's own address instead.
    """

    user: str
    secret: str
    source_ip: str = OUTSIDE

    def changes(self, aws: Reader) -> Changes:
        """Create the key, then use it; undone by deleting every key that was not there before."""
        del aws
        key = yield from leaked(self.user)
        yield used(key, self.source_ip, "secretsmanager", "GetSecretValue", SecretId=self.secret)
