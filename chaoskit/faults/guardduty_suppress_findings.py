"""GuardDuty is told to archive a type of findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("guardduty.suppress-findings", layer="application", attack=("T1685",))
class SuppressFindings(Fault):
    """Make a suppression rule, so that findings of a type are archived before anyone sees them.

    Detected by: CloudTrail `CreateFilter` of GuardDuty.

    Attributes:
        detector: The detector's id.
        type: The finding type; by default one that no other experiment waits for.
        filter: The suppression rule's name.
    """

    detector: str
    type: str = "Stealth:IAMUser/PasswordPolicyChange"
    filter: str = "chaoskit-known-good"

    def changes(self, aws: Reader) -> Changes:
        """Create the filter; undone by deleting it. One of that name that is there already is not ours."""
        filters = Query("guardduty", "ListFilters", {"DetectorId": self.detector}, "sort(FilterNames)")
        if self.filter in (aws.read(filters) or ()):
            return
        yield Change(
            do=Call(
                "guardduty",
                "CreateFilter",
                DetectorId=self.detector,
                Name=self.filter,
                Action="ARCHIVE",
                FindingCriteria={"Criterion": {"type": {"Equals": [self.type]}}},
            ),
            undo=(
                Call(
                    "guardduty",
                    "DeleteFilter",
                    absent_ok=("BadRequestException",),
                    DetectorId=self.detector,
                    FilterName=self.filter,
                ),
            ),
            state=filters,
        )
