"""Rules, parsed by pySigma and compiled once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule, SigmaExtendedCorrelationCondition
from sigma.exceptions import SigmaError, SigmaRuleLocation, SigmaRuleNotFoundError
from sigma.policy import SigmaPolicy
from sigma.rule import SigmaRule

from chaoskit.detect.sigma.condition import compile_detections
from chaoskit.detect.sigma.correlation import compile_correlation
from chaoskit.detect.sigma.documents import UNNAMED, given, path_in, read_files, read_text
from chaoskit.detect.sigma.errors import InvalidSigmaRule, SigmaProblem, Unsupported
from chaoskit.detect.sigma.record import Record
from chaoskit.detect.sigma.texts import EitherRegexEngine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sigma.filters import SigmaFilter
    from sigma.policy.regex_engine import RegexEngine
    from sigma.rule import SigmaRuleBase

    from chaoskit.detect.sigma.condition import Node
    from chaoskit.detect.sigma.correlation import Correlation
    from chaoskit.detect.sigma.documents import Document

    Parsed: TypeAlias = SigmaRule | SigmaCorrelationRule | SigmaFilter
    Source: TypeAlias = (
        Path | str | Mapping[str, object] | SigmaRule | SigmaCorrelationRule | SigmaCollection | "SigmaRules"
    )

MALFORMED = (SigmaError, AttributeError, KeyError, TypeError, ValueError)
"""What pySigma answers malformed rules with: mostly its own error, for odd types also Python's."""

