"""Looks whether a guardrail filters as approved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace

_POLICIES: Final = (
    "topicPolicy",
    "contentPolicy",
    "wordPolicy",
    "sensitiveInformationPolicy",
    "contextualGroundingPolicy",
)


@probe("bedrock.guardrail-approved")
class GuardrailApproved(Probe):
    """The guardrail's working draft says the same as its approved version, which nobody can change.

    Attributes:
        guardrail: The guardrail's id or ARN.
        version: The number of the approved version.
    """

    guardrail: str
    version: str = "1"

    reads = ("bedrock:GetGuardrail",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Compare the policies of the two."""
        del trace
        select = f"{{{', '.join(f'{name}: {name}' for name in _POLICIES)}}}"
        where = {"guardrailIdentifier": self.guardrail}
        draft = aws.read(Query("bedrock", "GetGuardrail", where, select))
        approved = aws.read(
            Query("bedrock", "GetGuardrail", {**where, "guardrailVersion": self.version}, select)
        )
        other = [name for name in _POLICIES if draft[name] != approved[name]]
        return Observation(
            holds=not other,
            summary=f"guardrail {self.guardrail} "
            + (f"has another {', '.join(other)} than approved" if other else "filters as approved"),
            evidence={"differs": other, "version": self.version},
        )
