from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest

from chaoskit.slo import Duration
from chaoskit.spec.document import Mapping, Scalar, Sequence
from chaoskit.spec.values import BAD, Bad, Reader, one_of, shown

if TYPE_CHECKING:
    from chaoskit.errors import Problem

VARIABLES = {"sandbox.account": "012345678901", "workload.training_role": "training", "empty": ""}


def text(value: str, *, plain: bool = True) -> Scalar:
    return Scalar(value, plain, 3, 7)


def read(value: str, kind: Any, *, plain: bool = True) -> tuple[Any, list[str]]:
    problems: list[Problem] = []
    found = Reader("x.yaml", VARIABLES, problems).value(text(value, plain=plain), kind, "what")
    assert all((p.path, p.line, p.column) == ("x.yaml", 3, 7) for p in problems)
    assert isinstance(found, Bad) is bool(problems)
    return found, [problem.message for problem in problems]


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("012345678901", str, "012345678901"),
        ("on", str, "on"),
        ("yes", str, "yes"),
        ("1.0", str, "1.0"),
        ("12", int, 12),
        ("-3", int, -3),
        ("1.5", float, 1.5),
        ("2", float, 2.0),
        ("true", bool, True),
        ("false", bool, False),
        ("1h30m", Duration, Duration(5400)),
        ("read", Literal["read", "write"], "read"),
        ("x", str | None, "x"),
        ("5m", Duration | None, Duration(300)),
    ],
)
def test_a_value_is_read_as_the_parameter_declares(value: str, kind: Any, expected: object) -> None:
    found, problems = read(value, kind)
    assert (found, problems) == (expected, [])
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        ("many", int, "what must be a whole number, not 'many'"),
        ("1.5", int, "what must be a whole number, not '1.5'"),
        ("1_000", int, "what must be a whole number, not '1_000'"),
        ("9" * 16, int, "what must be a whole number, not '9999999999999999'"),
        ("1e3", float, "what must be a number, not '1e3'"),
        (".inf", float, "what must be a number, not '.inf'"),
        ("yes", bool, "what must be true or false, not 'yes'"),
        ("on", bool, "what must be true or false, not 'on'"),
        ("60", Duration, "what must be a duration such as 60s or 1h30m, not '60'"),
        ("9999999999d", Duration, "what '9999999999d' is too long: at most 3650d, and nine digits a number"),
        ("3651d", Duration, "what '3651d' is too long: at most 3650d, and nine digits a number"),
        ("raed", Literal["read", "write"], "what can't be 'raed'; did you mean read?"),
        ("zzz", Literal["read", "write"], "what can't be 'zzz'; known are read, write"),
        ("", str, "what must be a text, not empty"),
        ("~", str, "what must be a text, not '~'"),
        ("null", str, "what must be a text, not 'null'"),
    ],
)
def test_a_value_of_another_kind_is_refused_in_words(value: str, kind: Any, message: str) -> None:
    assert read(value, kind)[1] == [message]


@pytest.mark.parametrize("value", ["", "~", "null"])
def test_quoted_nothing_is_a_text(value: str) -> None:
    assert read(value, str, plain=False) == (value, [])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${sandbox.account}", "012345678901"),
        (
            "arn:aws:iam::${sandbox.account}:role/${workload.training_role}",
            "arn:aws:iam::012345678901:role/training",
        ),
        ("$${aws:username}", "${aws:username}"),
        ("home/$${aws:username}/${workload.training_role}", "home/${aws:username}/training"),
        ("$5 and $", "$5 and $"),
        ("${", "${"),
    ],
)
def test_names_are_filled_in_and_an_escaped_one_is_left(value: str, expected: str) -> None:
    assert read(value, str) == (expected, [])


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("${workload.traning_role}", "; did you mean workload.training_role?"),
        ("${aws:username}", "; known are empty, sandbox.account, workload.training_role"),
    ],
)
def test_an_unknown_name_is_told_with_the_one_that_was_meant(value: str, hint: str) -> None:
    (problem,) = read(value, str)[1]
    assert problem.startswith(f"nothing is called {value}{hint}")
    assert problem.endswith("(write $${ for a literal ${)")


def test_every_unknown_name_in_a_value_is_told() -> None:
    assert len(read("${a}/${b}/${sandbox.account}", str)[1]) == 2


def test_what_a_name_stands_for_is_not_filled_in_again() -> None:
    problems: list[Problem] = []
    reader = Reader("x.yaml", {"a": "${b}", "b": "c"}, problems)
    assert reader.value(text("${a}"), str, "what") == "${b}"
    assert problems == []


def test_a_name_that_stands_for_nothing_is_no_value() -> None:
    assert read("${empty}", str)[1] == ["what must be a text, not empty"]


def test_a_list_is_read_item_by_item() -> None:
    problems: list[Problem] = []
    items = Sequence((Scalar("a", True, 1, 1), Scalar("~", True, 2, 5), Scalar("null", True, 3, 5)), 1, 1)
    assert Reader("x.yaml", {}, problems).value(items, tuple[str, ...], "names") is BAD
    assert [(p.line, p.message) for p in problems] == [
        (2, "an item of names must be a text, not '~'"),
        (3, "an item of names must be a text, not 'null'"),
    ]


def test_one_value_is_no_list() -> None:
    assert read("444455556666", tuple[str, ...])[1] == ["what must be a list: put `- ` before each item"]


@pytest.mark.parametrize(("node", "word"), [(Mapping((), 1, 1), "mapping"), (Sequence((), 1, 1), "sequence")])
def test_a_list_or_mapping_is_no_single_value(node: Mapping | Sequence, word: str) -> None:
    problems: list[Problem] = []
    assert Reader("x.yaml", {}, problems).value(node, Duration, "within") is BAD
    assert [p.message for p in problems] == [f"within must be a duration such as 60s, not a {word}"]


def test_unknown_and_missing_keys_are_all_told() -> None:
    problems: list[Problem] = []
    value = Scalar("1", True, 9, 9)
    pairs = tuple((Scalar(key, True, line, 1), value) for line, key in enumerate(("id", "tilte", "x"), 1))
    keys = Reader("x.yaml", {}, problems).mapping(
        Mapping(pairs, 1, 1), "an experiment", ("id", "title", "owner"), ("id", "title", "owner")
    )
    assert keys == {"id": value}
    assert [(p.line, p.message) for p in problems] == [
        (2, "an experiment has no 'tilte'; did you mean title?"),
        (3, "an experiment has no 'x'; known are id, owner, title"),
        (1, "an experiment lacks title, owner"),
    ]


def test_what_is_no_mapping_is_told() -> None:
    problems: list[Problem] = []
    assert isinstance(Reader("x.yaml", {}, problems).mapping(text("x"), "maps", ("a",)), Bad)
    assert [p.message for p in problems] == ["maps must be a mapping of `key: value` lines"]


def test_a_long_text_is_shown_in_part() -> None:
    assert shown("a" * 61) == repr("a" * 60 + "…")
    assert shown("a" * 60) == repr("a" * 60)


def test_a_text_is_shown_on_one_line() -> None:
    assert shown("a\nb\x1b[31m") == r"'a\nb\x1b[31m'"


def test_without_names_there_is_no_hint() -> None:
    assert one_of("x", []) == ""
