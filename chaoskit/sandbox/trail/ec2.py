"""EC2's own form of parameters: lists are `xSet: {items: [...]}`, newer calls wrap the query as it was sent.

Shapes are those of real records (RunInstances, AuthorizeSecurityGroupIngress, ModifySnapshotAttribute,
DeleteFlowLogs and the calls named below).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.trail.redaction import LEFT_OUT, redacted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.sandbox.wire import ApiCall

_WRAPPED = frozenset(
    {
        "AssociateIamInstanceProfile",
        "CreateFlowLogs",
        "CreateLaunchTemplate",
        "CreateLaunchTemplateVersion",
        "CreateNatGateway",
        "CreateSnapshots",
        "CreateTransitGateway",
        "CreateVpcEndpoint",
        "DeleteFlowLogs",
        "DeleteLaunchTemplate",
        "DeleteNatGateway",
        "DeleteVpcEndpoints",
        "DescribeFlowLogs",
        "DescribeIamInstanceProfileAssociations",
        "DescribeLaunchTemplates",
        "DescribeNatGateways",
        "DescribeVpcEndpoints",
        "DisableEbsEncryptionByDefault",
        "DisassociateIamInstanceProfile",
        "EnableEbsEncryptionByDefault",
        "EnableSerialConsoleAccess",
        "GetEbsEncryptionByDefault",
        "ModifyInstanceMetadataOptions",
        "ModifyVpcEndpoint",
        "ReplaceIamInstanceProfileAssociation",
    }
)
_SETS = {
    "Filters": ("filterSet", ""),
    "GroupIds": ("securityGroupIdSet", "groupId"),
    "GroupNames": ("securityGroupSet", "groupName"),
    "InstanceIds": ("instancesSet", "instanceId"),
    "ImageIds": ("imagesSet", "imageId"),
    "Resources": ("resourcesSet", "resourceId"),
    "SecurityGroupIds": ("groupSet", "groupId"),
    "SnapshotIds": ("snapshotSet", "snapshotId"),
    "SubnetIds": ("subnetSet", "subnetId"),
    "Tags": ("tagSet", ""),
    "TagSpecifications": ("tagSpecificationSet", ""),
    "Values": ("valueSet", "value"),
    "VolumeIds": ("volumeSet", "volumeId"),
    "VpcIds": ("vpcSet", "vpcId"),
    "IpPermissions": ("ipPermissions", ""),
    "UserIdGroupPairs": ("groups", ""),
    "IpRanges": ("ipRanges", ""),
    "Ipv6Ranges": ("ipv6Ranges", ""),
    "PrefixListIds": ("prefixListIds", ""),
    "BlockDeviceMappings": ("blockDeviceMapping", ""),
    "NetworkInterfaces": ("networkInterfaceSet", ""),
    "Add": ("add", ""),
    "Remove": ("remove", ""),
}
_PERMISSION_CALLS = frozenset(
    {
        "AuthorizeSecurityGroupEgress",
        "AuthorizeSecurityGroupIngress",
        "RevokeSecurityGroupEgress",
        "RevokeSecurityGroupIngress",
    }
)
_ATTRIBUTES = {"createVolumePermission": "CREATE_VOLUME_PERMISSION", "launchPermission": "launchPermission"}


def request_parameters(operation: str, params: Mapping[str, Any], shape: Any) -> dict[str, Any]:
    """The parameters of an EC2 call as its record has them."""
    if operation in _WRAPPED:
        return {f"{operation}Request": _as_sent(params, shape)}
    shown = _members(params, shape)
    if operation in _PERMISSION_CALLS:
        shown.setdefault("ipPermissions", {})
    if operation == "RunInstances":
        _run_instances(shown)
    if operation.startswith("Modify") and operation.endswith("Attribute"):
        for attribute, kind in _ATTRIBUTES.items():
            if attribute in shown:
                shown["attributeType"] = kind
                shown.pop("attribute", None)
    return shown


def response_elements(call: ApiCall, output: Mapping[str, Any], shape: Any) -> dict[str, Any]:
    """The answer of an EC2 call as its record has it; every one carries the request's id."""
    if call.operation in _WRAPPED:
        body = _as_answered(output, shape) if shape is not None else {}
        if shape is not None and "Unsuccessful" in shape.members:
            body.setdefault("unsuccessful", "")
        return {
            f"{call.operation}Response": {
                "xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/",
                "requestId": call.request_id,
                **{name: "" if value == {} else value for name, value in body.items()},
            }
        }
    body = _as_answered(output, shape) if shape is not None else {"return": True}
    if not body:
        body = {"return": True}
    return {"requestId": call.request_id, **{"_return" if k == "return" else k: v for k, v in body.items()}}


