"""A key is switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("kms.disable-key", layer="data", attack=("T1485", "T1486"), atlas=("AML.T0029",))
class DisableKey(Fault):
    """Disable a key: whatever is encrypted with it can't be read until it is enabled again.

    Detected by: CloudTrail DisableKey.

    Attributes:
        key: The key's id or ARN. Choose one that the workload's next minutes don't depend on.
    """

    key: str

    def changes(self, aws: Reader) -> Changes:
        """Disable it; undone by enabling it. Disabled already, it is not ours to enable."""
        where: dict[str, Any] = {"KeyId": self.key}
        enabled = Query("kms", "DescribeKey", where, "KeyMetadata.Enabled")
        if not aws.read(enabled):
            return
        yield Change(
            do=Call("kms", "DisableKey", **where), undo=(Call("kms", "EnableKey", **where),), state=enabled
        )
