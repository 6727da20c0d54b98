"""A leaked access key is used to look which models there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Fault, fault
from chaoskit.faults._leaked_key import OUTSIDE, leaked, used

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "sagemaker.leaked-key-discovery",
    layer="identity",
    attack=("T1098.001", "T1078.004", "T1526"),
    atlas=("AML.T0012", "AML.T0007"),
    owasp_ml=("ML05",),
)
class LeakedKeyDiscovery(Fault):
    """Create an access key for a user and list the account's models with it, from another address.

    It is what an intruder does first: which models are there to steal, and where do they serve?

    Detected by: CloudTrail CreateAccessKey, ListModels.

    Attributes:
        user: The IAM user whose key leaks. It must have room for one more key (AWS allows two).
        source_ip: Where the call comes from; on AWS it is the machine's own address instead.
    """

    user: str
    source_ip: str = OUTSIDE

    def changes(self, aws: Reader) -> Changes:
        """Create the key, then use it; undone by deleting every key that was not there before."""
        del aws
        key = yield from leaked(self.user)
        yield used(key, self.source_ip, "sagemaker", "ListModels", MaxResults=10)
