"""A role's session is used from outside the networks that it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from chaoskit.aws import Call
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._leaked_key import OUTSIDE
from chaoskit.faults._sessions import session

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "sts.exfiltrated-session",
    layer="identity",
    attack=("T1552.005", "T1550.001", "T1526"),
    atlas=("AML.T0012", "AML.T0055"),
    owasp_ml=("ML05",),
)
class ExfiltratedSession(Fault):
    """Use a role's session keys from an address outside its VPC, as who stole them from a notebook would.

    The account's models are listed. On AWS the call comes from the machine's own address, which must not be
    one of the company's.

    Detected by: CloudTrail ListModels, and the AssumeRole before it.

    Attributes:
        role_arn: The role. It must trust the caller, and may list models from inside.
        source_ip: Where the call comes from; on AWS it is the machine's own address instead.
    """

    role_arn: str
    source_ip: str = OUTSIDE

    example: ClassVar = {"role_arn": "arn:aws:iam::444455556666:role/a-role"}

    def changes(self, aws: Reader) -> Changes:
        """Take a session, then use it from elsewhere; it ends by itself in 15 minutes."""
        del aws
        keys = yield from session(self.role_arn, "chaoskit-exfiltrated")
        yield Change(
            do=Call(
                "sagemaker",
                "ListModels",
                signed_by=keys,
                source_ip=self.source_ip,
                MaxResults=10,
            )
        )
