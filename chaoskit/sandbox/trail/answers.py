"""What AWS's answers always have and moto's lack, put into `responseElements` so that rules find it there.

Members and defaults are those of the API references (SendCommand, UpdateFunctionConfiguration,
AuthorizeSecurityGroupIngress) and of real records.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING, Any

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


def _function(call: ApiCall, elements: Elements) -> Elements:
    name, runtime = str(elements.get("functionName", "")), str(elements.get("runtime", ""))
    version = hashlib.sha256(runtime.encode()).hexdigest()
    defaults = {
        "lastUpdateStatus": "InProgress",
        "lastUpdateStatusReason": "The function is being created.",
        "lastUpdateStatusReasonCode": "Creating",
        "loggingConfig": {"logFormat": "Text", "logGroup": f"/aws/lambda/{name}"},
        "revisionId": str(uuid.uuid5(uuid.NAMESPACE_OID, call.request_id)),
        "runtimeVersionConfig": {"runtimeVersionArn": f"arn:aws:lambda:{call.region}::runtime:{version}"},
    }
    if "Environment" in call.params:
        defaults["environment"] = {}
    filled = _filled(elements, defaults)
    if "layers" in filled:
        filled["layers"] = [
            {**layer, "uncompressedCodeSize": layer.get("uncompressedCodeSize", layer.get("codeSize", 0))}
            for layer in filled["layers"]
        ]
    return filled


def _rules(call: ApiCall, elements: Elements) -> Elements:
    held = elements.get("securityGroupRuleSet")
    if not held:
        return elements
    items = [{**rule, "groupOwnerId": rule.get("groupOwnerId", call.account)} for rule in held["items"]]
    return {**elements, "securityGroupRuleSet": {"items": items}}


_INCOMPLETE: Mapping[tuple[str, str], Callable[[ApiCall, Elements], Elements]] = {
    ("ec2", "AuthorizeSecurityGroupEgress"): _rules,
    ("ec2", "AuthorizeSecurityGroupIngress"): _rules,
    ("lambda", "UpdateFunctionConfiguration"): _function,
    ("ssm", "SendCommand"): _command,
}
