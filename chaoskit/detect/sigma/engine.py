"""Runs many rules over a stream of events."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sigma.rule import SigmaLogSource

from chaoskit.detect.sigma.correlation import Occurrence
from chaoskit.detect.sigma.documents import UNNAMED, path_in
from chaoskit.detect.sigma.record import Record
from chaoskit.detect.sigma.rules import load_sigma_rules
from chaoskit.detect.sigma.values import moment_of
from chaoskit.detect.sigma.windows import Windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sigma.correlations import SigmaCorrelationRule
    from sigma.rule import SigmaRule

    from chaoskit.detect.sigma.rules import CompiledRule, SigmaRules, Source

    Events = tuple[Mapping[str, object], ...]

SOURCE, NAME = "eventSource", "eventName"
TIMES = ("eventTime", "@timestamp", "timestamp", "time")


@dataclass(frozen=True, slots=True)
class SigmaMatch:
    """A rule that matched.

    Attributes:
        title: The rule's title.
        id: Its UUID; empty when it has none.
        name: Its name; empty when it has none.
        level: `low`, `high` ...; empty when it has none.
        tags: Its tags, such as `attack.t1098.003`.
        path: The file it is from, or `<rule>`.
        events: The event; for a correlation all that the match rests on, in the order of their times.
    """

    title: str
    id: str
    name: str
    level: str
    tags: tuple[str, ...]
    path: str
    events: Events


class SigmaEngine:
    """Runs rules over a stream, filed by the `eventSource` and `eventName` that they ask for.

    A correlation is judged at each event, in the window that ends there: it matches when an event completes
    what it asks for, and again with each event that adds to it. Events have their time in `eventTime`,
    `@timestamp`, `timestamp` or `time` (ISO 8601 text or a number since the epoch); one without counts as
    being as old as the one before.

    Args:
        *rules: What `load_sigma_rules` takes or returns.
        logsource: What the events are, such as `{"product": "aws", "service": "cloudtrail"}`: rules
            for other sources are left out. Without it, all rules see all events.

    Raises:
        InvalidSigmaRule: With everything that is wrong in the rules.
    """

    def __init__(self, *rules: Source, logsource: Mapping[str, str] | None = None) -> None:
        self.rules = load_sigma_rules(*rules)
        wanted = SigmaLogSource.from_dict(dict(logsource)) if logsource else None
        self._filed: dict[tuple[str | None, str | None], list[CompiledRule]] = {}
        self._all = [one for one in self.rules.singles if wanted is None or wanted in one.rule.logsource]
        for rule in self._all:
            for key in _keys(rule):
                self._filed.setdefault(key, []).append(rule)
        self._windows = [Windows(one) for one in self.rules.correlations]
        self._correlated = frozenset().union(*(one.refers_to for one in self.rules.correlations))
        self._makers = {id(one.rule): _maker(one.rule) for one in self.rules.singles}
        self._makers |= {id(one.rule): _maker(one.rule) for one in self.rules.correlations}
        self._fed = 0
        self._now = 0.0

    def feed(self, event: Mapping[str, object]) -> list[SigmaMatch]:
        """The rules that match an event, and the correlations that it completes or adds to."""
        record = Record(event)
        matched = [rule for rule in self._candidates(event) if rule.node.holds(record)]
        if not matched and not self._windows:
            return []
        found = [self._makers[id(rule.rule)]((event,)) for rule in matched if rule.reports]
        if self._windows:
            found += self._correlations(record, matched)
        return found

    def _candidates(self, event: Mapping[str, object]) -> Iterable[CompiledRule]:
        source, name = event.get(SOURCE), event.get(NAME)
        if not isinstance(source, str | None) or not isinstance(name, str | None):
            return self._all
        source, name = source and source.lower(), name and name.lower()
        found: list[CompiledRule] = []
        for key in dict.fromkeys(((source, name), (source, None), (None, name), (None, None))):
            found += self._filed.get(key, ())
        return found

    def _correlations(self, record: Record, matched: list[CompiledRule]) -> Iterator[SigmaMatch]:
        of_interest = [id(rule.rule) for rule in matched if id(rule.rule) in self._correlated]
        if not of_interest:
            return
        self._fed += 1
        self._now = at = _time(record.event, self._now)
        occurred = [Occurrence(rule, self._fed, at, record, (record.event,)) for rule in of_interest]
        # A correlation stands after what it refers to, so it sees the matches of those before it.
        for windows in self._windows:
            correlation = windows.correlation
            for one in [one for one in occurred if one.rule in correlation.refers_to]:
                for completed in windows.feed(one):
                    occurred.append(completed)
                    if correlation.reports:
                        yield self._makers[completed.rule](completed.events)


def match_sigma(rule: Source, event: Mapping[str, object] | str) -> bool:
    """Whether an event matches a rule, or any of several in one source.

    Args:
        rule: A file (`pathlib.Path`, or the name of a `.yml` file), YAML text, a mapping, or what pySigma
            has parsed.
        event: A log event, such as a CloudTrail record, or its JSON text.

    Raises:
        InvalidSigmaRule: With everything that is wrong in the rule.
        ValueError: The rule is a correlation, which one event cannot answer, or the event is no JSON object.
    """
    if isinstance(event, str):
        event = json.loads(event)
    if not isinstance(event, dict):
        raise ValueError("An event is a JSON object")  # noqa: TRY004 - same error as for text that is no JSON
    if isinstance(rule, str):
        rule = path_in(rule) or rule
    given = _given(rule)
    rules = load_sigma_rules(rule) if given is None else _once(given)
    if rules.correlations:
        raise ValueError("A correlation rule is about several events: feed them to a SigmaEngine")
    record = Record(event)
    return any(one.node.holds(record) for one in rules.singles)


@dataclass(frozen=True, slots=True)
class _Given:
    """A rule to be compiled once: the key says all that its compilation depends on."""

    key: object
    rule: Source = field(compare=False)


def _given(rule: Source) -> _Given | None:
    match rule:
        case str():
            return _Given(rule, rule)
        case Path() if rule.is_file():
            return _Given((rule, rule.read_bytes()), rule)
        case dict():
            return _Given(("mapping", json.dumps(rule, default=str)), rule)
        case _:
            return None


@lru_cache(maxsize=512)
def _once(given: _Given) -> SigmaRules:
    return load_sigma_rules(given.rule)


def _keys(rule: CompiledRule) -> Iterator[tuple[str | None, str | None]]:
    for source in rule.node.only.get(SOURCE, (None,)):
        for name in rule.node.only.get(NAME, (None,)):
            yield source, name


def _time(event: Mapping[str, object], otherwise: float) -> float:
    for name in TIMES:
        moment = moment_of(event.get(name))
        if moment is not None:
            return moment.timestamp()
    return otherwise


def _maker(rule: SigmaRule | SigmaCorrelationRule) -> Callable[[Events], SigmaMatch]:
    """Makes a rule's matches, with what is the same in all of them looked up once."""
    title, name, level = rule.title, rule.name or "", str(rule.level or "")
    identity, tags = str(rule.id or ""), tuple(map(str, rule.tags))
    path = str(rule.source.path) if rule.source else UNNAMED
    return lambda events: SigmaMatch(title, identity, name, level, tags, path, events)
