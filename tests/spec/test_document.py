from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from chaoskit.spec import document, gameday
from chaoskit.spec.document import Mapping, Scalar, Sequence, read

if TYPE_CHECKING:
    from pathlib import Path

    from chaoskit.errors import Problem
    from chaoskit.spec.document import Node


@pytest.fixture(params=["CSafeLoader", "SafeLoader"], autouse=True)
def _each_loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML may have been built without libyaml: both must answer alike."""
    monkeypatch.setattr(document, "_LOADER", document.bounded(getattr(yaml, request.param)))
    document._parsed.cache_clear()


def read_text(folder: Path, text: str | bytes) -> tuple[Node | None, list[Problem]]:
    path = folder / "x.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    problems: list[Problem] = []
    return read(path, problems), problems


def plain(node: Node | None) -> Any:
    match node:
        case Scalar(text):
            return text
        case Sequence(items):
            return [plain(item) for item in items]
        case Mapping(items):
            return {key.text: plain(value) for key, value in items}
    return None


def the_problem(folder: Path, text: str | bytes) -> tuple[int, int, str]:
    node, problems = read_text(folder, text)
    (problem,) = problems
    assert node is None
    assert problem.path == str(folder / "x.yaml")
    return problem.line, problem.column, problem.message


def test_scalars_stay_the_text_that_was_written(tmp_path: Path) -> None:
    text = "{a: 012345678901, b: on, c: yes, d: 1_000, e: 0o14, f: 12:30:45, g: 2026-03-01, h: .inf, i: ~}"
    node, problems = read_text(tmp_path, text)
    assert plain(node) == {
        "a": "012345678901",
        "b": "on",
        "c": "yes",
        "d": "1_000",
        "e": "0o14",
        "f": "12:30:45",
        "g": "2026-03-01",
        "h": ".inf",
        "i": "~",
    }
    assert problems == []


def test_a_key_stays_the_text_that_was_written(tmp_path: Path) -> None:
    node, _ = read_text(tmp_path, "on: 1\nno: 2\n012: 3\n")
    assert plain(node) == {"on": "1", "no": "2", "012": "3"}


def test_everything_knows_its_line_and_column(tmp_path: Path) -> None:
    node, _ = read_text(tmp_path, "a: 1\nb:\n  - x\n  - {c: 'y'}\n")
    assert node == Mapping(
        (
            (Scalar("a", True, 1, 1), Scalar("1", True, 1, 4)),
            (
                Scalar("b", True, 2, 1),
                Sequence(
                    (
                        Scalar("x", True, 3, 5),
                        Mapping(((Scalar("c", True, 4, 6), Scalar("y", False, 4, 9)),), 4, 5),
                    ),
                    3,
                    3,
                ),
            ),
        ),
        1,
        1,
    )


def test_an_alias_stands_for_what_it_names(tmp_path: Path) -> None:
    node, _ = read_text(tmp_path, "a: &x [1, 2]\nb: *x\n")
    assert plain(node) == {"a": ["1", "2"], "b": ["1", "2"]}


def test_a_merge_key_is_a_key_like_any_other(tmp_path: Path) -> None:
    node, _ = read_text(tmp_path, "a: &x {b: 1}\nc: {<<: *x}\n")
    assert plain(node) == {"a": {"b": "1"}, "c": {"<<": {"b": "1"}}}


def test_a_tag_makes_nothing_but_the_text_it_stands_before(tmp_path: Path) -> None:
    node, problems = read_text(tmp_path, '!!python/object/apply:os.system ["exit 1"]')
    assert plain(node) == ["exit 1"]
    assert problems == []


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    node, _ = read_text(tmp_path, b"\xef\xbb\xbfid: x\n")
    assert plain(node) == {"id": "x"}


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "\N{ZERO WIDTH NO-BREAK SPACE}"])
def test_an_empty_file_is_told_how_an_experiment_begins(tmp_path: Path, text: str) -> None:
    node, problems = read_text(tmp_path, text)
    if text == "---\n":  # an empty document, not no document
        assert node == Scalar("", True, 2, 1)
    else:
        (problem,) = problems
        assert (problem.line, problem.message) == (1, "the file is empty; an experiment starts with `id:`")


def test_a_key_that_is_given_twice_is_told_where_it_was_first(tmp_path: Path) -> None:
    node, (problem,) = read_text(tmp_path, "a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n")
    assert (problem.line, problem.column, problem.message) == (5, 3, "'c' is given twice, first in line 3")
    assert plain(node) == {"a": "1", "b": {"c": "1", "d": "2"}}


def test_every_doubled_key_is_told(tmp_path: Path) -> None:
    _, problems = read_text(tmp_path, "a: 1\na: 2\nb: {c: 1, c: 2}\na: 3\n")
    assert [(problem.line, problem.column) for problem in problems] == [(2, 1), (3, 11), (4, 1)]


def test_a_key_that_is_no_word_is_told(tmp_path: Path) -> None:
    _, (problem,) = read_text(tmp_path, "a: 1\n? [b, c]\n: 2\n")
    assert (problem.line, problem.column, problem.message) == (2, 3, "a key must be a plain word")


@pytest.mark.parametrize(
    ("raw", "line"), [(b"\xff\xfe", 1), (b"id: x\ntitle: caf\xe9\n", 2), (b"a: 1\n\n\nb: \xc3\n", 4)]
)
def test_a_file_that_is_not_utf_8_is_told_with_its_line(tmp_path: Path, raw: bytes, line: int) -> None:
    assert the_problem(tmp_path, raw) == (line, 1, "the file is not UTF-8 text")


def test_a_tab_that_indents_is_told_with_its_place(tmp_path: Path) -> None:
    told = "indent with spaces: here is a tab"
    assert the_problem(tmp_path, "a:\n  b: 1\n\tc: 2\n") == (3, 1, told)
    assert the_problem(tmp_path, "a:\n  - b\n  \t- c: 2\n") == (3, 3, told)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: [1, 2\nb: 3\n", 2),
        ("a: 'x\n", 2),
        ("a: 1\n---\nb: 2\n", 2),
        ("a: *nowhere\n", 1),
        ("a: b: c\n", 1),
        ("%YAML 1.1\n%YAML 1.1\n---\na: 1\n", 2),
    ],
    ids=["open-list", "open-quote", "two-documents", "unknown-alias", "two-colons", "two-directives"],
)
def test_what_is_not_yaml_is_told_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    found, _, message = the_problem(tmp_path, text)
    assert message.startswith("not valid YAML: ")
    assert "\n" not in message
    assert found == line


def test_a_control_character_is_told_in_one_line(tmp_path: Path) -> None:
    _, _, message = the_problem(tmp_path, "a: b\x00c\n")
    assert message.startswith("not valid YAML: ")
    assert "\n" not in message


def test_a_deeply_nested_document_is_refused(tmp_path: Path) -> None:
    line, column, message = the_problem(tmp_path, "[" * 60 + "]" * 60)
    assert (line, column, message) == (1, 42, "the document is nested too deeply")


def test_a_document_within_bounds_is_not_refused_for_its_depth(tmp_path: Path) -> None:
    node, problems = read_text(tmp_path, "[" * 40 + "]" * 40)
    assert problems == []
    assert isinstance(node, Sequence)


def test_a_list_that_contains_itself_is_refused(tmp_path: Path) -> None:
    _, _, message = the_problem(tmp_path, "a: &a [*a]\n")
    assert message == "the document is nested too deeply"


def test_aliases_that_multiply_are_refused_before_they_are_expanded(tmp_path: Path) -> None:
    levels = [
        f"{name}: &{name} [{', '.join([f'*{inner}'] * 10)}]"
        for inner, name in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    _, _, message = the_problem(tmp_path, "a: &a [1]\n" + "\n".join(levels))
    assert message == "the document is too large once its aliases are expanded"


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    assert the_problem(tmp_path, b"#" * (512 * 1024 + 1)) == (1, 1, "the file is larger than 512 KiB")


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    node, problems = read_text(tmp_path, b"a: 1\n#".ljust(512 * 1024, b"#"))
    assert problems == []
    assert plain(node) == {"a": "1"}


def test_a_named_pipe_is_told_instead_of_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    problems: list[Problem] = []
    assert read(pipe, problems) is None
    assert [problem.message for problem in problems] == ["this is a pipe or a device, not a file"]
    assert not gameday.is_gameday(pipe)


def test_a_file_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    problems: list[Problem] = []
    assert read(tmp_path, problems) is None
    assert [problem.message for problem in problems] == ["the file can't be read: Is a directory"]
