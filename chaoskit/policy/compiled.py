"""Policies made ready to match: matchers built once, statements found by action."""

from __future__ import annotations

import json
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final, TypeAlias

from chaoskit.policy.conditions import compile_condition
from chaoskit.policy.document import read_document
from chaoskit.policy.globs import any_of, glob, resource_glob, split_wildcards
from chaoskit.policy.principals import Grant, read_principals
from chaoskit.policy.truth import Truth, every, opposite, some
from chaoskit.policy.variables import Template, literal_template, template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.policy.conditions import Condition
    from chaoskit.policy.context import Query
    from chaoskit.policy.document import Document
    from chaoskit.policy.document import Statement as StatementText
    from chaoskit.policy.globs import Matcher
    from chaoskit.policy.kinds import Kind
    from chaoskit.policy.principals import Principals

ResourceTest: TypeAlias = Callable[["Query"], Truth]

_REMEMBERED_ACTIONS: Final = 2048
_RESOURCE_PART: Final = 5


@dataclass(frozen=True, slots=True)
class Statement:
    """A compiled statement; `candidates` of its policy has matched the action already.

    `unconditional` tells that it matches every request of its actions.
    """

    sid: str
    allows: bool
    covers_resource: ResourceTest | None
    principals: Principals | None
    principals_negated: bool
    conditions: tuple[Condition, ...]
    unconditional: bool

    def matches(self, query: Query, *, bounded: bool) -> Truth:
        """Whether the statement is about this request; `bounded`: the caller has a permissions boundary."""
        named = self._names(query, bounded=bounded)
        if named is False:
            return False
        covers = self.covers_resource
        here = named if covers is None else covers(query)
        if here is False:
            return False
        if named is not True:
            here = every((named, here))
        lookup = query.lookup
        for condition in self.conditions:
            truth = condition(lookup)
            if truth is False:
                return False
            if truth is not True:
                here = every((here, truth))
        return here

    def grant(self, query: Query) -> Grant:
        """How far this statement's Allow reaches, once it matches."""
        if self.principals is None or self.principals_negated:
            return Grant.DIRECT
        return self.principals.grant(query)

    def doubts(self, query: Query) -> frozenset[str]:
        """The unknown keys that could make this statement's Allow reach further than `grant` tells."""
        if self.principals is None or self.principals_negated:
            return frozenset()
        return self.principals.doubts(query)

    def _names(self, query: Query, *, bounded: bool) -> Truth:
        principals = self.principals
        if principals is None:
            return True
        if not self.principals_negated:
            return principals.grant(query) is not Grant.NONE or principals.doubts(query) or False
        if self.allows:
            return not principals.excludes(query) and (principals.doubts(query) or True)
        return not principals.spares(query, bounded=bounded) and (principals.doubts(query) or True)


@dataclass(slots=True)
class Hit:
    """A statement that matches, or may match, a request, and how far its grant reaches."""

    policy: Policy
    statement: Statement
    grant: Grant = Grant.DIRECT
    truth: Truth = True


Candidates: TypeAlias = "tuple[tuple[Hit, ...], tuple[Hit, ...]]"
"""Statements as the hits they are when they surely match: those that deny, and those that allow."""


class Policy:
    """A compiled policy. Safe to share between threads."""

    __slots__ = ("_always", "_by_service", "_exact", "_remembered", "_statements", "kind", "name")

    def __init__(self, document: Document, name: str) -> None:
        self.kind: Kind = document.kind
        self.name = name
        self._statements = tuple(
            _compile_statement(text, variables=document.variables) for text in document.statements
        )
        self._exact: dict[str, set[int]] = defaultdict(set)
        self._by_service: dict[str, list[tuple[Matcher, int]]] = defaultdict(list)
        self._always: list[tuple[Matcher, int]] = []
        for place, text in enumerate(document.statements):
            self._index(text, place)
        self._remembered: dict[str, Candidates] = {}

    def __repr__(self) -> str:
        return f"<Policy {self.name or self.kind} with {len(self._statements)} statements>"

    def candidates(self, action: str) -> Candidates:
        """The denying and the allowing statements that are about a lower-case action.

        The answer is remembered, so that later requests pay only for the statements that matter to them.
        """
        found = self._remembered.get(action)
        if found is None:
            found = self._find(action)
            if len(self._remembered) >= _REMEMBERED_ACTIONS:
                self._remembered.clear()
            self._remembered[action] = found
        return found

    def _index(self, text: StatementText, place: int) -> None:
        patterns = [pattern.lower() for pattern in text.actions]
        if text.actions_negated:
            excluded = [glob(split_wildcards(pattern)) for pattern in patterns]
            self._always.append((lambda action: not any(match(action) for match in excluded), place))
            return
        for pattern in patterns:
            parts = split_wildcards(pattern)
            service, colon, _ = pattern.partition(":")
            if parts == (pattern,):
                self._exact[pattern].add(place)
            elif colon and service != "*":
                self._by_service[service].append((glob(parts), place))
            else:
                self._always.append((glob(parts), place))

    def _find(self, action: str) -> Candidates:
        places = set(self._exact.get(action, ()))
        for match, place in (*self._by_service.get(action.partition(":")[0], ()), *self._always):
            if place not in places and match(action):
                places.add(place)
        found = [Hit(self, self._statements[place]) for place in sorted(places)]
        return (
            tuple(hit for hit in found if not hit.statement.allows),
            tuple(hit for hit in found if hit.statement.allows),
        )


