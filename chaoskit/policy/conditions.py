"""The Condition element: operators, qualifiers, `IfExists` and `Null`, in three-valued truth.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for multivalued
context keys".
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from chaoskit.policy import values as read
from chaoskit.policy.globs import Wild, any_of, arn_glob, glob
from chaoskit.policy.truth import UNKNOWN, Lookup, Truth, every, opposite, some
from chaoskit.policy.variables import literal_template, template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chaoskit.policy.globs import Matcher, Parts
    from chaoskit.policy.variables import Template

Condition: TypeAlias = Callable[[Lookup], Truth]


class Qualifier(Enum):
    """How an operator treats a key with several values."""

    NONE = ""
    ALL = "forallvalues"
    ANY = "foranyvalue"


@dataclass(frozen=True, slots=True)
class Comparison:
    """How one value of a policy is turned into a matcher, and where wildcards and variables count."""

    matcher: Callable[[Parts], Matcher]
    wildcards: bool = False
    variables: bool = False
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Operator:
    """A condition operator's name, taken apart."""

    comparison: Comparison | None
    negated: bool
    qualifier: Qualifier
    if_exists: bool

    @property
    def is_null_check(self) -> bool:
        """Whether this is `Null`, which compares presence instead of values."""
        return self.comparison is None


def parse_operator(name: str) -> Operator | None:
    """Read e.g. `ForAllValues:StringNotLikeIfExists`; None when AWS has no such operator."""
    prefix, _, rest = name.rpartition(":")
    base = rest.lower()
    if_exists = base.endswith("ifexists")
    base = base.removesuffix("ifexists")
    try:
        qualifier = Qualifier(prefix.lower())
    except ValueError:
        return None
    if base == "null":
        plain = qualifier is Qualifier.NONE and not if_exists
        return Operator(None, negated=False, qualifier=qualifier, if_exists=False) if plain else None
    found = _OPERATORS.get(base)
    if found is None:
        return None
    comparison, negated = found
    return Operator(comparison, negated, qualifier, if_exists)


def compile_condition(op: Operator, key: str, wanted: Sequence[str], *, variables: bool) -> Condition:
    """One operator, key and its values; `variables` is true for Version 2012-10-17."""
    if op.comparison is None:
        return _null_check(key, wanted)
    comparison = op.comparison
    read_text = template if variables and comparison.variables else literal_template
    templates = [read_text(text, wildcards=comparison.wildcards) for text in wanted]
    fixed = [parts for one in templates if (parts := one.fixed) is not None]
    moving = [one for one in templates if one.fixed is None]
    accepts = _any_of(comparison, fixed)
    if not moving:
        return _fixed(op, key, accepts)
    return _Moving(op, key, key.lower(), accepts, comparison, tuple(moving))


def _null_check(key: str, wanted: Sequence[str]) -> Condition:
    lowered = key.lower()
    answers = {read.boolean(text) for text in wanted}

    def test(lookup: Lookup) -> Truth:
        found = lookup(lowered)
        if found is UNKNOWN:
            return answers >= {True, False} or frozenset({key})
        return (not found) in answers

    return test


def _any_of(comparison: Comparison, patterns: Sequence[Parts]) -> Matcher:
    if comparison.exact:
        texts = frozenset("".join(map(str, parts)) for parts in patterns)
        return texts.__contains__
    return any_of([comparison.matcher(parts) for parts in patterns])


def _fixed(op: Operator, key: str, accepts: Matcher) -> Condition:
    """A condition whose values hold no variable: the common, fast one."""
    lowered = key.lower()
    negated, qualifier, missing = op.negated, op.qualifier, _when_missing(op)
    undecided = frozenset({key})

    def test(lookup: Lookup) -> Truth:
        found = lookup(lowered)
        if found is UNKNOWN:
            return undecided
        if not found:
            return missing
        if qualifier is Qualifier.NONE:
            if len(found) == 1:
                return accepts(found[0]) is not negated
            return any(map(accepts, found)) is not negated
        if not any(found):
            return qualifier is Qualifier.ALL
        if qualifier is Qualifier.ALL:
            return all(accepts(value) is not negated for value in found)
        return any(accepts(value) is not negated for value in found)

    return test


