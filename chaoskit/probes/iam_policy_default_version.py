"""Looks which version of a managed policy is in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("iam.policy-default-version")
class PolicyDefaultVersion(Probe):
    """The customer managed policy's default version does not allow every action on every resource.

    Attributes:
        policy: ARN of the policy.
    """

    policy: str

    example: ClassVar = {"policy": "arn:aws:iam::444455556666:policy/a-policy"}
    reads = ("iam:ListPolicyVersions", "iam:GetPolicyVersion")

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the default version."""
        del trace
        which = {"PolicyArn": self.policy}
        default = aws.read(
            Query("iam", "ListPolicyVersions", which, "Versions[?IsDefaultVersion].VersionId | [0]")
        )
        document = aws.read(
            Query(
                "iam",
                "GetPolicyVersion",
                {**which, "VersionId": default},
                "PolicyVersion.Document",
                parse_json=True,
            )
        )
        found = document["Statement"]
        wide = any(_allows_everything(one) for one in (found if isinstance(found, list) else [found]))
        return Observation(
            holds=not wide,
            summary=f"version {default} of {self.policy} allows {'everything' if wide else 'some things'}",
            evidence={"version": default},
        )


def _allows_everything(statement: Mapping[str, Any]) -> bool:
    # An action of wildcards only, such as `*:*`, is every one.
    acts = any(set(action) <= set("*:") for action in _listed(statement.get("Action")))
    return acts and "*" in _listed(statement.get("Resource")) and statement["Effect"] == "Allow"


def _listed(value: list[str] | str | None) -> list[str]:
    return [value] if isinstance(value, str) else value or []
