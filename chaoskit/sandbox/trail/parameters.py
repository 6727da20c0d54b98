"""`requestParameters` and `responseElements`: what was asked and answered, in CloudTrail's spelling.

Measured on real records: query, JSON and REST-JSON services lower-case the first letter of each member,
recursively; keys of maps stay as they are. EC2 and S3 have forms of their own (`ec2.py`, `s3.py`).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from moto.core.utils import get_service_model

from chaoskit.sandbox.trail import ec2, s3
from chaoskit.sandbox.trail.answers import completed
from chaoskit.sandbox.trail.names import event_name
from chaoskit.sandbox.trail.redaction import LEFT_OUT, redacted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.sandbox.wire import Answer, ApiCall

_ISO_SERVICES = frozenset({"apigateway", "bedrock", "lambda", "rolesanywhere", "scheduler"})
_TELLS_DENIED = frozenset(
    {"bedrock", "bedrock-runtime", "ec2", "lambda", "s3", "s3control", "sagemaker-runtime"}
)
_ANSWERS_READS = frozenset({"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"})
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "DeleteResolverQueryLogConfig": {"originSequenceNumber": 0},
    "DescribeTrails": {"trailNameList": []},
    "SendCommand": {"interactive": False},
    "UpdateFunctionCode": {"dryRun": False, "publish": False},
}
"""What records have though nobody asked it."""
_FLAT_ANSWERS = frozenset({"docdb", "elasticache", "neptune", "rds", "redshift"})
"""Services whose answer of one structure is recorded without its name (guides of RDS, Redshift and
ElastiCache on logging with CloudTrail): `dBInstanceIdentifier` of CreateDBInstance is not within
`dBInstance`."""
_HEADERS_ONLY = frozenset({"bedrock-runtime"})


def request_parameters(call: ApiCall, *, denied: bool) -> dict[str, Any] | None:
    """What was asked; None when nothing was, or when the service refused before it read the request."""
    if denied and call.service not in _TELLS_DENIED:
        return None
    if call.service == "s3":
        return s3.request_parameters(call)
    shape = get_service_model(call.service).operation_model(call.operation).input_shape
    if shape is None:
        return None
    if call.service == "ec2":
        return ec2.request_parameters(call.operation, call.params, shape) or None
    shown: Mapping[str, Any] = call.params
    if call.service in _HEADERS_ONLY:
        shown = {
            name: value for name, value in shown.items() if name.endswith(("Id", "Identifier", "Version"))
        }
    return {**_DEFAULTS.get(call.operation, {}), **_structure(call.service, shown, shape)} or None


def response_elements(call: ApiCall, answer: Answer) -> dict[str, Any] | None:
    """What was answered, for calls that change something; None for reads, failures and empty answers."""
    if answer.error is not None or answer.output is None:
        return None
    if event_name(call.service, call.operation).read_only and call.operation not in _ANSWERS_READS:
        return None
    shape = get_service_model(call.service).operation_model(call.operation).output_shape
    if call.service == "ec2":
        return completed(call, ec2.response_elements(call, answer.output, shape))
    if call.service == "s3":
        return s3.response_elements(call, answer)
    if shape is None:
        return None
    shown = _structure(call.service, answer.output, shape)
    only = next(iter(shown.values())) if len(shown) == 1 else None
    if call.service in _FLAT_ANSWERS and isinstance(only, dict):
        shown = only
    return completed(call, shown) or None


def lower_first(name: str) -> str:
    """`RoleName` to `roleName`; `ARN` to `aRN`, as CloudTrail has it."""
    return name[:1].lower() + name[1:]


def _structure(service: str, value: Mapping[str, Any], shape: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, inner in value.items():
        member = shape.members.get(name)
        if member is None or inner is None or (name == "PackedPolicySize" and inner == 0):
            continue
        instead = redacted(service, name, member)
        if instead is LEFT_OUT:
            continue
        shown[lower_first(name)] = _value(service, inner, member) if instead is None else instead
    return shown


def _value(service: str, value: Any, shape: Any) -> Any:
    if isinstance(value, datetime):
        return _moment(service, value)
    match shape.type_name:
        case "structure" if hasattr(value, "items"):
            return _structure(service, value, shape)
        case "list" if isinstance(value, list):
            return [_element(service, inner, shape.member) for inner in value]
        case "map" if hasattr(value, "items"):
            return {
                key: shown
                for key, inner in value.items()
                if (shown := _member(service, str(key), inner, shape.value)) is not LEFT_OUT
            }
    return value if isinstance(value, str | int | float | bool | list | dict) else str(value)


def _element(service: str, value: Any, shape: Any) -> Any:
    shown = _member(service, "", value, shape)
    return None if shown is LEFT_OUT else shown


def _member(service: str, name: str, value: Any, shape: Any) -> Any:
    instead = redacted(service, name, shape)
    return _value(service, value, shape) if instead is None else instead


def _moment(service: str, at: datetime) -> str:
    """A time as Java prints it in most records, `Aug 1, 2024, 1:33:28 PM`; IAM has no second comma."""
    if service in _ISO_SERVICES:
        return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    comma = "" if service == "iam" else ","
    hour, half = at.hour % 12 or 12, "AM" if at.hour < 12 else "PM"  # noqa: PLR2004 - noon
    return f"{at:%b} {at.day}, {at.year}{comma} {hour}:{at:%M:%S} {half}"