@dataclass(frozen=True, slots=True)
class _Moving:
    """A condition with variables; a variable without a value matches nothing."""

    op: Operator
    key: str
    lowered: str
    accepts: Matcher
    comparison: Comparison
    templates: tuple[Template, ...]

    def __call__(self, lookup: Lookup) -> Truth:
        found = lookup(self.lowered)
        if found is UNKNOWN:
            return frozenset({self.key})
        if not found:
            return _when_missing(self.op)
        op = self.op
        if op.qualifier is not Qualifier.NONE and not any(found):
            return op.qualifier is Qualifier.ALL
        resolved = [one.resolve(lookup) for one in self.templates]
        unknown: frozenset[str] = frozenset().union(*(x for x in resolved if isinstance(x, frozenset)))
        matchers = [self.comparison.matcher(x) for x in resolved if isinstance(x, tuple)]

        def matched(value: str) -> Truth:
            if self.accepts(value) or any(matches(value) for matches in matchers):
                return True
            return unknown or False

        if op.qualifier is Qualifier.NONE:
            truth = some(map(matched, found))
            return opposite(truth) if op.negated else truth
        each = (opposite(matched(value)) if op.negated else matched(value) for value in found)
        return every(each) if op.qualifier is Qualifier.ALL else some(each)


def _when_missing(op: Operator) -> bool:
    """What an operator says about a key that the request does not have.

    `ForAnyValue` is false even when negated: "For no matching key or a null dataset, the condition returns
    false". Every other negated operator is true, and `IfExists` always is.
    """
    if op.if_exists or op.qualifier is Qualifier.ALL:
        return True
    return op.negated and op.qualifier is Qualifier.NONE


def _text(parts: Parts) -> str:
    return "".join(part.value if isinstance(part, Wild) else part for part in parts)


def _ignoring_case(parts: Parts) -> Matcher:
    wanted = _text(parts).lower()
    return lambda text: text.lower() == wanted


def _typed(reader: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> Callable[[Parts], Matcher]:
    """Compare what both texts stand for: `compare(value of the request, value of the policy)`."""

    def matcher(parts: Parts) -> Matcher:
        wanted = reader(_text(parts))
        if wanted is None:
            return lambda _text: False
        return lambda text: (value := reader(text)) is not None and compare(value, wanted)

    return matcher


def _in_network(parts: Parts) -> Matcher:
    wanted = read.network(_text(parts))
    if wanted is None:
        return lambda _text: False
    return lambda text: (value := read.address(text)) is not None and value in wanted


def _comparisons() -> Mapping[str, tuple[Comparison, bool]]:
    text = Comparison(glob, variables=True, exact=True)
    folded = Comparison(_ignoring_case, variables=True)
    like = Comparison(glob, wildcards=True, variables=True)
    arn = Comparison(arn_glob, wildcards=True, variables=True)
    network = Comparison(_in_network)
    table = {
        "stringequals": (text, False),
        "stringnotequals": (text, True),
        "stringequalsignorecase": (folded, False),
        "stringnotequalsignorecase": (folded, True),
        "stringlike": (like, False),
        "stringnotlike": (like, True),
        "arnequals": (arn, False),
        "arnlike": (arn, False),
        "arnnotequals": (arn, True),
        "arnnotlike": (arn, True),
        "ipaddress": (network, False),
        "notipaddress": (network, True),
        "bool": (Comparison(_typed(read.boolean, operator.eq), variables=True), False),
        "binaryequals": (Comparison(_typed(read.binary, operator.eq)), False),
    }
    orders: dict[str, Callable[[Any, Any], bool]] = {
        "equals": operator.eq,
        "lessthan": operator.lt,
        "lessthanequals": operator.le,
        "greaterthan": operator.gt,
        "greaterthanequals": operator.ge,
    }
    readers: dict[str, Callable[[str], Any]] = {"numeric": read.number, "date": read.date}
    for prefix, reader in readers.items():
        for suffix, compare in orders.items():
            table[prefix + suffix] = (Comparison(_typed(reader, compare)), False)
        table[prefix + "notequals"] = (Comparison(_typed(reader, operator.eq)), True)
    return table


_OPERATORS: Final = _comparisons()
