"""The conditions of `aws:branch` choices and of a loop's `LoopCondition`.

Source: Systems Manager User Guide, "Using conditional statements in runbooks".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.automation.values import ConversionError, Type, convert, resolve, shown, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chaoskit.sandbox.automation.source import Path


def _number(value: object) -> float:
    if isinstance(value, bool):
        raise ConversionError(f"{shown(value)} is not a number")
    try:
        return float(text(value))
    except ValueError:
        raise ConversionError(f"{shown(value)} is not a number") from None


def _boolean(value: object) -> bool:
    return bool(convert(value, Type.BOOLEAN))


OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "StringEquals": lambda left, right: text(left) == text(right),
    "EqualsIgnoreCase": lambda left, right: text(left).casefold() == text(right).casefold(),
    "StartsWith": lambda left, right: text(left).startswith(text(right)),
    "EndsWith": lambda left, right: text(left).endswith(text(right)),
    "Contains": lambda left, right: text(right) in text(left),
    "NumericEquals": lambda left, right: _number(left) == _number(right),
    "NumericGreater": lambda left, right: _number(left) > _number(right),
    "NumericLesser": lambda left, right: _number(left) < _number(right),
    "NumericGreaterOrEquals": lambda left, right: _number(left) >= _number(right),
    "NumericLesserOrEquals": lambda left, right: _number(left) <= _number(right),
    "BooleanEquals": lambda left, right: _boolean(left) == _boolean(right),
}

COMPOUNDS = ("And", "Or", "Not")


def problems(
    condition: object, path: Path, beside: frozenset[str] = frozenset()
) -> Iterator[tuple[Path, str]]:
    """What is wrong with a condition; `beside` are the other keys that may stand next to it."""
    if not isinstance(condition, dict):
        yield path, "a condition must be a mapping"
        return
    compounds = [key for key in COMPOUNDS if key in condition]
    operators = [key for key in condition if key in OPERATORS]
    for key in condition:
        if key not in OPERATORS and key not in COMPOUNDS and key != "Variable" and key not in beside:
            yield (
                (*path, str(key)),
                f"{key!r} is no operation; use one of {', '.join((*OPERATORS, *COMPOUNDS))}",
            )
    if len(compounds) + bool("Variable" in condition or operators) != 1:
        yield path, "a condition holds either a Variable with one operation, or one of And, Or, Not"
    elif not compounds:
        if "Variable" not in condition:
            yield path, "a condition needs a Variable"
        if len(operators) != 1:
            yield path, f"a condition needs exactly one operation, this has {len(operators)}"
    else:
        yield from _inside(condition[compounds[0]], compounds[0], (*path, compounds[0]))


def _inside(value: object, compound: str, path: Path) -> Iterator[tuple[Path, str]]:
    if compound == "Not":
        yield from problems(value, path)
    elif not isinstance(value, list) or not value:
        yield path, f"{compound} takes a list of conditions"
    else:
        for index, inner in enumerate(value):
            yield from problems(inner, (*path, index))


def holds(condition: Mapping[str, Any], look_up: Callable[[str], Any]) -> bool:
    """Whether a checked condition is true; ConversionError when a side is not of the operation's type."""
    if "And" in condition:
        return all(holds(inner, look_up) for inner in condition["And"])
    if "Or" in condition:
        return any(holds(inner, look_up) for inner in condition["Or"])
    if "Not" in condition:
        return not holds(condition["Not"], look_up)
    operator = next(key for key in condition if key in OPERATORS)
    left, right = resolve(condition["Variable"], look_up), resolve(condition[operator], look_up)
    return OPERATORS[operator](left, right)
