"""Security Hub checks a standard no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_ALL: Final = "StandardsSubscriptions"
_PAIR: Final = "join(' ', [StandardsSubscriptionArn, StandardsArn])"


@fault("securityhub.disable-standard", layer="application", attack=("T1685",))
class DisableStandard(Fault):
    """Disable one of Security Hub's standards: its controls are checked no more, and their findings age away.

    Enabling it again brings back the subscription, not at once its findings (Security Hub User Guide,
    "Disabling a security standard").

    Detected by: CloudTrail `BatchDisableStandards`.

    Attributes:
        subscription: ARN of the standard's subscription.
    """

    subscription: str

    def changes(self, aws: Reader) -> Changes:
        """Disable; undone by enabling the same standard. One that is off already is not ours to enable."""
        enabled = Query("securityhub", "GetEnabledStandards", {}, f"sort({_ALL}[].{_PAIR})")
        found = aws.read(
            Query(
                "securityhub",
                "GetEnabledStandards",
                {},
                f"{_ALL}[?StandardsSubscriptionArn == '{self.subscription}'].StandardsArn | [0]",
            )
        )
        if found is None:
            return
        yield Change(
            do=Call("securityhub", "BatchDisableStandards", StandardsSubscriptionArns=[self.subscription]),
            undo=(
                Call(
                    "securityhub",
                    "BatchEnableStandards",
                    StandardsSubscriptionRequests=[{"StandardsArn": found}],
                ),
            ),
            state=enabled,
        )
