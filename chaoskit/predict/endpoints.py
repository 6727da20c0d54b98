"""The VPC endpoint that a call passes, and those that it may pass.

Source: Amazon VPC User Guide (AWS PrivateLink), "Control access to VPC endpoints using endpoint policies".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Query
from chaoskit.permissions.actions import prefix
from chaoskit.predict.documents import Document, unknown

if TYPE_CHECKING:
    from chaoskit.predict.effects import Effects
    from chaoskit.predict.look import Look

_SHOWN: Final = "VpcEndpoints[].[VpcEndpointId, VpcId, ServiceName, PolicyDocument]"
_PREFIXES: Final = {
    "bedrock-agent": "bedrock",
    "bedrock-agent-runtime": "bedrock",
    "bedrock-runtime": "bedrock",
    "monitoring": "cloudwatch",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A VPC endpoint; `policy` is None for one that lets everything through."""

    id: str
    vpc: str
    service: str
    policy: Document | None


class Endpoints:
    """Reads the VPC endpoints of an account and region."""

    def __init__(self, look: Look) -> None:
        """Nothing is read yet."""
        self._look = look

    def called(self, endpoint_id: str, effects: Effects) -> Endpoint:
        """The endpoint of this id, as earlier changes may have altered it.

        Raises:
            UnreadError: The endpoints can't be read.
        """
        found = next((each for each in self._all() if each.id == endpoint_id), None)
        if found is None:
            return Endpoint(endpoint_id, "", "", None)
        arn = f"arn:aws:ec2:{self._look.region}:{self._look.account}:vpc-endpoint/{endpoint_id}"
        if effects.on([arn]):
            words = f"what a change before does to the policy of {endpoint_id}"
            return Endpoint(found.id, found.vpc, found.service, unknown(words))
        return found

    def that_lead_to(self, service: str) -> list[Endpoint]:
        """The endpoints of a service that have a policy of their own.

        Raises:
            UnreadError: The endpoints can't be read.
        """
        wanted = prefix(service)
        return [each for each in self._all() if each.service == wanted and each.policy is not None]

    def _all(self) -> list[Endpoint]:
        listed = self._look.ask("the VPC endpoints", Query("ec2", "DescribeVpcEndpoints", {}, _SHOWN))
        return [self._endpoint(*each) for each in listed or ()]

    def _endpoint(self, name: str, vpc: str, service: str, policy: Any) -> Endpoint:
        """`com.amazonaws.us-east-1.sagemaker.runtime` leads to what has the IAM prefix `sagemaker`."""
        first = service.partition(f".{self._look.region}.")[2].partition(".")[0]
        return Endpoint(name, vpc, _PREFIXES.get(first, first), Document.of(name, policy) if policy else None)
