"""Looks whether Cloudsplaining flags what a role may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe
from chaoskit.probes._tools import judged

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Trace

Risk = Literal[
    "PrivilegeEscalation",
    "DataExfiltration",
    "ResourceExposure",
    "CredentialsExposure",
    "ServiceWildcard",
    "InfrastructureModification",
]
_GONE = ("NoSuchEntity",)
_INSTALL = "Cloudsplaining is not installed: pip install 'chaoskit[cloudsplaining]'"


@probe("cloudsplaining.flagged")
class CloudsplainingFlagged(Probe):
    """Cloudsplaining finds the risk in the policies of the role.

    Its library reads the role's inline and attached policies, as its report does. It does not know what
    SCPs, boundaries or resource policies leave of them.

    Attributes:
        role: The role's name, without its path.
        risk: Which of its findings.
    """

    role: str
    risk: Risk

    reads = (
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
        "iam:GetRolePolicy",
        "iam:ListAttachedRolePolicies",
        "iam:ListRolePolicies",
    )

    def ready(self, aws: Reader) -> Observation:
        """Cloudsplaining is installed."""
        del aws
        installed = _scanner() is not None
        return Observation(holds=installed, summary="Cloudsplaining is installed" if installed else _INSTALL)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the role's policies and have them scanned."""
        scan = _scanner()
        policies = dict(self._policies(aws))
        if scan is None:
            return Observation(holds=None, summary=_INSTALL)
        flagged = {
            name: found[:5]
            for name, document in policies.items()
            if (found := _flagged(scan(document), self.risk))
        }
        evidence = {"role": self.role, "risk": self.risk, "policies": flagged} if flagged else None
        return judged("Cloudsplaining", self.role, evidence, trace, ("for", self.risk))

    def _policies(self, aws: Reader) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The role's policies by name or ARN; what is gone meanwhile is left out."""
        who = {"RoleName": self.role}
        for name in aws.read(Query("iam", "ListRolePolicies", who, "PolicyNames", _GONE)) or ():
            asked = {**who, "PolicyName": name}
            if document := aws.read(
                Query("iam", "GetRolePolicy", asked, "PolicyDocument", _GONE, parse_json=True)
            ):
                yield name, document
        attached = Query("iam", "ListAttachedRolePolicies", who, "AttachedPolicies[].PolicyArn", _GONE)
        for arn in aws.read(attached) or ():
            version = aws.read(
                Query("iam", "GetPolicy", {"PolicyArn": arn}, "Policy.DefaultVersionId", _GONE)
            )
            asked = {"PolicyArn": arn, "VersionId": version}
            document = version and aws.read(
                Query("iam", "GetPolicyVersion", asked, "PolicyVersion.Document", _GONE, parse_json=True)
            )
            if document:
                yield arn, document


def _scanner() -> Any:
    """Cloudsplaining's reader of one policy document, or None without the extra."""
    try:
        from cloudsplaining.scan.policy_document import PolicyDocument  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError:
        return None
    return PolicyDocument


def _flagged(scanned: Any, risk: Risk) -> list[Any]:
    """What is flagged, in Cloudsplaining's words: actions, services, or ways to escalate."""
    match risk:
        case "PrivilegeEscalation":
            return [one["type"] for one in scanned.allows_privilege_escalation]
        case "DataExfiltration":
            return list(scanned.allows_data_exfiltration_actions)
        case "ResourceExposure":
            return list(scanned.permissions_management_without_constraints)
        case "CredentialsExposure":
            return list(scanned.credentials_exposure)
        case "ServiceWildcard":
            return list(scanned.service_wildcard)
        case _:
            return list(scanned.infrastructure_modification)
