"""Looks whether a role can be borrowed through whom it trusts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe
from chaoskit.probes._sharing import is_own, listed

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("iam.trust-is-tight")
class TrustIsTight(Probe):
    """The role trusts foreign accounts only with an external id, and services only for this account.

    Lambda and EC2 need no condition: they take the role of their own resource's owner only.

    Attributes:
        role: The role's name, without its path.
    """

    role: str

    reads = ("iam:GetRole",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the trust policy, statement by statement."""
        del trace
        select = "Role.AssumeRolePolicyDocument"
        which = {"RoleName": self.role}
        document = aws.read(Query("iam", "GetRole", which, select, parse_json=True))
        found = document["Statement"]
        loose = [
            one for one in (found if isinstance(found, list) else [found]) if _is_loose(one, aws.account)
        ]
        return Observation(
            holds=not loose,
            summary=f"role {self.role} trusts {'others without a condition' if loose else 'whom it should'}",
            evidence={"loose": loose},
        )


def _is_loose(statement: dict[str, Any], account: str) -> bool:
    if statement["Effect"] != "Allow":
        return False
    principal = statement.get("Principal", "*")
    named = listed(principal.get("AWS", [])) if isinstance(principal, dict) else [principal]
    services = listed(principal.get("Service", [])) if isinstance(principal, dict) else []
    keys = {key.lower() for tests in statement.get("Condition", {}).values() for key in tests}
    foreign = any(not is_own(one, account) for one in named)
    asked = set(services) - {"lambda.amazonaws.com", "ec2.amazonaws.com"}
    return (foreign and "sts:externalid" not in keys) or (
        bool(asked) and not keys & {"aws:sourceaccount", "aws:sourcearn"}
    )
