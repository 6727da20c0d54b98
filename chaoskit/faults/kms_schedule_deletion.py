"""A key is about to be deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_LONGEST_DAYS = 30


@fault("kms.schedule-deletion", layer="data", attack=("T1485", "T1490"), atlas=("AML.T0029",))
class ScheduleDeletion(Fault):
    """Schedule a key's deletion, the end of all data under it; until then it can be cancelled.

    The waiting period is the longest that KMS takes, 30 days, so that nobody loses a key to a test. A key
    whose deletion was cancelled is disabled (AWS KMS API Reference, "CancelKeyDeletion"), so it is enabled.

    Detected by: CloudTrail ScheduleKeyDeletion.

    Attributes:
        key: The key's id or ARN. Choose one that the workload's next minutes don't depend on.
    """

    key: str

    def changes(self, aws: Reader) -> Changes:
        """Schedule it; undone by cancelling and enabling. A key that can't be used is left alone."""
        where: dict[str, Any] = {"KeyId": self.key}
        # Whether it is enabled, not its state: between the two steps of the undo that is a third one.
        enabled = Query("kms", "DescribeKey", where, "KeyMetadata.Enabled")
        if not aws.read(enabled):
            return
        yield Change(
            do=Call("kms", "ScheduleKeyDeletion", **where, PendingWindowInDays=_LONGEST_DAYS),
            undo=(
                # It says that the key is not pending deletion.
                Call("kms", "CancelKeyDeletion", absent_ok=("KMSInvalidStateException",), **where),
                Call("kms", "EnableKey", **where),
            ),
            state=enabled,
        )
