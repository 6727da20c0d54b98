"""A guardrail is left in place, and lets everything through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._guardrails import draft, settings

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_BUSY: Final = ("ConflictException",)
"""While the draft is `UPDATING` or `VERSIONING` (Bedrock API Reference, UpdateGuardrail and GetGuardrail)."""


@fault(
    "bedrock.weaken-guardrail",
    layer="application",
    attack=("T1685",),
    atlas=("AML.T0054", "AML.T0051"),
    owasp_ml=("ML01",),
)
class WeakenGuardrail(Fault):
    """Set all content filters of a Bedrock guardrail to NONE: callers still name it, and nothing is filtered.

    It changes the working draft, as UpdateGuardrail always does.

    Detected by: CloudTrail UpdateGuardrail.

    Attributes:
        guardrail: The guardrail's id or ARN.
    """

    guardrail: str

    def changes(self, aws: Reader) -> Changes:
        """Write the draft with weaker filters; undone by the prior draft. One without filters is left."""
        where: dict[str, Any] = {"guardrailIdentifier": self.guardrail}
        state = draft(self.guardrail)
        prior = settings(aws.read(state))
        content = prior.get("contentPolicyConfig") or {}
        weak = [
            {**one, "inputStrength": "NONE", "outputStrength": "NONE"}
            for one in content.get("filtersConfig") or ()
        ]
        if weak == (content.get("filtersConfig") or []):
            return
        weakened = {**prior, "contentPolicyConfig": {**content, "filtersConfig": weak}}
        yield Change(
            do=Call("bedrock", "UpdateGuardrail", not_yet=_BUSY, **where, **weakened),
            undo=(Call("bedrock", "UpdateGuardrail", not_yet=_BUSY, **where, **prior),),
            state=state,
        )
