"""Matcher and metric filters against second implementations, on generated events: they must agree."""

from __future__ import annotations

import itertools
import json
import random
from typing import Any

import pytest

from chaoskit.sandbox.detect import EventPattern, PatternIndex, match_event_pattern, match_metric_filter

SEED = 20_240_730
EVENTS = 400
WORDS = (
    "AttachUserPolicy",
    "GetRole",
    "attachuserpolicy",
    "arn:aws:iam::aws:policy/Admin",
    "a",
    "",
    "10.1.2.3",
)
NUMBERS = (-1, 0, 0.5, 7, 7.0, 1e6)
FIELDS = ("eventName", "errorCode", "size", "flag")


def an_event(dice: random.Random) -> dict[str, Any]:
    values = (*WORDS, *NUMBERS, True, False, None)
    detail: dict[str, Any] = {name: dice.choice(values) for name in FIELDS if dice.random() < 0.8}
    if dice.random() < 0.3:
        detail["eventName"] = dice.sample(WORDS, 2)
    return {"source": dice.choice(["aws.iam", "aws.s3"]), "detail": detail}


def an_alternative(dice: random.Random) -> Any:
    word, number = dice.choice(WORDS), dice.choice(NUMBERS)
    part = word[: dice.randint(1, 6)] or "x"
    return dice.choice(
        [
            word,
            number,
            True,
            None,
            {"prefix": part},
            {"suffix": word[-2:] or "x"},
            {"anything-but": [word]},
            {"anything-but": {"prefix": part}},
            {"equals-ignore-case": word},
            {"exists": dice.random() < 0.5},
            {"numeric": [dice.choice(["<", "<=", "=", ">", ">="]), number]},
            {"wildcard": f"{part}*"},
        ]
    )


def a_pattern(dice: random.Random) -> dict[str, Any]:
    names = dice.sample(FIELDS, dice.randint(1, 3))
    detail = {name: [an_alternative(dice) for _ in range(dice.randint(1, 3))] for name in names}
    pattern: dict[str, Any] = {"detail": detail}
    return {"source": ["aws.iam"], **pattern} if dice.random() < 0.5 else pattern


def number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def accepts(wanted: Any, value: Any) -> bool:
    """One alternative against one value, told as the guide tells it."""
    if not isinstance(wanted, dict):
        return bool(wanted == value) and number(wanted) == number(value)
    ((operator, operand),) = wanted.items()
    match operator:
        case "exists":
            return bool(operand)
        case "numeric":
            return number(value) and compared(value, *operand)
        case "anything-but" if isinstance(operand, dict):
            return not isinstance(value, str) or not value.startswith(operand["prefix"])
        case "anything-but":
            return value not in operand
    return (
        isinstance(value, str)
        and {
            "prefix": value[: len(operand)] == operand,
            "suffix": value[-len(operand) :] == operand,
            "wildcard": value[: len(operand) - 1] == operand[:-1],
            "equals-ignore-case": value.lower() == operand.lower(),
        }[operator]
    )


def compared(value: float, sign: str, bound: float) -> bool:
    return {
        "<": value < bound,
        "<=": value <= bound,
        "=": value == bound,
        ">": value > bound,
        ">=": value >= bound,
    }[sign]


