"""Which events a trail takes: basic and advanced event selectors, and what CloudTrail refuses of them.

Source: CloudTrail User Guide, "Logging management events" and "Logging data events"; API Reference,
`EventSelector`, `AdvancedFieldSelector`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Selector = Mapping[str, Any]

DEFAULT: tuple[Selector, ...] = (
    {
        "ReadWriteType": "All",
        "IncludeManagementEvents": True,
        "DataResources": [],
        "ExcludeManagementEventSources": [],
    },
)
"""The selectors of a trail that was given none: every management event, no data event."""

_BASIC_DATA_TYPES = frozenset({"AWS::S3::Object", "AWS::Lambda::Function", "AWS::DynamoDB::Table"})
_EXCLUDABLE = frozenset({"kms.amazonaws.com", "rdsdata.amazonaws.com"})
_MOST_BASIC = 5
_FIELDS = frozenset(
    {
        "eventCategory",
        "eventName",
        "eventSource",
        "eventType",
        "readOnly",
        "resources.ARN",
        "resources.type",
        "sessionCredentialFromConsole",
        "userIdentity.arn",
        "vpcEndpointId",
    }
)
_EVERYTHING = {"AWS::S3::Object": "arn:aws:s3", "AWS::Lambda::Function": "arn:aws:lambda"}
_OPERATORS: Mapping[str, tuple[bool, Callable[[str, str], bool]]] = {
    "Equals": (True, str.__eq__),
    "StartsWith": (True, str.startswith),
    "EndsWith": (True, str.endswith),
    "NotEquals": (False, str.__eq__),
    "NotStartsWith": (False, str.startswith),
    "NotEndsWith": (False, str.endswith),
}


def takes(record: Mapping[str, Any], basic: Sequence[Selector], advanced: Sequence[Selector]) -> bool:
    """Whether a trail with these selectors takes an event; advanced ones stand in for basic ones."""
    if advanced:
        return any(_advanced(record, selector) for selector in advanced)
    return any(_basic(record, selector) for selector in basic or DEFAULT)


def check(basic: Sequence[Selector], advanced: Sequence[Selector]) -> None:
    """Refuse selectors that CloudTrail refuses.

    Raises:
        ApiError: InvalidEventSelectorsException.
    """
    if bool(basic) == bool(advanced):
        raise _invalid("Specify either event selectors or advanced event selectors.")
    if len(basic) > _MOST_BASIC:
        raise _invalid(f"A trail can have at most {_MOST_BASIC} event selectors.")
    for selector in basic:
        for resource in selector.get("DataResources", ()):
            if resource.get("Type") not in _BASIC_DATA_TYPES:
                raise _invalid(
                    f"{resource.get('Type')} is not a valid data resource type of a basic event selector."
                )
        for source in selector.get("ExcludeManagementEventSources", ()):
            if source not in _EXCLUDABLE:
                raise _invalid(f"{source} cannot be excluded.")
    for selector in advanced:
        _check_advanced(selector.get("FieldSelectors") or [])


def _check_advanced(fields: Sequence[Selector]) -> None:
    named = {str(field.get("Field")): field for field in fields}
    for name, field in named.items():
        if name not in _FIELDS:
            raise _invalid(f"{name} is not a valid field of an advanced event selector.")
        if not any(field.get(operator) for operator in _OPERATORS):
            raise _invalid(f"The field {name} needs an operator and a value.")
    category = (named.get("eventCategory") or {}).get("Equals") or []
    if list(category) not in (["Management"], ["Data"], ["NetworkActivity"]):
        raise _invalid(
            "An advanced event selector needs eventCategory Equals Management, Data or NetworkActivity."
        )
    if list(category) == ["Data"] and not (named.get("resources.type") or {}).get("Equals"):
        raise _invalid("An advanced event selector of data events needs resources.type Equals one type.")


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidEventSelectorsException", message)


def _basic(record: Mapping[str, Any], selector: Selector) -> bool:
    wanted = selector.get("ReadWriteType", "All")
    if wanted != "All" and (wanted == "ReadOnly") != bool(record["readOnly"]):
        return False
    if record["managementEvent"]:
        excluded = selector.get("ExcludeManagementEventSources") or []
        return bool(selector.get("IncludeManagementEvents", True)) and record["eventSource"] not in excluded
    return any(_names(resource, record) for resource in selector.get("DataResources") or ())


def _names(wanted: Selector, record: Mapping[str, Any]) -> bool:
    kind, prefixes = wanted.get("Type"), wanted.get("Values") or []
    for resource in record.get("resources", ()):
        if resource.get("type") != kind:
            continue
        arn = str(resource.get("ARN") or resource.get("ARNPrefix", ""))
        for prefix in prefixes:
            if prefix == _EVERYTHING.get(str(kind)) or _under(str(kind), arn, str(prefix)):
                return True
    return False


def _under(kind: str, arn: str, prefix: str) -> bool:
    return arn.startswith(prefix) if kind == "AWS::S3::Object" else arn == prefix


def _advanced(record: Mapping[str, Any], selector: Selector) -> bool:
    return all(_field(record, field) for field in selector.get("FieldSelectors") or ())


def _field(record: Mapping[str, Any], field: Selector) -> bool:
    values = list(_field_values(record, str(field.get("Field"))))
    for operator, (positive, test) in _OPERATORS.items():
        wanted = field.get(operator)
        if not wanted:
            continue
        hit = any(test(value, str(one)) for value in values for one in wanted)
        if hit is not positive:
            return False
    return True


def _field_values(record: Mapping[str, Any], field: str) -> Iterator[str]:
    match field:
        case "readOnly":
            yield "true" if record["readOnly"] else "false"
        case "userIdentity.arn":
            yield str(record["userIdentity"].get("arn", ""))
        case "resources.type":
            # Only the resource that the call is about: S3 names the bucket beside the object.
            yield from (str(one.get("type", "")) for one in record.get("resources", ())[:1])
        case "resources.ARN":
            yield from (
                str(one.get("ARN") or one.get("ARNPrefix", "")) for one in record.get("resources", ())[:1]
            )
        case "sessionCredentialFromConsole":
            yield str(record.get(field, "false"))
        case _:
            yield str(record.get(field, ""))
