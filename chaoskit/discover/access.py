"""Who can do what to the ML resources: asked of IAM itself, which decides and does nothing.

Source: IAM API Reference, `SimulatePrincipalPolicy`. It knows identity policies, boundaries and service
control policies; what a resource's own policy allows besides is not asked here (Access Analyzer tells that).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Query
from chaoskit.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.aws import Reader
    from chaoskit.discover.inventory import Inventory

_ENDPOINT: Final = "aws:SourceVpce"
_AT_ONCE: Final = 50
"""How many resources are asked about in one call."""


@dataclass(frozen=True, slots=True)
class Path:
    """Somebody, and what they can do to what.

    Attributes:
        who: A user's or role's ARN.
        action: The IAM action.
        what: The resource's ARN.
        through: The VPC endpoint that the call must come through; None when any way will do.
    """

    who: str
    action: str
    what: str
    through: str | None = None


def paths(aws: Reader, found: Inventory) -> list[Path]:
    """The paths of every user and every ML role; what can't be asked is noted in the inventory."""
    asked = list(_questions(aws, found))
    who = [*found.users.values(), *(role.arn for role in found.roles if role.is_ml)]
    return [path for principal in who for path in _allowed(aws, principal, asked, found)]


def _questions(aws: Reader, found: Inventory) -> Iterator[tuple[str, list[str]]]:
    region, account = aws.region, aws.account
    yield "states:StartExecution", [machine.arn for machine in found.machines]
    yield "lambda:InvokeFunction", [function.arn for function in found.functions]
    yield "sagemaker:InvokeEndpoint", list(found.endpoints.values())
    yield "s3:GetObject", [f"arn:aws:s3:::{name}/*" for name in found.found.get("bucket", ())]
    yield "secretsmanager:GetSecretValue", list(found.found.get("secret", ()))
    keys = found.found.get("key", ())
    yield "kms:Decrypt", [f"arn:aws:kms:{region}:{account}:key/{key}" for key in keys]


def _allowed(aws: Reader, who: str, asked: list[tuple[str, list[str]]], found: Inventory) -> Iterator[Path]:
    for action, resources in asked:
        left = set(resources)
        for through in (None, *found.found.get("ec2.endpoint", ())):
            for decision in _decided(aws, who, action, sorted(left), through, found):
                if decision.allowed or not decision.by_endpoint:
                    left.discard(decision.resource)
                if decision.allowed:
                    yield Path(who, action, decision.resource, through)


@dataclass(frozen=True, slots=True)
class _Decision:
    resource: str
    allowed: bool
    by_endpoint: bool
    """Whether the endpoint that the call comes through may make another decision of it."""


def _decided(  # noqa: PLR0917 - what a simulation takes
    aws: Reader, who: str, action: str, resources: list[str], through: str | None, found: Inventory
) -> Iterator[_Decision]:
    """What is decided on each resource, for a call that comes through an endpoint or none.

    A policy that asks for the endpoint makes it a missing context value of the resource. Those are told of
    the policies that the principal has, so what the organization denies may hang on the endpoint as well.
    """
    known = {"aws:RequestedRegion": aws.region} | ({_ENDPOINT: through} if through else {})
    context = [
        {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
        for key, value in known.items()
    ]
    for begin in range(0, len(resources), _AT_ONCE):
        some = resources[begin : begin + _AT_ONCE]
        params = {
            "PolicySourceArn": who,
            "ActionNames": [action],
            "ResourceArns": some,
            "ContextEntries": context,
        }
        shape = "[OrganizationsDecisionDetail.AllowedByOrganizations, ResourceSpecificResults]"
        query = Query("iam", "SimulatePrincipalPolicy", params, f"EvaluationResults[].{shape}")
        try:
            results: list[Any] = aws.read(query) or []
        except AwsError as error:
            found.unread.append(str(error))
            return
        for by_organization, each in ((scp, each) for scp, specific in results for each in specific or ()):
            missing = {key.lower() for key in each.get("MissingContextValues", ())}
            yield _Decision(
                each["EvalResourceName"],
                allowed=each["EvalResourceDecision"] == "allowed",
                by_endpoint=through is not None or _ENDPOINT.lower() in missing or by_organization is False,
            )
