"""AWS's own words for a denial: writing them, and reading them back.

Source: IAM User Guide, "Troubleshoot access denied error messages".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chaoskit.policy.kinds import Kind, Layer

if TYPE_CHECKING:
    from chaoskit.policy.context import Request
    from chaoskit.policy.decision import Decision

_PHRASES: Final = {
    Layer.SCP: "a service control policy",
    Layer.RCP: "a resource control policy",
    Layer.ENDPOINT: "a VPC endpoint policy",
    Layer.RESOURCE: "a resource-based policy",
    Layer.KMS: "a resource-based policy",
    Layer.IDENTITY: "an identity-based policy",
    Layer.BOUNDARY: "a permissions boundary",
    Layer.SESSION: "a session policy",
}
_BPA: Final = "because public access is prevented by the S3 Block Public Access setting"
_TRUST: Final = "role trust policy"

_MESSAGE: Final = re.compile(
    r"(?:User:\s+(?P<principal>\S+)\s+)?is not authorized to perform:\s+(?P<action>[\w-]+:\w+)"
    r"(?:\s+on resource:\s+\"?(?P<resource>[^\s\"]+)\"?)?",
    re.IGNORECASE,
)
_POLICY_TYPE: Final = (
    r"(?P<type>service control policy|resource control policy|vpc endpoint policy|resource-based policy"
    r"|identity-based policy|permissions boundary|sessions? policy|role trust policy)"
)
_EXPLICIT: Final = re.compile(rf"with an explicit deny in (?:an?|the) {_POLICY_TYPE}", re.IGNORECASE)
_THROUGH: Final = re.compile(rf"transitively through (?:an?|the) {_POLICY_TYPE}", re.IGNORECASE)
_IMPLICIT: Final = re.compile(rf"because (?:no|the) {_POLICY_TYPE} allows", re.IGNORECASE)
_BLOCKED: Final = re.compile(
    r"BlockPublicPolicy|BlockPublicAcls|IgnorePublicAcls|RestrictPublicBuckets|Block Public Access",
    re.IGNORECASE,
)
_POLICY_ARN: Final = re.compile(r":\s*(?P<arn>arn:[\w-]+:(?:iam|organizations|sts)::\S+?)[.,;]?\s*$")
_LAYERS: Final = {
    "service control policy": Layer.SCP,
    "resource control policy": Layer.RCP,
    "vpc endpoint policy": Layer.ENDPOINT,
    "resource-based policy": Layer.RESOURCE,
    "identity-based policy": Layer.IDENTITY,
    "permissions boundary": Layer.BOUNDARY,
    "session policy": Layer.SESSION,
    "sessions policy": Layer.SESSION,
    "role trust policy": Layer.RESOURCE,
}


@dataclass(frozen=True, slots=True)
class Denial:
    """What a denial message tells; None for what it leaves out.

    A key policy's denial reads as `resource`: AWS calls it a resource-based policy. `policy` is the ARN that
    newer messages of the same account or organization carry.
    """

    principal: str | None
    action: str | None
    resource: str | None
    layer: Layer | None
    explicit: bool | None
    policy: str | None


def denial_message(request: Request, decision: Decision) -> str:
    """The message with which AWS would refuse this request.

    Raises:
        ValueError: The decision is no denial.
    """
    if decision.kind is None:
        raise ValueError(f"there is no denial message for a decision to {decision.effect}")
    head = f"User: {request.principal or 'anonymous'} is not authorized to perform: {request.action}"
    if request.resource != "*":
        head = f"{head} on resource: {request.resource}"
    layer = decision.layer
    if layer is Layer.BPA:
        return f"{head} {_BPA}"
    if layer is None or layer is Layer.STS:
        return head
    phrase = _PHRASES[layer]
    if Kind.of_resource(request.action, request.resource) is Kind.TRUST and layer is Layer.RESOURCE:
        phrase = f"the {_TRUST}"
    if decision.explicit:
        return f"{head} with an explicit deny in {phrase}"
    return f"{head} because no {phrase.partition(' ')[2]} allows the {request.action} action"


def parse_denial(message: str) -> Denial | None:
    """Read a denial message, from AWS or from here; None when it is none.

    Of a denial "in a VPC endpoint policy transitively through a service control policy" the layer is the
    latter: it is the one that denies.
    """
    found = _MESSAGE.search(message)
    explicit = _THROUGH.search(message) or _EXPLICIT.search(message)
    implicit = None if explicit else _IMPLICIT.search(message)
    reason = explicit or implicit
    blocked = reason is None and _BLOCKED.search(message) is not None
    if found is None and reason is None and not blocked:
        return None
    layer = Layer.BPA if blocked else None
    if reason is not None:
        layer = _LAYERS[reason["type"].lower()]
    policy = _POLICY_ARN.search(message, reason.end()) if reason is not None else None
    return Denial(
        principal=found["principal"] if found else None,
        action=found["action"] if found else None,
        resource=found["resource"] if found else None,
        layer=layer,
        explicit=explicit is not None or blocked if layer is not None else None,
        policy=policy["arn"] if policy else None,
    )


def denial_layer(message: str) -> str | None:
    """The layer that a denial message names, or None when it names none."""
    denial = parse_denial(message)
    return None if denial is None or denial.layer is None else denial.layer.value
