"""`responseElements` as AWS answers: what moto's answers lack is put in, what only moto's have is taken out.

Members and defaults are those of the API references (SendCommand, UpdateFunctionConfiguration, CreateRole,
AuthorizeSecurityGroupIngress) and of real records.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.trail.redaction import LEFT_OUT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.wire import ApiCall

    Elements = dict[str, Any]


def completed(call: ApiCall, elements: Elements) -> Elements:
    """The elements with what is missing; what moto answers stays as it is."""
    complete = _INCOMPLETE.get((call.service, call.operation))
    return elements if complete is None else complete(call, elements)


def _filled(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> Elements:
    """Defaults, overlaid by what was given, recursively."""
    filled = {**defaults, **given}
    for name, default in defaults.items():
        if isinstance(default, dict) and isinstance(given.get(name), dict):
            filled[name] = _filled(given[name], default)
    return filled


def _command(_: ApiCall, elements: Elements) -> Elements:
    defaults = {
        "alarmConfiguration": {"alarms": [], "ignorePollAlarmFailure": False},
        "clientName": "",
        "clientSourceId": "",
        "cloudWatchOutputConfig": {"cloudWatchLogGroupName": "", "cloudWatchOutputEnabled": False},
        "documentVersion": "$DEFAULT",
        "hasCancelCommandSignature": False,
        "hasSendCommandSignature": False,
        "interactive": False,
        "triggeredAlarms": [],
    }
    return {**elements, "command": _filled(elements.get("command", {}), defaults)}


def _new_function(call: ApiCall, elements: Elements) -> Elements:
    name, runtime = str(elements.get("functionName", "")), str(elements.get("runtime", ""))
    version = hashlib.sha256(runtime.encode()).hexdigest()
    defaults: Elements = {
        "loggingConfig": {"logFormat": "Text", "logGroup": f"/aws/lambda/{name}"},
        "revisionId": str(uuid.uuid5(uuid.NAMESPACE_OID, call.request_id)),
        "runtimeVersionConfig": {"runtimeVersionArn": f"arn:aws:lambda:{call.region}::runtime:{version}"},
    }
    filled = _filled(elements, defaults)
    layers = filled.pop("layers", [])
    if layers:
        filled["layers"] = [
            {**layer, "uncompressedCodeSize": layer.get("uncompressedCodeSize", layer.get("codeSize", 0))}
            for layer in layers
        ]
    return filled


def _function(call: ApiCall, elements: Elements) -> Elements:
    given: Elements = {"environment": {}} if "Environment" in call.params else {}
    return {
        **given,
        **_new_function(call, elements),
        "lastUpdateStatus": "InProgress",
        "lastUpdateStatusReason": "The function is being created.",
        "lastUpdateStatusReasonCode": "Creating",
    }


def _layer(_: ApiCall, elements: Elements) -> Elements:
    return _filled(_without(elements, "licenseInfo", value=""), {"description": ""})


def _role(_: ApiCall, elements: Elements) -> Elements:
    role = _without(elements.get("role", {}), "maxSessionDuration")
    return {**elements, "role": _without(role, "roleLastUsed")}


def _instance_profile(_: ApiCall, elements: Elements) -> Elements:
    return {**elements, "instanceProfile": _without(elements.get("instanceProfile", {}), "tags", value=[])}


def _policy(_: ApiCall, elements: Elements) -> Elements:
    return {**elements, "policy": _filled(elements.get("policy", {}), {"permissionsBoundaryUsageCount": 0})}


def _without(elements: Elements, name: str, *, value: object = LEFT_OUT) -> Elements:
    """The elements without one of them; if a value is given, only if that is what it has."""
    gone = value is LEFT_OUT or elements.get(name) == value
    return {key: inner for key, inner in elements.items() if key != name or not gone}


def _rules(call: ApiCall, elements: Elements) -> Elements:
    held = elements.get("securityGroupRuleSet")
    if not held:
        return elements
    items = [{**rule, "groupOwnerId": rule.get("groupOwnerId", call.account)} for rule in held["items"]]
    return {**elements, "securityGroupRuleSet": {"items": items}}


_INCOMPLETE: Mapping[tuple[str, str], Callable[[ApiCall, Elements], Elements]] = {
    ("ec2", "AuthorizeSecurityGroupEgress"): _rules,
    ("ec2", "AuthorizeSecurityGroupIngress"): _rules,
    ("iam", "CreateInstanceProfile"): _instance_profile,
    ("iam", "CreatePolicy"): _policy,
    ("iam", "CreateRole"): _role,
    ("lambda", "CreateFunction"): _new_function,
    ("lambda", "PublishLayerVersion"): _layer,
    ("lambda", "UpdateFunctionCode"): _function,
    ("lambda", "UpdateFunctionConfiguration"): _function,
    ("ssm", "SendCommand"): _command,
}
