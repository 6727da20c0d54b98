"""The condition keys of a request: the global ones here, those of each service in `service_context`.

Source: IAM User Guide, "AWS global condition context keys".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.wire import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from chaoskit.sandbox.account_policies import Membership
    from chaoskit.sandbox.wire import ApiCall, Principal

Context = dict[str, Any]
_TYPES = {
    Kind.ROOT: "Account",
    Kind.USER: "User",
    Kind.ROLE: "AssumedRole",
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
        return {
            "aws:PrincipalType": "Anonymous",
            "aws:PrincipalIsAWSService": False,
            "aws:userid": "anonymous",
        }
    if principal.kind is Kind.SERVICE:
        return _of_service(principal, place)
    context: Context = {
        "aws:PrincipalArn": principal.role_arn or principal.arn,
        "aws:PrincipalAccount": principal.account,
        "aws:PrincipalType": _TYPES[principal.kind],
        "aws:PrincipalIsAWSService": False,
        "aws:userid": principal.principal_id,
        "aws:ViaAWSService": False,
    }
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
    tags = dict(requested_tags(call.params))
    for name, value in tags.items():
        context[f"aws:RequestTag/{name}"] = value
    names = list(tags) or _untagged(call.params)
    if names:
        context["aws:TagKeys"] = names
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


def requested_tags(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The tags that a call asks to set, however its service spells them."""
    for name, given in params.items():
        if name.lower() not in {"tags", "taglist", "tagset", "tagspecifications", "tagstoadd", "tagging"}:
            continue
        if isinstance(given, dict) and all(isinstance(value, str) for value in given.values()):
            yield from given.items()
        elif isinstance(given, list):
            for each in given:
                yield from _tag(each)


def _tag(each: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(each, dict):
        return
    nested = each.get("Tags")
    if isinstance(nested, list):
        for tag in nested:
            yield from _tag(tag)
        return
    lowered = {name.lower(): value for name, value in each.items()}
    key = lowered.get("key", lowered.get("tagkey"))
    if key is not None:
        yield str(key), str(lowered.get("value", lowered.get("tagvalue", "")))


def _untagged(params: Mapping[str, Any]) -> list[str]:
    for name in ("TagKeys", "tagKeys", "TagKeyList"):
        if isinstance(params.get(name), list):
            return [str(each) for each in params[name]]
    return []


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