def naive(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    for name, wanted in pattern.items():
        if isinstance(wanted, dict):
            if not naive(wanted, event.get(name, {})):
                return False
            continue
        if name not in event:
            if {"exists": False} not in wanted:
                return False
            continue
        values = event[name] if isinstance(event[name], list) else [event[name]]
        if not any(accepts(one, value) for one in wanted for value in values if one != {"exists": False}):
            return False
    return True


def test_the_matcher_and_its_index_agree_with_a_plain_reading_of_the_guide() -> None:
    dice = random.Random(SEED)  # noqa: S311 - a reproducible choice, not a secret
    patterns = [a_pattern(dice) for _ in range(60)]
    index: PatternIndex[int] = PatternIndex()
    for label, pattern in enumerate(patterns):
        index.add(EventPattern(pattern), label)
    hits = 0
    for _ in range(EVENTS):
        event = an_event(dice)
        expected = [label for label, pattern in enumerate(patterns) if naive(pattern, event)]
        hits += len(expected)
        assert index.matching(event) == expected, f"seed {SEED}: {json.dumps(event)}"
        assert [n for n, pattern in enumerate(patterns) if match_event_pattern(pattern, event)] == expected
    assert 1_000 < hits < EVENTS * len(patterns) * 0.9


def flattened(
    node: Any, name: str, inside: dict[int, int], arrays: itertools.count[int]
) -> list[tuple[str, Any, dict[int, int]]]:
    """Every scalar of an event: its dotted name, itself, and which element of which array it is in."""
    if isinstance(node, dict):
        named = [(f"{name}.{key}".lstrip("."), inner) for key, inner in node.items()]
        return [found for key, inner in named for found in flattened(inner, key, inside, arrays)]
    if isinstance(node, list):
        array = next(arrays)
        places = [
            {**inside, array: at} if isinstance(one, dict | list) else inside for at, one in enumerate(node)
        ]
        return [
            found
            for one, place in zip(node, places, strict=True)
            for found in flattened(one, name, place, arrays)
        ]
    return [(name, node, inside)]


def nested(dice: random.Random, depth: int = 3) -> Any:
    if depth == 0 or dice.random() < 0.2:
        return dice.choice(["x", "y", 1, None])
    if dice.random() < 0.5:
        return [nested(dice, depth - 1) for _ in range(dice.randint(0, 3))]
    return {name: nested(dice, depth - 1) for name in "abc" if dice.random() < 0.8}


def consistent(choice: tuple[dict[int, int], ...]) -> bool:
    seen: dict[int, int] = {}
    return all(seen.setdefault(array, at) == at for inside in choice for array, at in inside.items())


def test_fields_in_arrays_of_objects_agree_with_trying_every_choice_of_elements() -> None:
    dice = random.Random(SEED)  # noqa: S311 - a reproducible choice, not a secret
    hits = 0
    for _ in range(10 * EVENTS):
        event = {name: nested(dice) for name in "abc"}
        names = dice.sample(["a.b", "a.c", "a", "b.a", "b.a.c", "a.b.c", "c.b"], dice.randint(1, 3))
        wanted: dict[str, list[Any]] = {
            name: dice.choice([["x"], [1, "y"], [{"exists": True}], [None]]) for name in names
        }
        leaves = flattened(event, "", {}, itertools.count())
        fitting = [
            [
                inside
                for at, value, inside in leaves
                if at == name and any(accepts(one, value) for one in alternatives)
            ]
            for name, alternatives in wanted.items()
        ]
        expected = any(map(consistent, itertools.product(*fitting)))
        hits += expected
        assert match_event_pattern(wanted, event) is expected, f"seed {SEED}: {wanted} {json.dumps(event)}"
    assert hits > EVENTS / 2


@pytest.mark.parametrize("joined", ["&&", "||"])
def test_metric_filters_agree_with_a_plain_reading_of_the_guide(joined: str) -> None:
    dice = random.Random(SEED)  # noqa: S311 - a reproducible choice, not a secret
    words = [word for word in WORDS if word]
    hits = 0
    for _ in range(EVENTS):
        event: dict[str, Any] = {
            "name": dice.choice(words),
            "size": dice.choice(NUMBERS),
            "flag": dice.random() < 0.5,
        }
        name, bound, start = dice.choice(words), dice.choice([-1, 0, 7]), dice.choice(words)[0]
        sign = dice.choice(["<", "<=", ">", ">=", "="])
        terms = [
            (f'($.name = "{name}")', event["name"] == name),
            (f'($.name != "{start}*")', not str(event["name"]).startswith(start)),
            (f"($.size {sign} {bound})", compared(event["size"], sign, bound)),
            ("($.flag IS TRUE)", event["flag"] is True),
            ("($.gone NOT EXISTS)", True),
        ]
        asked = dice.sample(terms, dice.randint(1, 3))
        pattern = "{ " + f" {joined} ".join(text for text, _ in asked) + " }"
        verdicts = [verdict for _, verdict in asked]
        expected = all(verdicts) if joined == "&&" else any(verdicts)
        hits += expected
        assert match_metric_filter(pattern, json.dumps(event)) is expected, f"seed {SEED}: {pattern} {event}"
    assert EVENTS // 10 < hits < EVENTS
