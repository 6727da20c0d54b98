"""A key is switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("kms.disable-key", layer="data", attack=("T1486",), atlas=("AML.T0029",))
class DisableKey(Fault):
    """Switch a key off: whatever it encrypts can't be read until somebody finds out why.

    Detected by: DisableKey.

    Attributes:
        key: The key's id or ARN.
    """

    key: str

    def changes(self, aws: Reader) -> Changes:
        """Disable; undone by enabling. A key that is off already is left alone."""
        state = Query("kms", "DescribeKey", {"KeyId": self.key}, "KeyMetadata.KeyState")
        if aws.read(state) in ("Disabled", "PendingDeletion"):
            return
        yield Change(
            do=Call("kms", "DisableKey", KeyId=self.key),
            undo=(Call("kms", "EnableKey", KeyId=self.key),),
            state=state,
        )