def compile_policy(document: str | Mapping[str, object], kind: Kind, name: str = "") -> Policy:
    """Check and compile a document, given as JSON text or as an object.

    Args:
        document: The policy.
        kind: What it is used as; the rules differ.
        name: What decisions call it.

    Raises:
        MalformedPolicyDocument: AWS would refuse the document as a policy of this kind.
    """
    return Policy(read_document(document, kind), name)


class PolicyCache:
    """Compiled policies, remembered by content, kind and name; the least recently used are dropped."""

    def __init__(self, size: int = 4096) -> None:
        self._size = size
        self._policies: OrderedDict[tuple[str, Kind, str], Policy] = OrderedDict()
        self._lock = Lock()

    def compile(self, document: str | Mapping[str, object], kind: Kind, name: str = "") -> Policy:
        """As `compile_policy`. Malformed documents are not remembered."""
        text = document if isinstance(document, str) else _as_text(document)
        if text is None:
            return compile_policy(document, kind, name)
        key = (text, kind, name)
        with self._lock:
            found = self._policies.get(key)
            if found is not None:
                self._policies.move_to_end(key)
                return found
        compiled = compile_policy(document, kind, name)
        with self._lock:
            self._policies[key] = compiled
            if len(self._policies) > self._size:
                self._policies.popitem(last=False)
        return compiled


def _as_text(document: Mapping[str, object]) -> str | None:
    """The object as JSON; None when it can't be JSON, which compiling will explain."""
    try:
        return json.dumps(document)
    except (TypeError, ValueError, RecursionError):
        return None


def _compile_statement(text: StatementText, *, variables: bool) -> Statement:
    resources = None
    if text.resources is not None and (text.resources_negated or "*" not in text.resources):
        resources = _resource_test(text.resources, negated=text.resources_negated, variables=variables)
    conditions = tuple(
        compile_condition(one.op, one.key, one.values, variables=variables) for one in text.conditions
    )
    return Statement(
        sid=text.sid,
        allows=text.allows,
        covers_resource=resources,
        principals=None if text.principals is None else read_principals(text.principals),
        principals_negated=text.principals_negated,
        conditions=conditions,
        unconditional=resources is None and text.principals is None and not conditions,
    )


def _resource_test(texts: tuple[str, ...], *, negated: bool, variables: bool) -> ResourceTest:
    templates = [_resource_template(text, variables=variables) for text in texts]
    covers = any_of([resource_glob(parts) for one in templates if (parts := one.fixed) is not None])
    moving = [one for one in templates if one.fixed is None]
    if not moving:
        return lambda query: covers(query.resource) is not negated

    def test(query: Query) -> Truth:
        if covers(query.resource):
            return not negated
        truth = some(_resolved_match(one, query) for one in moving)
        return opposite(truth) if negated else truth

    return test


def _resolved_match(one: Template, query: Query) -> Truth:
    """A variable without a value makes its pattern match no resource."""
    parts = one.resolve(query.lookup)
    if parts is None:
        return False
    return parts if isinstance(parts, frozenset) else resource_glob(parts)(query.resource)


def _resource_template(text: str, *, variables: bool) -> Template:
    """Variables count only after the fifth colon (IAM User Guide, "Where you can use policy variables")."""
    if text.startswith("execute-api:/"):
        text = f"arn:*:execute-api:*:*:*{text.removeprefix('execute-api:')}"
    segments = text.split(":", _RESOURCE_PART)
    if not variables or len(segments) <= _RESOURCE_PART:
        return literal_template(text, wildcards=True)
    head = literal_template(":".join(segments[:_RESOURCE_PART]) + ":", wildcards=True)
    return Template(head.parts + template(segments[_RESOURCE_PART], wildcards=True).parts)
