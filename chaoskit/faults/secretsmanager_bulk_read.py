"""Secrets are read one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Call
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "secretsmanager.bulk-read", layer="data", attack=("T1555.006",), atlas=("AML.T0055",), owasp_ml=("ML05",)
)
class BulkRead(Fault):
    """Read secrets one after the other, as an intruder who collects what there is.

    Their values are dropped at once: replies are neither kept nor written anywhere.

    Detected by: CloudTrail GetSecretValue.

    Attributes:
        secrets: The secrets' names or ARNs.
    """

    secrets: tuple[str, ...]

    def changes(self, aws: Reader) -> Changes:
        """Read each; nothing is left behind. The first denial ends it."""
        del aws
        for secret in self.secrets:
            yield Change(do=Call("secretsmanager", "GetSecretValue", SecretId=secret))