POLICY = SigmaPolicy(regex_engine=EitherRegexEngine())


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule on single events.

    Attributes:
        rule: As pySigma parsed it.
        node: Its condition.
        reports: Whether its matches count by themselves, rather than only for a correlation.
    """

    rule: SigmaRule
    node: Node
    reports: bool

    def matches(self, event: Mapping[str, object]) -> bool:
        """Whether an event matches."""
        return self.node.holds(Record(event))


@dataclass(frozen=True, slots=True)
class SigmaRules:
    """Rules that are ready to run; correlations stand after what they refer to."""

    singles: tuple[CompiledRule, ...]
    correlations: tuple[Correlation, ...]

    def __len__(self) -> int:
        return len(self.singles) + len(self.correlations)

    @property
    def parsed(self) -> list[SigmaRule | SigmaCorrelationRule]:
        """All rules as pySigma parsed them."""
        return [*(one.rule for one in self.singles), *(one.rule for one in self.correlations)]

    @property
    def reporting(self) -> list[SigmaRule | SigmaCorrelationRule]:
        """The rules whose matches count by themselves, as pySigma parsed them."""
        return [
            *(one.rule for one in self.singles if one.reports),
            *(one.rule for one in self.correlations if one.reports),
        ]


def load_sigma_rules(*sources: Source) -> SigmaRules:
    """Parse and compile rules, with the correlations and filters among them.

    Args:
        *sources: Files or directories as `pathlib.Path`, names of `.yml` files, YAML text, mappings, or
            what pySigma has parsed.

    Raises:
        InvalidSigmaRule: With everything that is wrong in all of them.
    """
    if len(sources) == 1 and isinstance(sources[0], SigmaRules):
        return sources[0]
    problems: list[SigmaProblem] = []
    parsed = [rule for source in sources for rule in _parsed(source, problems)]
    sound = []
    for rule in parsed:
        problems += [_problem(rule, error) for error in rule.errors]
        if not rule.errors:
            sound.append(rule)
    # Filters become part of the rules that they are for.
    collection = SigmaCollection(sound, resolve_references=False)
    loaded = _compiled(collection, problems)
    if problems:
        raise InvalidSigmaRule(problems)
    return loaded


def _parsed(source: Source, problems: list[SigmaProblem]) -> Iterator[Parsed]:
    if isinstance(source, str):
        source = path_in(source) or source
    match source:
        case Path():
            for documents in read_files(source, problems):
                yield from _understood(documents, problems)
        case str():
            yield from _understood(read_text(source, UNNAMED, problems), problems)
        case SigmaCollection():
            yield from (*source.rules, *source.filters)
        case SigmaRule() | SigmaCorrelationRule():
            yield source
        case SigmaRules():
            yield from source.parsed
        case _:
            yield from _understood([given(source)], problems)


def _understood(documents: list[Document], problems: list[SigmaProblem]) -> Iterator[Parsed]:
    """What pySigma reads in the documents of one file, one by one unless `action` ties them together."""
    tied = any("action" in document.content for document in documents)
    for together in [documents] if tied and documents else [[one] for one in documents]:
        first = together[0]
        try:
            collection = SigmaCollection.from_dicts(
                [one.content for one in together],  # type: ignore[misc]  # any mapping; pySigma checks it
                collect_errors=True,
                source=SigmaRuleLocation(Path(first.path), first.line),
                collect_filters=True,
                resolve_references=False,
                policy=POLICY,
            )
        except MALFORMED as error:
            problems.append(first.problem(_reason(error)))
            continue
        of_rules = {id(error) for rule in _members(collection) for error in rule.errors}
        problems += [
            first.problem(_reason(error)) for error in collection.errors if id(error) not in of_rules
        ]
        yield from _members(collection)


def _members(collection: SigmaCollection) -> Iterator[Parsed]:
    yield from (*collection.rules, *collection.filters)


def _compiled(collection: SigmaCollection, problems: list[SigmaProblem]) -> SigmaRules:
    """The rules of a collection, which may refer to each other; what is wrong is added to the problems."""
    correlating = [rule for rule in collection.rules if isinstance(rule, SigmaCorrelationRule)]
    missing = [_problem(rule, error) for rule in correlating for error in _unresolved(rule, collection)]
    if not missing:
        collection.resolve_rule_references()
        for one in correlating:
            one.aliases.resolve_rule_references(collection)
    reporting = {id(rule) for rule in collection.get_output_rules()}
    singles, correlations = [], []
    known: set[int] = set()
    for rule in collection.rules:
        try:
            if isinstance(rule, SigmaRule):
                node = compile_detections(rule.detection, _engine(rule))
                singles.append(CompiledRule(rule, node, id(rule) in reporting))
            elif not missing:
                correlations.append(compile_correlation(rule, known, reports=id(rule) in reporting))
        except SigmaError as error:
            problems.append(_problem(rule, error))
        except Unsupported as error:
            problems += [_problem(rule, Unsupported(reason)) for reason in error.reasons]
        known.add(id(rule))
    problems += missing
    return SigmaRules(tuple(singles), tuple(correlations))


def _unresolved(rule: SigmaCorrelationRule, collection: SigmaCollection) -> Iterator[SigmaError]:
    """The rules that a correlation names and that are not there."""
    named = dict.fromkeys(reference.reference for reference in rule.rules or [])
    if isinstance(rule.condition, SigmaExtendedCorrelationCondition):
        named |= dict.fromkeys(rule.condition.get_referenced_rules())
    named |= dict.fromkeys(one.reference for alias in rule.aliases for one in alias.mapping)
    for name in named:
        try:
            collection[name]
        except SigmaRuleNotFoundError as error:
            yield error
    if not named:
        yield SigmaRuleNotFoundError("it names no rule to correlate")


def _engine(rule: SigmaRule) -> RegexEngine:
    return (rule.policy or POLICY).regex_engine


def _problem(rule: SigmaRuleBase, error: Exception) -> SigmaProblem:
    where = rule.source
    path = str(where.path) if where else UNNAMED
    return SigmaProblem(path, (where.line if where else None) or 1, rule.title or "", _reason(error))


def _reason(error: Exception) -> str:
    if isinstance(error, SigmaError):
        return ValueError.__str__(error)  # pySigma's own __str__ repeats the file
    return str(error) if isinstance(error, Unsupported) else f"pySigma cannot read it: {error!r}"
