"""Which of an account's rules would report a call: EventBridge is asked, with the record as it would be.

What can't be known of a record beforehand (the answer, an address) is left out of it, so a rule that asks for
it is not counted on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Query
from chaoskit.aws.models import service as service_model
from chaoskit.detect.event_names import data_resource_type, event_name, is_recorded
from chaoskit.errors import AwsError
from chaoskit.predict.callers import signer, who_is
from chaoskit.predict.look import UnreadError
from chaoskit.probes._global import unrecorded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chaoskit.aws import Call, Reader
    from chaoskit.detect.event_names import EventName
    from chaoskit.discover.inventory import Inventory
    from chaoskit.predict import Predictor
    from chaoskit.predict.callers import Who

_RULES: Final = Query(
    "events",
    "ListRules",
    {},
    "Rules[?starts_with(State, 'ENABLED')].{name: Name, state: State, pattern: EventPattern}",
)
_HEARS_READS: Final = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
_SOMETIME: Final = "2026-01-01T00:00:00Z"  # an event must have a time, and no pattern asks for one
_KEYS: Final = {"role": "ASIAIOSFODNN7EXAMPLE", "user": "AKIAIOSFODNN7EXAMPLE"}
_KINDS: Final = {"role": "AssumedRole", "user": "IAMUser", "root": "Root"}


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    pattern: str
    hears_reads: bool

    def may_name(self, event: str) -> bool:
        """Whether it asks for events by name, and may mean this one."""
        asked = list(_asked(json.loads(self.pattern), "eventName"))
        return any(each == event or not isinstance(each, str) for each in asked)


class Detectors:
    """What in an account tells of calls: its rules that have a queue, and CloudTrail's event history."""

    def __init__(self, aws: Reader, found: Inventory, predictor: Predictor, caller: str) -> None:
        """Read the rules.

        Args:
            aws: The account, read-only.
            found: Learns what could not be read.
            predictor: What its policies say.
            caller: ARN of the role that a run assumes, or of the identity that it uses as it is.
        """
        self._aws, self._found, self._predictor, self._caller = aws, found, predictor, caller
        self._rules = list(self._read())

    def rule(self, calls: Sequence[Call]) -> str | None:
        """The rule that reports the last of these calls when it went through; None when there is none."""
        call, event = calls[-1], _named(calls[-1])
        if not self._heard(call):
            return None
        silent = event.read_only and not data_resource_type(call.service, call.operation)
        told = json.dumps(self._event(calls, event), default=str)
        for rule in self._rules:
            if rule.may_name(event.name) and (rule.hears_reads or not silent) and self._matches(rule, told):
                return rule.name
        return None

    def in_history(self, call: Call) -> str | None:
        """What CloudTrail's event history calls a call; None when it never has it: data events, for one."""
        kept = not data_resource_type(call.service, call.operation)
        return _named(call).name if kept and self._heard(call) else None

    def _heard(self, call: Call) -> bool:
        """Whether CloudTrail records the call where a run would look."""
        here = call.region in {None, self._aws.region}
        return (
            here
            and is_recorded(call.service, call.operation)
            and not unrecorded(self._aws.region, [call.service])
        )

    def _read(self) -> Iterator[_Rule]:
        try:
            for rule in self._aws.read(_RULES) or []:
                pattern = rule["pattern"]
                if (
                    pattern
                    and any(_asked(json.loads(pattern), "eventName"))
                    and self._has_queue(rule["name"])
                ):
                    yield _Rule(rule["name"], pattern, rule["state"] == _HEARS_READS)
        except AwsError as error:
            self._found.unread.append(str(error))

    def _has_queue(self, rule: str) -> bool:
        targets = self._aws.read(Query("events", "ListTargetsByRule", {"Rule": rule}, "Targets[].Arn")) or []
        return any(":sqs:" in arn for arn in targets)

    def _matches(self, rule: _Rule, event: str) -> bool:
        asked = {"EventPattern": rule.pattern, "Event": event}
        try:
            return bool(self._aws.read(Query("events", "TestEventPattern", asked, "Result")))
        except AwsError as error:
            self._found.unread.append(str(error))
            return False

    def _event(self, calls: Sequence[Call], event: EventName) -> dict[str, Any]:
        """What EventBridge would be told of the last call, had it gone through."""
        account, region = self._aws.account, self._aws.region
        return {
            "version": "0",
            "id": "00000000-0000-0000-0000-000000000000",
            "detail-type": "AWS API Call via CloudTrail",
            "source": f"aws.{event.source.partition('.')[0]}",
            "account": account,
            "time": _SOMETIME,
            "region": region,
            "resources": [],
            "detail": {
                **_about(calls[-1], event),
                "awsRegion": region,
                "recipientAccountId": account,
                "userIdentity": self._identity(calls),
            },
        }

    def _identity(self, calls: Sequence[Call]) -> dict[str, Any]:
        *before, call = calls
        try:
            who = signer(call, before, self._predictor.look) or who_is(self._caller)
        except UnreadError:
            return {}
        return _identity(who)


def _named(call: Call) -> EventName:
    return event_name(call.service, call.operation, service_model(call.service))


def _asked(pattern: object, field: str) -> Iterator[object]:
    """What a pattern asks of a field, wherever in it: beside others, or as one of several ways."""
    if isinstance(pattern, dict):
        for key, value in pattern.items():
            yield from value if key == field and isinstance(value, list) else _asked(value, field)
    elif isinstance(pattern, list):
        for each in pattern:
            yield from _asked(each, field)


def _about(call: Call, event: EventName) -> dict[str, Any]:
    """What a record says of the call itself; without an `errorCode`, since nothing stopped it."""
    data = bool(data_resource_type(call.service, call.operation))
    known = {"sourceIPAddress": call.source_ip, "vpcEndpointId": call.source_vpce}
    return {
        "eventVersion": event.version,
        "eventTime": _SOMETIME,
        "eventSource": event.source,
        "eventName": event.name,
        "requestParameters": _parameters(call),
        "readOnly": event.read_only,
        "eventType": "AwsApiCall",
        "managementEvent": not data,
        "eventCategory": "Data" if data else "Management",
        **{name: value for name, value in known.items() if value},
    }


def _parameters(call: Call) -> Any:
    """As most services' records have them; of S3's what names the resource."""
    if call.service != "s3":
        return _lower_first(call.params)
    names = {"Bucket": "bucketName", "Key": "key"}
    return {names[name]: value for name, value in call.params.items() if name in names}


def _lower_first(value: Any) -> Any:
    if isinstance(value, dict):
        return {f"{key[:1].lower()}{key[1:]}": _lower_first(inner) for key, inner in value.items()}
    return [_lower_first(inner) for inner in value] if isinstance(value, list | tuple) else value


def _identity(who: Who) -> dict[str, Any]:
    """`userIdentity`, as the CloudTrail User Guide has it ("CloudTrail userIdentity element")."""
    identity: dict[str, Any] = {"type": _KINDS[who.kind], "arn": who.arn, "accountId": who.account}
    if who.kind in _KEYS:
        identity["accessKeyId"] = _KEYS[who.kind]
    if who.kind == "user":
        identity["userName"] = who.name
    if who.kind == "role":
        issuer: Mapping[str, str] = {"type": "Role", "accountId": who.account, "userName": who.name}
        identity["sessionContext"] = {"attributes": {"mfaAuthenticated": "false"}, "sessionIssuer": issuer}
    return identity
