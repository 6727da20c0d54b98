"""A rule's condition, compiled to one test of a record, with the values that the record must have for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sigma.conditions import (
    ConditionAND,
    ConditionIdentifier,
    ConditionNOT,
    ConditionOR,
    ConditionSelector,
)
from sigma.rule import SigmaDetection
from sigma.types import SigmaString

from chaoskit.detect.sigma.errors import Unsupported
from chaoskit.detect.sigma.record import Field
from chaoskit.detect.sigma.texts import exact
from chaoskit.detect.sigma.values import compile_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sigma.policy.regex_engine import RegexEngine
    from sigma.rule import SigmaDetectionItem, SigmaDetections
    from sigma.types import SigmaType

    from chaoskit.detect.sigma.record import Record
    from chaoskit.detect.sigma.values import Predicate


@dataclass(frozen=True, slots=True)
class Node:
    """A test of a record; `only` names for some fields the texts, in lower case, without which it fails."""

    holds: Predicate
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)


def compile_detections(detections: SigmaDetections, engine: RegexEngine) -> Node:
    """Compile the conditions of a rule; several of them are alternatives.

    Raises:
        Unsupported: With all detections that it names in vain and all values that cannot be evaluated.
        SigmaError: pySigma cannot parse a condition.
    """
    if not all(isinstance(one, str) for one in detections.condition):
        raise Unsupported("the condition must be a text")
    compiler = _Compiler(detections, engine)
    conditions = [compiler.condition(one.parse(postprocess=False)) for one in detections.parsed_condition]
    if compiler.reasons:
        raise Unsupported(*dict.fromkeys(compiler.reasons))
    return _either(conditions)


class _Compiler:
    def __init__(self, detections: SigmaDetections, engine: RegexEngine) -> None:
        self._detections = detections
        self._engine = engine
        self.reasons: list[str] = []

    def _refused(self, reason: str) -> Node:
        """Note what is wrong and go on, to find the rest of it."""
        self.reasons.append(reason)
        return Node(lambda _: False)

    def condition(self, node: object) -> Node:
        match node:
            case ConditionSelector():
                named = node.resolve_referenced_detections(self._detections)
                if not named:
                    return self._refused(f"'{' of '.join(node.args)}' fits no detection")
                parts = [self.condition(one) for one in named]
                return _both(parts) if node.cond_class is ConditionAND else _either(parts)
            case ConditionIdentifier():
                found = self._detections.detections.get(node.identifier)
                if found is None:
                    return self._refused(
                        f"the condition names '{node.identifier}', which is not among the detections"
                    )
                return self.detection(found)
            case ConditionAND():
                return _both([self.condition(one) for one in node.args])
            case ConditionOR():
                return _either([self.condition(one) for one in node.args])
            case ConditionNOT():
                return _negated(self.condition(node.args[0]))
            case _:
                return self._refused(f"the condition has a part that cannot be evaluated: {node}")

    def detection(self, detection: SigmaDetection) -> Node:
        parts = [
            self.detection(one) if isinstance(one, SigmaDetection) else self.item(one)
            for one in detection.detection_items
        ]
        return _both(parts) if detection.item_linking is ConditionAND else _either(parts)

    def item(self, item: SigmaDetectionItem) -> Node:
        where = Field.named(item.field)
        if not item.value:
            if item.field is None:
                return self._refused("a list of keywords is empty")
            node = Node(lambda record: not record.values(where))
        elif item.value_linking is ConditionAND:
            node = _both([self._any_of([value], item, where) for value in item.value])
        else:
            node = self._any_of(item.value, item, where)
        return _negated(node) if item.negated else node

    def _any_of(self, values: Sequence[SigmaType], item: SigmaDetectionItem, where: Field) -> Node:
        """One look at a set for the plain texts, then the other values one by one."""
        plain: set[str] = set()
        tests: list[Predicate] = []
        for value in values:
            try:
                text = exact(value) if type(value) is SigmaString and where.name is not None else None
                if text is None:
                    tests.append(compile_value(value, item, where, self._engine))
                else:
                    plain.add(text.lower())
            except Unsupported as problem:
                self.reasons += problem.reasons
        texts = frozenset(plain)
        if not tests:
            only = {} if where.name is None else {where.name: texts}
            return Node(lambda record: not texts.isdisjoint(record.lowered(where)), only)
        if texts:
            tests.insert(0, lambda record: not texts.isdisjoint(record.lowered(where)))
        return _either([Node(test) for test in tests])


def _both(nodes: Sequence[Node]) -> Node:
    if len(nodes) == 1:
        return nodes[0]
    only: dict[str, frozenset[str]] = {}
    for node in nodes:
        for name, texts in node.only.items():
            if name not in only or len(texts) < len(only[name]):
                only[name] = texts
    # What an index has looked at already comes first: it is known, and cheap to fail on.
    tests = [node.holds for node in sorted(nodes, key=lambda node: not node.only)]

    def all_hold(record: Record) -> bool:
        for test in tests:  # noqa: SIM110 - all() with a generator takes half as long again
            if not test(record):
                return False
        return True

    return Node(all_hold, only)


def _either(nodes: Sequence[Node]) -> Node:
    if len(nodes) == 1:
        return nodes[0]
    shared = set.intersection(*(set(node.only) for node in nodes))
    only = {name: frozenset().union(*(node.only[name] for node in nodes)) for name in shared}
    tests = [node.holds for node in nodes]

    def one_holds(record: Record) -> bool:
        for test in tests:  # noqa: SIM110 - any() with a generator takes half as long again
            if test(record):
                return True
        return False

    return Node(one_holds, only)


def _negated(node: Node) -> Node:
    return Node(lambda record: not node.holds(record))
