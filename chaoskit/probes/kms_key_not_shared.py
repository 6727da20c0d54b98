"""Looks whether a key is used by its own account only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Query
from chaoskit.contract import Probe, probe
from chaoskit.probes._sharing import is_own, shared, strangers

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Observation, Trace


@probe("kms.key-not-shared")
class KeyNotShared(Probe):
    """Neither the key's policy nor a grant lets another account, or everyone, use it.

    Grants to AWS services are the account's own use.

    Attributes:
        key: The key's id or ARN.
    """

    key: str

    reads = ("kms:GetKeyPolicy", "kms:ListGrants")

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the policy and the grants."""
        del trace
        where: dict[str, Any] = {"KeyId": self.key}
        policy = aws.read(Query("kms", "GetKeyPolicy", {**where, "PolicyName": "default"}, "Policy"))
        grantees = aws.read(Query("kms", "ListGrants", where, "Grants[].GranteePrincipal")) or []
        granted = [
            name for name in grantees if not name.endswith(".amazonaws.com") and not is_own(name, aws.account)
        ]
        return shared(f"key {self.key}", sorted({*strangers(policy, aws.account), *granted}), aws)
