"""A key's policy lets a foreign account use it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._documents import STRANGER, root_of, widened

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

SID: Final = "ChaoskitShare"


@fault(
    "kms.widen-key-policy", layer="data", attack=("T1537", "T1098"), atlas=("AML.T0025",), owasp_ml=("ML03",)
)
class WidenKeyPolicy(Fault):
    """Add a statement to a key's policy that lets a foreign account decrypt with it.

    Detected by: CloudTrail PutKeyPolicy; IAM Access Analyzer.

    Attributes:
        key: The key's id or ARN.
        account: The foreign account's id. On AWS it must exist.
    """

    key: str
    account: str = STRANGER

    def changes(self, aws: Reader) -> Changes:
        """Put the widened document; undone by the prior text."""
        where: dict[str, Any] = {"KeyId": self.key, "PolicyName": "default"}
        text = Query("kms", "GetKeyPolicy", where, "Policy")
        prior: str = aws.read(text)
        shared = {
            "Sid": SID,
            "Effect": "Allow",
            "Principal": {"AWS": root_of(self.account)},
            "Action": ["kms:Decrypt", "kms:DescribeKey"],
            "Resource": "*",
        }
        document = widened(prior, shared)
        if document is None:
            return
        do, undo = (Call("kms", "PutKeyPolicy", **where, Policy=policy) for policy in (document, prior))
        yield Change(do=do, undo=(undo,), state=replace(text, parse_json=True))
