"""Somebody rewrites a service control policy of the account."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar, Final

from chaoskit.contract import Fault, fault
from chaoskit.faults._sessions import harmless

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_ANYTHING: Final = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)


@fault("organizations.weaken-guardrail", layer="identity", attack=("T1685", "T1666"), owasp_ml=("ML05",))
class WeakenGuardrail(Fault):
    """Ask to rewrite a service control policy from within the account so that it denies nothing.

    The call is never let through: see `harmless`.

    Detected by: CloudTrail UpdatePolicy (denied).

    Attributes:
        role_arn: A role that the run may assume, which need not be allowed anything.
        policy: The policy's id.
    """

    role_arn: str
    policy: str = "p-chaoskit"

    example: ClassVar = {"role_arn": "arn:aws:iam::444455556666:role/a-role"}

    def changes(self, aws: Reader) -> Changes:
        """Ask in a session that is limited to nothing: it is refused with or without a guardrail."""
        del aws
        yield from harmless(
            self.role_arn, "organizations", "UpdatePolicy", PolicyId=self.policy, Content=_ANYTHING
        )
