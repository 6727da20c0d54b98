"""Which rules an event meets: the enabled rules of moto's buses, their patterns compiled and filed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from moto.backends import get_backend

from chaoskit.sandbox.detect import EventPattern, InvalidEventPattern, PatternIndex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.sandbox.wire import Cloud

_log = logging.getLogger(__name__)
ENABLED = "ENABLED"
ENABLED_WITH_READS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
_READS = ("Describe", "Get", "List")
_CHANGES_THOUGH_GET = frozenset({"GetFederationToken", "GetSessionToken"})

Place = tuple[str, str, str]
"""An account, a region and a bus name."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that matched, as it was at that moment."""

    name: str
    arn: str
    account: str
    region: str
    bus: str
    targets: tuple[Mapping[str, Any], ...]


@dataclass(slots=True)
class _Filed:
    """A bus's rules as they were when their patterns were compiled."""

    seen: list[tuple[str, str, str | None]]
    index: PatternIndex[str]


class Rules:
    """Finds the rules of a bus that an event matches."""

    NOT_STATE = frozenset({"_filed"})

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._filed: dict[Place, _Filed] = {}

    def matching(self, place: Place, event: Mapping[str, Any]) -> list[Rule]:
        """The rules that match an event on a bus, with their targets."""
        account, region, bus = place
        with self._cloud.lock:
            found = self._bus(place)
            if found is None or not found.rules:
                return []
            rules = found.rules
            names = self._index(place, rules).matching(event)
            matched = [rules[name] for name in names if _hears(rules[name].state, event)]
            return [
                Rule(
                    rule.name, rule.arn, account, region, bus, tuple(dict(target) for target in rule.targets)
                )
                for rule in matched
            ]

    def _bus(self, place: Place) -> Any:
        account, region, bus = place
        return get_backend("events")[account][region].event_buses.get(bus)

    def _index(self, place: Place, rules: Mapping[str, Any]) -> PatternIndex[str]:
        now = [(name, rule.state, rule.event_pattern._raw_pattern) for name, rule in rules.items()]  # noqa: SLF001 - moto keeps the text only there
        filed = self._filed.get(place)
        if filed is None or filed.seen != now:
            filed = self._filed[place] = _Filed(now, _compiled(place, now))
        return filed.index


def _compiled(place: Place, rules: list[tuple[str, str, str | None]]) -> PatternIndex[str]:
    index: PatternIndex[str] = PatternIndex()
    for name, state, pattern in rules:
        if not pattern or not state.startswith(ENABLED):
            continue
        try:
            index.add(_pattern(pattern), name)
        except InvalidEventPattern as problem:
            _log.warning("rule %s of bus %s cannot match: %s", name, "/".join(place), problem)
    return index


@lru_cache(maxsize=2048)
def _pattern(text: str) -> EventPattern:
    """A pattern is compiled once, however often a rule beside it is put or removed."""
    return EventPattern(text)


def _hears(state: str, event: Mapping[str, Any]) -> bool:
    """Whether a rule in this state is shown the event: most hear no read-only management events.

    Source: EventBridge User Guide, "Receiving read-only management events from AWS services".
    """
    if state == ENABLED_WITH_READS:
        return True
    detail = event["detail"]
    if event["detail-type"] != "AWS API Call via CloudTrail" or not detail.get("managementEvent", False):
        return True
    name = str(detail.get("eventName", ""))
    return not name.startswith(_READS) or name in _CHANGES_THOUGH_GET
