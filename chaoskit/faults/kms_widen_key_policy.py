"""A key's policy lets a foreign account decrypt."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._statements import SID, STRANGER, root_of, widened

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("kms.widen-key-policy", layer="data", attack=("T1537", "T1098"), atlas=("AML.T0025",))
class WidenKeyPolicy(Fault):
    """Let an account of one's own decrypt with a key, which makes copied ciphertext worth stealing.

    Detected by: PutKeyPolicy.

    Attributes:
        key: The key's id or ARN.
        account: The foreign account's id.
    """

    key: str
    account: str = STRANGER

    def changes(self, aws: Reader) -> Changes:
        """Put the widened document; undone by the prior text."""
        where = {"KeyId": self.key, "PolicyName": "default"}
        text = Query("kms", "GetKeyPolicy", where, "Policy")
        prior: str = aws.read(text)
        shared = {
            "Sid": SID,
            "Effect": "Allow",
            "Principal": {"AWS": root_of(self.account)},
            "Action": ["kms:Decrypt", "kms:DescribeKey"],
            "Resource": "*",
        }
        yield Change(
            do=Call("kms", "PutKeyPolicy", **where, Policy=widened(prior, shared)),
            undo=(Call("kms", "PutKeyPolicy", **where, Policy=prior),),
            state=replace(text, parse_json=True),
        )