def _run_instances(shown: dict[str, Any]) -> None:
    item = {name: shown.pop(name) for name in ("imageId", "minCount", "maxCount") if name in shown}
    shown["instancesSet"] = {"items": [item]}
    shown.setdefault("blockDeviceMapping", {})
    shown.setdefault("monitoring", {"enabled": False})
    shown.setdefault("disableApiTermination", False)
    shown.setdefault("disableApiStop", False)


def _members(value: Mapping[str, Any], shape: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, inner in value.items():
        member = shape.members.get(name)
        if member is None or name == "DryRun":
            continue
        instead = redacted("ec2", name, member)
        if instead is LEFT_OUT:
            continue
        if instead is not None:
            shown[_lower(name)] = instead
        elif isinstance(inner, list):
            renamed, key = _SETS.get(name, (f"{_lower(name).removesuffix('s')}Set", ""))
            shown[renamed] = _items(name, key, inner, member)
        elif isinstance(inner, dict):
            shown[_lower(name)] = _members(inner, member)
        else:
            shown[_lower(name)] = _plain(inner)
    return shown


def _items(name: str, key: str, values: list[Any], shape: Any) -> dict[str, Any]:
    if not values:
        return {}
    key = key or _lower(name).removesuffix("s")
    return {
        "items": [
            _members(value, shape.member) if isinstance(value, dict) else {key: _plain(value)}
            for value in values
        ]
    }


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _as_sent(value: Mapping[str, Any], shape: Any) -> dict[str, Any]:
    """The query string as a tree: wire names in PascalCase, each list element with its number as `tag`."""
    shown: dict[str, Any] = {}
    for name, inner in value.items():
        member = shape.members.get(name)
        if member is None or redacted("ec2", name, member) is not None:
            continue
        wire = str(member.serialization.get("queryName") or member.serialization.get("name", name))
        if isinstance(inner, list):
            wire = str(member.member.serialization.get("name", wire)) if wire == name else wire
            elements = [
                {**_as_sent(one, member.member), "tag": at}
                if isinstance(one, dict)
                else {"content": _plain(one), "tag": at}
                for at, one in enumerate(inner, 1)
            ]
            wire = wire[:1].upper() + wire[1:]
            shown[wire] = elements[0] if len(elements) == 1 else elements
        else:
            wire = wire[:1].upper() + wire[1:]
            shown[wire] = _as_sent(inner, member) if isinstance(inner, dict) else _plain(inner)
    return shown


def _as_answered(value: Mapping[str, Any], shape: Any) -> dict[str, Any]:
    """The XML answer as a tree: wire names, lists as `{items: [...]}`."""
    shown: dict[str, Any] = {}
    for name, inner in value.items():
        member = shape.members.get(name)
        instead = redacted("ec2", name, member) if member is not None else LEFT_OUT
        if instead is LEFT_OUT or inner is None:
            continue
        wire = str(member.serialization.get("name", _lower(name)))
        if instead is not None:
            shown[wire] = instead
        elif isinstance(inner, list):
            if inner or wire != "tagSet":
                shown[wire] = {"items": [_answered(one, member.member) for one in inner]} if inner else {}
        else:
            shown[wire] = _answered(inner, member)
    return shown


def _answered(value: Any, shape: Any) -> Any:
    if isinstance(value, dict):
        return _as_answered(value, shape)
    return _plain(value)


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) else str(value)
