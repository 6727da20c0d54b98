"""Somebody looks at a region that nobody works in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Call
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "sagemaker.look-in-other-region",
    layer="network",
    attack=("T1535", "T1526"),
    atlas=("AML.T0007",),
    owasp_ml=("ML05",),
)
class LookInOtherRegion(Fault):
    """List the models of a region that the account does not work in.

    It is how somebody begins who wants to train at another's cost where no detector is on. Looking stands for
    the rest: a policy that denies a region denies it whatever is called, and this leaves nothing behind.

    Detected by: CloudTrail ListModels (in that region).

    Undetected: rules see the events of their own region, and none is deployed where nobody works.

    Attributes:
        region: The region; the run's own is left alone.
    """

    region: str = "eu-west-2"

    def changes(self, aws: Reader) -> Changes:
        """List them; there is nothing to undo."""
        if self.region != aws.region:
            yield Change(do=Call("sagemaker", "ListModels", region=self.region, MaxResults=10))
