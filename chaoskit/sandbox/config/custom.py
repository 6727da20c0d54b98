"""Custom rules: a Lambda function of the account's own says what complies, and tells by PutEvaluations.

Source: AWS Config Developer Guide, "AWS Config Custom Lambda Rules" and "Example Events for AWS Config
Rules"; AWS Config API Reference, SourceDetail and PutEvaluations. A change is shown to the function as one
event for each resource that it touched, a period as one for the account.
"""

from __future__ import annotations

import json
import logging
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox import state
from chaoskit.sandbox.config.managed import rules as managed_rules
from chaoskit.sandbox.config.resources import resource_types
from chaoskit.sandbox.config.rule import moment
from chaoskit.sandbox.sending import attempt, compact, persist, send_to_function
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from chaoskit.sandbox.config.resources import Resource
    from chaoskit.sandbox.config.rule import Key, Region, Rule
    from chaoskit.sandbox.wire import ApiCall, Cloud

OWNER = "CUSTOM_LAMBDA"
_CHANGE, _PERIOD = "ConfigurationItemChangeNotification", "ScheduledNotification"
_OVERSIZED = "OversizedConfigurationItemChangeNotification"
_MESSAGES = (_CHANGE, _OVERSIZED, _PERIOD)
_PRINCIPAL = "config.amazonaws.com"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Custom:
    """What a custom rule is made of.

    Attributes:
        resource_types: The types whose changes it is shown.
        watches: The services (botocore's names) whose changes can touch such resources.
        on_change: Shown each change of such a resource.
        periodic: Asked at its frequency.
        frequency: How often; empty when it is not periodic.
    """

    resource_types: tuple[str, ...]
    watches: frozenset[str]
    on_change: bool
    periodic: bool
    frequency: str


def custom(given: Mapping[str, Any]) -> Custom:
    """The custom rule that a request asks for.

    Raises:
        ApiError: `InvalidParameterValueException`: a part is missing, or is none that AWS Config knows.
    """
    source = given.get("Source") or {}
    function, details = str(source.get("SourceIdentifier") or ""), source.get("SourceDetails") or []
    if not function.startswith("arn:") or ":function:" not in function:
        raise invalid("Source.SourceIdentifier of a custom rule is the ARN of a Lambda function.")
    if not details:
        raise invalid("A custom rule needs Source.SourceDetails: what it is triggered by.")
    messages = [str(one.get("MessageType") or "") for one in details]
    for each in messages:
        if each not in _MESSAGES:
            raise invalid(f"The MessageType {each!r} is not one of {', '.join(_MESSAGES)}.")
    told = [str(one["MaximumExecutionFrequency"]) for one in details if one.get("MaximumExecutionFrequency")]
    frequency = (*told, str(given.get("MaximumExecutionFrequency") or "TwentyFour_Hours"))[0]
    kinds = tuple((given.get("Scope") or {}).get("ComplianceResourceTypes") or resource_types())
    return Custom(
        resource_types=kinds,
        watches=frozenset().union(*map(_services, kinds)),
        on_change=_CHANGE in messages,
        periodic=_PERIOD in messages,
        frequency=frequency if _PERIOD in messages else "",
    )


def invalid(message: str) -> ApiError:
    """A request that AWS Config refuses."""
    return ApiError("InvalidParameterValueException", message)


def check_invocable(cloud: Cloud, region: Region, rule: Rule) -> None:
    """Refuse a rule whose function is not there, or does not let AWS Config invoke it.

    Raises:
        ApiError: `InsufficientPermissionsException` (AWS Config API Reference, PutConfigRule).
    """
    function = str(rule.given["Source"]["SourceIdentifier"])

    def knock() -> None:
        send_to_function(cloud, _principal(cloud, region, rule), function, "{}", dry=True)

    if attempt(knock) is not None:
        raise ApiError(
            "InsufficientPermissionsException",
            f"The AWS Lambda function {function} cannot be invoked. Check the specified function ARN, and "
            "check the function's permissions.",
        )


