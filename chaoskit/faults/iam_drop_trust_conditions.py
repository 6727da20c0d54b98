"""A role's trust policy loses the conditions that keep others from borrowing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.contract import Fault, fault
from chaoskit.faults._identities import new_trust, statements_of, trust_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("iam.drop-trust-conditions", layer="identity", attack=("T1098.003", "T1199"), owasp_ml=("ML05",))
class DropTrustConditions(Fault):
    """Drop the conditions of a trust policy that make a service or partner act for this account only.

    Without them whoever can make the trusted party act borrows the role: the confused deputy (IAM User Guide,
    "The confused deputy problem").

    Detected by: CloudTrail UpdateAssumeRolePolicy.

    Attributes:
        role: The role's name, without its path.
        keys: The condition keys to drop.
    """

    role: str
    keys: tuple[str, ...] = ("aws:SourceArn", "aws:SourceAccount", "sts:ExternalId")

    def changes(self, aws: Reader) -> Changes:
        """Put the document without them; undone by the prior one. Without any there is nothing to drop."""
        prior = aws.read(trust_of(self.role))
        statements = statements_of(prior)
        bare = [self._bare(statement) for statement in statements]
        if bare != statements:
            yield new_trust(self.role, prior, bare)

    def _bare(self, statement: Mapping[str, Any]) -> Mapping[str, Any]:
        dropped = {key.lower() for key in self.keys}
        kept: dict[str, Any] = {
            operator: {key: value for key, value in tests.items() if key.lower() not in dropped}
            for operator, tests in statement.get("Condition", {}).items()
        }
        kept = {operator: tests for operator, tests in kept.items() if tests}
        rest = {key: value for key, value in statement.items() if key != "Condition"}
        return {**rest, "Condition": kept} if kept else rest
