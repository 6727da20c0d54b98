"""A user gets a further access key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Fault, fault
from chaoskit.faults._leaked_key import leaked

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "iam.create-access-key",
    layer="identity",
    attack=("T1098.001",),
    atlas=("AML.T0012",),
    owasp_ml=("ML05",),
)
class CreateAccessKey(Fault):
    """Create one more access key of a user, as who wants to outlast the first one's rotation would.

    The new key's secret is dropped at once.

    Detected by: CloudTrail CreateAccessKey.

    Attributes:
        user: The IAM user whose key leaks. It must have room for one more key (AWS allows two).
    """

    user: str

    def changes(self, aws: Reader) -> Changes:
        """Create the key; undone by deleting every key that was not there before."""
        del aws
        yield from leaked(self.user)
