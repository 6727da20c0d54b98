"""A guardrail is to be deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from chaoskit.contract import Fault, fault
from chaoskit.faults._sessions import harmless

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "bedrock.delete-guardrail",
    layer="application",
    attack=("T1685", "T1485"),
    atlas=("AML.T0054", "AML.T0051"),
    owasp_ml=("ML01",),
)
class DeleteGuardrail(Fault):
    """Ask to delete a Bedrock guardrail: what names it then fails, until somebody takes the name out.

    A guardrail that is made again has another id, so the call is never let through: see `harmless`.

    Detected by: CloudTrail DeleteGuardrail (denied).

    Attributes:
        role_arn: A role that the run may assume, which need not be allowed anything.
        guardrail: The guardrail's id or ARN.
    """

    role_arn: str
    guardrail: str

    example: ClassVar = {"role_arn": "arn:aws:iam::444455556666:role/a-role"}

    def changes(self, aws: Reader) -> Changes:
        """Ask in a session that is limited to nothing: it is refused with or without a guardrail."""
        del aws
        yield from harmless(self.role_arn, "bedrock", "DeleteGuardrail", guardrailIdentifier=self.guardrail)
