"""A leaked access key is turned into a federation token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Fault, fault
from chaoskit.faults._leaked_key import OUTSIDE, leaked, used
from chaoskit.faults._sessions import POWERLESS

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "sts.federation-token",
    layer="identity",
    attack=("T1098.001", "T1550.001"),
    atlas=("AML.T0012",),
    owasp_ml=("ML05",),
)
class FederationToken(Fault):
    """Create an access key for a user and ask for a federation token with it, from another address.

    Such a session lives on when the key is deactivated, up to 36 hours; this one gets AWS's shortest, 15
    minutes, may ask nothing but who it is, and is dropped at once. It ends by itself: AWS can't revoke it.

    Detected by: CloudTrail CreateAccessKey, GetFederationToken.

    Attributes:
        user: The IAM user whose key leaks. It must have room for one more key (AWS allows two).
        name: The federated user's name.
        source_ip: Where the call comes from; on AWS it is the machine's own address instead.
    """

    user: str
    name: str = "chaoskit-federated"
    source_ip: str = OUTSIDE

    def changes(self, aws: Reader) -> Changes:
        """Create the key, then use it; undone by deleting every key that was not there before."""
        del aws
        key = yield from leaked(self.user)
        yield used(
            key,
            self.source_ip,
            "sts",
            "GetFederationToken",
            Name=self.name,
            Policy=POWERLESS,
            DurationSeconds=900,
        )
