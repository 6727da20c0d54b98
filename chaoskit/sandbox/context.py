"""The global condition keys of a request; those of each service are in `chaoskit.permissions`.

Source: IAM User Guide, "AWS global condition context keys".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.permissions.request_tags import tag_keys
from chaoskit.sandbox.wire import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chaoskit.sandbox.account_policies import Membership
    from chaoskit.sandbox.wire import ApiCall, Principal

Context = dict[str, Any]
_TYPES = {
    Kind.ROOT: "Account",
    Kind.USER: "User",
    Kind.ROLE: "AssumedRole",
    Kind.FEDERATED: "FederatedUser",
    Kind.ANONYMOUS: "Anonymous",
}


def of_principal(principal: Principal, place: Membership | None, tags: Mapping[str, str]) -> Context:
    """The properties of the caller.

    Args:
        principal: Who calls.
        place: Where the caller's account stands in its organization.
        tags: The user's or role's own tags; a session's tags win over them.
    """
    if principal.kind is Kind.ANONYMOUS:
        return {"aws:PrincipalType": "Anonymous", "aws:userid": "anonymous"}
    if principal.kind is Kind.SERVICE:
        return _of_service(principal, place)
    context: Context = {
        "aws:PrincipalArn": principal.role_arn or principal.arn,
        "aws:PrincipalAccount": principal.account,
        "aws:PrincipalType": _TYPES[principal.kind],
        "aws:PrincipalIsAWSService": False,
        "aws:userid": principal.principal_id,
        "aws:ViaAWSService": bool(principal.called_via),
    }
    if principal.called_via:
        context["aws:CalledVia"] = list(principal.called_via)
        context["aws:CalledViaFirst"] = principal.called_via[0]
        context["aws:CalledViaLast"] = principal.called_via[-1]
    if principal.federated_provider:
        context["aws:FederatedProvider"] = principal.federated_provider
    if principal.user_name:
        context["aws:username"] = principal.user_name
    for name, value in {**tags, **principal.session_tags}.items():
        context[f"aws:PrincipalTag/{name}"] = value
    if principal.issued is not None:
        context["aws:TokenIssueTime"] = _iso(principal.issued)
        context["aws:MultiFactorAuthPresent"] = False
    if place is not None:
        context["aws:PrincipalOrgID"] = place.organization_id
        context["aws:PrincipalOrgPaths"] = [place.path]
    return context


def _of_service(principal: Principal, place: Membership | None) -> Context:
    context: Context = {
        "aws:PrincipalIsAWSService": True,
        "aws:PrincipalServiceName": principal.arn,
        "aws:PrincipalServiceNamesList": [principal.arn],
        "aws:SourceAccount": principal.account,
    }
    if principal.arn == "cloudwatch.amazonaws.com":
        # What SNS's default topic policy asks for, so that alarms reach topics of their own account.
        context["aws:SourceOwner"] = principal.account
    if principal.source_arn:
        context["aws:SourceArn"] = principal.source_arn
    if place is not None:
        context["aws:SourceOrgID"] = place.organization_id
        context["aws:SourceOrgPaths"] = [place.path]
    return context


def of_request(call: ApiCall) -> Context:
    """The properties of the network and of the request itself."""
    context: Context = {
        "aws:RequestedRegion": call.region,
        "aws:CurrentTime": _iso(call.at),
        "aws:EpochTime": int(call.at.timestamp()),
        # The loopback stands in for AWS's endpoints, which SDKs reach over TLS.
        "aws:SecureTransport": True,
    }
    if call.user_agent:
        context["aws:UserAgent"] = call.user_agent
    if call.vpce:
        context["aws:SourceVpce"] = call.vpce
        context["aws:VpcSourceIp"] = call.source_ip
    elif call.principal.kind is not Kind.SERVICE and not call.source_ip.endswith(".amazonaws.com"):
        context["aws:SourceIp"] = call.source_ip
    if "referer" in call.headers:
        context["aws:Referer"] = call.headers["referer"]
    context.update(tag_keys(call.params))
    return context


def of_resource(owner: str, place: Membership | None, tags: Mapping[str, str], prefix: str) -> Context:
    """The properties of the resource.

    Args:
        owner: The account that owns it.
        place: Where that account stands in its organization.
        tags: The resource's tags.
        prefix: The IAM prefix of its service, whose own tag key also exists (`iam:ResourceTag/...`).
    """
    context: Context = {}
    if owner:
        context["aws:ResourceAccount"] = owner
    if place is not None:
        context["aws:ResourceOrgID"] = place.organization_id
        context["aws:ResourceOrgPaths"] = [place.path]
    for name, value in tags.items():
        context["s3:ExistingObjectTag/" + name if prefix == "s3" else "aws:ResourceTag/" + name] = value
        if prefix != "s3":
            context[f"{prefix}:ResourceTag/{name}"] = value
    return context


def _iso(at: datetime) -> str:
    return f"{at.isoformat()[:19]}Z"
