"""Security Hub checks a standard no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.errors import GuardError

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_ALL: Final = "StandardsSubscriptions"
_PAIR: Final = "join(' ', [StandardsSubscriptionArn, StandardsArn])"
_BUSY: Final = ("InvalidInputException: StandardsSubscription(s) in state",)
"""Security Hub's words while a standard is still being disabled (or enabled)."""
_SETTLES_S: Final = 600.0
"""Its AWS Config rules are deleted meanwhile, within a few minutes as a rule (AWS Security Hub User Guide,
"Disabling a security standard")."""


@fault("securityhub.disable-standard", layer="application", attack=("T1685",))
class DisableStandard(Fault):
    """Disable one of Security Hub's standards: its controls are checked no more, and their findings age away.

    Enabling it again brings back the subscription, not at once its findings (Security Hub User Guide,
    "Disabling a security standard"), and all of its controls (same guide, "Enabling and disabling security
    standards"): a standard of which the team has disabled some is refused.

    Detected by: CloudTrail `BatchDisableStandards`.

    Attributes:
        subscription: ARN of the standard's subscription.
    """

    subscription: str

    def changes(self, aws: Reader) -> Changes:
        """Disable; undone by enabling the same standard. One that is off already is not ours to enable.

        Raises:
            GuardError: It could not be put back as it is.
        """
        # What is being disabled is listed still (Security Hub API Reference, StandardsSubscription).
        on = f"{_ALL}[?StandardsStatus != 'DELETING']"
        enabled = Query("securityhub", "GetEnabledStandards", {}, f"sort({on}.{_PAIR})")
        ours = f"{on} | [?StandardsSubscriptionArn == '{self.subscription}'] | [0]"
        found = aws.read(Query("securityhub", "GetEnabledStandards", {}, ours))
        if found is None:
            return
        self._check(aws, found)
        request: dict[str, Any] = {"StandardsArn": found["StandardsArn"]}
        if found.get("StandardsInput"):
            request["StandardsInput"] = found["StandardsInput"]
        yield Change(
            do=Call("securityhub", "BatchDisableStandards", StandardsSubscriptionArns=[self.subscription]),
            undo=(
                Call(
                    "securityhub",
                    "BatchEnableStandards",
                    not_yet=_BUSY,
                    settles=_SETTLES_S,
                    StandardsSubscriptionRequests=[request],
                ),
            ),
            state=enabled,
        )

    def _check(self, aws: Reader, found: dict[str, Any]) -> None:
        """Refuse a standard whose controls can't be told, or would not all be as they are."""
        # Until then no controls are listed (Security Hub API Reference, DescribeStandardsControls).
        untold = found.get("StandardsControlsUpdatable") == "NOT_READY_FOR_UPDATES"
        if untold or found["StandardsStatus"] == "PENDING":
            raise GuardError(
                f"{self.subscription} is still being enabled, so its controls can't be told: wait until its "
                "StandardsStatus is READY (aws securityhub get-enabled-standards)"
            )
        where = {"StandardsSubscriptionArn": self.subscription}
        off = "Controls[?ControlStatus == 'DISABLED'].ControlId"
        disabled = aws.read(Query("securityhub", "DescribeStandardsControls", where, off)) or []
        if disabled:
            raise GuardError(
                f"{self.subscription} has disabled controls ({', '.join(disabled)}), which would come back "
                "enabled: name another standard, or enable them"
            )