def touched(call: ApiCall, found: Iterable[Resource]) -> Iterator[Key]:
    """The resources that a call names, by their name, id or ARN."""
    named = {part for text in _texts(call.params) for part in (text, text.rpartition("/")[2], _tail(text))}
    for one in found:
        if {one.id, one.name} & named:
            yield one.type, one.id


def notices(
    region: Region, there: Mapping[Key, Resource], about: Iterable[Key], now: datetime
) -> Iterator[dict[str, Any]]:
    """The `invokingEvent` of each resource that a rule is to look at; one that is gone is told as deleted."""
    for key in about:
        found = there.get(key)
        yield {
            "configurationItemDiff": None,
            "configurationItem": _item(region, key, found, now),
            "notificationCreationTime": moment(now),
            "messageType": _CHANGE,
            "recordVersion": "1.3",
        }


def period(region: Region, now: datetime) -> dict[str, Any]:
    """The `invokingEvent` of a periodic evaluation."""
    return {
        "awsAccountId": region.place[0],
        "notificationCreationTime": moment(now),
        "messageType": _PERIOD,
        "recordVersion": "1.0",
    }


def ask(cloud: Cloud, region: Region, rule: Rule, notice: Mapping[str, Any], token: str) -> None:
    """Invoke the function with one notice; it answers by PutEvaluations with the token, or never."""
    function = str(rule.given["Source"]["SourceIdentifier"])
    item = notice.get("configurationItem") or {}
    event = {
        "version": "1.0",
        "invokingEvent": compact(notice),
        "ruleParameters": compact(rule.parameters),
        "resultToken": token,
        "eventLeftScope": item.get("configurationItemStatus") == "ResourceDeleted",
        "executionRoleArn": region.recorder.given["roleARN"] if region.recorder else "",
        "configRuleArn": rule.arn,
        "configRuleName": rule.name,
        "configRuleId": rule.given["ConfigRuleId"],
        "accountId": region.place[0],
        "evaluationMode": "DETECTIVE",
    }

    def send() -> None:
        send_to_function(cloud, _principal(cloud, region, rule), function, compact(event))

    refused, _ = persist(cloud, send, since=cloud.now())
    rule.failure = f"{refused.code}: {refused.message}" if refused is not None else ""
    if refused is not None:
        _log.warning("AWS Config could not ask %s for rule %s: %s", function, rule.name, refused)


def new_token() -> str:
    """A result token: opaque to the function."""
    return uuid.uuid4().hex


def _principal(cloud: Cloud, region: Region, rule: Rule) -> Any:
    return cloud.service_principal(_PRINCIPAL, account=region.place[0], source_arn=rule.arn)


def _services(kind: str) -> frozenset[str]:
    """The services (botocore's names) that change resources of a type."""
    known = [rule.watches for rule in managed_rules().values() if rule.resource_type == kind]
    return frozenset().union(*known, {kind.split("::")[1].lower()})


def _item(region: Region, key: Key, found: Resource | None, now: datetime) -> dict[str, Any]:
    """A configuration item; its `configuration` has what moto can tell of the resource."""
    account, home = region.place
    item: dict[str, Any] = {
        "configuration": None,
        "configurationItemCaptureTime": moment(now),
        "configurationItemStatus": "OK" if found is not None else "ResourceDeleted",
        "resourceType": key[0],
        "resourceId": key[1],
        "awsAccountId": account,
        "awsRegion": home,
        "relationships": [],
        "tags": {},
    }
    if found is None:
        return item
    told = _told(found)
    arn = told.get("arn") or getattr(found.state, "arn", None)
    return {
        **item,
        "configuration": told.get("configuration") or {"name": found.name},
        "supplementaryConfiguration": told.get("supplementaryConfiguration") or {},
        "tags": told.get("tags") or {},
        "resourceName": found.name,
        **({"ARN": str(arn)} if arn else {}),
    }


def _told(found: Resource) -> Mapping[str, Any]:
    held = state.bucket(found.id)[1] if found.type == "AWS::S3::Bucket" else found.state
    tell = getattr(held, "to_config_dict", None)
    return json.loads(json.dumps(tell(), default=str)) if tell is not None else {}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _tail(text: str) -> str:
    return text.rpartition(":")[2] if text.startswith("arn:") else text
