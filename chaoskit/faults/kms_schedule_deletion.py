"""A key is about to be deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("kms.schedule-deletion", layer="data", attack=("T1485",), atlas=("AML.T0029",))
class ScheduleDeletion(Fault):
    """Schedule a key's deletion, which makes all data under it unreadable at once and for good in the end.

    Detected by: ScheduleKeyDeletion.

    Attributes:
        key: The key's id or ARN.
        days: After how many days AWS deletes it; the longest is the safest.
    """

    key: str
    days: int = 30

    def changes(self, aws: Reader) -> Changes:
        """Schedule; undone by cancelling, which leaves the key disabled, and enabling it if it was."""
        state = Query("kms", "DescribeKey", {"KeyId": self.key}, "KeyMetadata.KeyState")
        prior = aws.read(state)
        if prior == "PendingDeletion":
            return
        cancel = Call("kms", "CancelKeyDeletion", absent_ok=("KMSInvalidStateException",), KeyId=self.key)
        enable = () if prior == "Disabled" else (Call("kms", "EnableKey", KeyId=self.key),)
        yield Change(
            do=Call("kms", "ScheduleKeyDeletion", KeyId=self.key, PendingWindowInDays=self.days),
            undo=(cancel, *enable),
            state=state,
        )
