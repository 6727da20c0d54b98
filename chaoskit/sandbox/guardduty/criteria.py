"""Which findings criteria select, in ListFindings and in suppression rules alike.

Source: GuardDuty API Reference, "ListFindings" and "Condition"; User Guide, "Suppression rules in GuardDuty".
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.guardduty.paging import bad_request as _bad

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Finding = Mapping[str, Any]

_MOST = 50
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT")
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "Gt": float.__gt__,
    "GreaterThan": float.__gt__,
    "Gte": float.__ge__,
    "GreaterThanOrEqual": float.__ge__,
    "Lt": float.__lt__,
    "LessThan": float.__lt__,
    "Lte": float.__le__,
    "LessThanOrEqual": float.__le__,
}


def selects(criteria: Mapping[str, Any], finding: Finding) -> bool:
    """Whether a finding meets every condition of a `FindingCriteria`; an empty one selects all."""
    criterion = criteria.get("Criterion") or {}
    return all(_meets(condition, list(_values(finding, name))) for name, condition in criterion.items())


def check(criteria: Mapping[str, Any]) -> None:
    """Refuse criteria that have no condition or too many values.

    Raises:
        ApiError: BadRequestException.
    """
    for name, condition in (criteria.get("Criterion") or {}).items():
        if not any(value is not None for value in condition.values()):
            raise _bad(f"criterion {name} has no condition")
        if any(len(value) > _MOST for value in condition.values() if isinstance(value, list)):
            raise _bad(f"criterion {name} has more than {_MOST} values")


def _meets(condition: Mapping[str, Any], found: Sequence[Any]) -> bool:
    texts = {_text(value) for value in found}
    for name, wanted in condition.items():
        if wanted is None:
            continue
        match name:
            case "Eq" | "Equals":
                holds = bool(texts & set(map(str, wanted)))
            case "Neq" | "NotEquals":
                holds = not texts & set(map(str, wanted))
            case "Matches":
                holds = _like(texts, wanted)
            case "NotMatches":
                holds = not _like(texts, wanted)
            case _:
                compare = _COMPARISONS[name]
                holds = any(compare(_number(value), float(wanted)) for value in found)
        if not holds:
            return False
    return True


def _like(texts: set[str], patterns: Sequence[str]) -> bool:
    """Whether one text matches one pattern, in which `*` stands for anything and `?` for one character."""
    expressions = [
        "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
        for pattern in patterns
    ]
    return any(re.fullmatch(each, text, re.DOTALL) for each in expressions for text in texts)


def _text(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def _number(value: Any) -> float:
    """A number, or a time in milliseconds since 1970, as conditions on `updatedAt` have it."""
    if isinstance(value, str) and _STAMP.match(value):
        return datetime.fromisoformat(value).timestamp() * 1000
    try:
        return float(value)
    except ValueError:
        return float("nan")


def _values(finding: Any, path: str) -> Iterator[Any]:
    """What a finding has at `resource.accessKeyDetails.userName`; keys are spelled `UserName` in it."""
    if isinstance(finding, list):
        for one in finding:
            yield from _values(one, path)
    elif not path:
        if finding is not None:
            yield finding
    elif isinstance(finding, dict):
        name, _, rest = path.partition(".")
        yield from _values(finding.get(name[:1].upper() + name[1:]), rest)
