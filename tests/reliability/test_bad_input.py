"""Mutations of the shipped experiments: every one is read or refused, at once, without a call."""

from __future__ import annotations

import random
import socket
import time
from typing import TYPE_CHECKING, Final

import pytest

from chaoskit import spec
from chaoskit.cli import main
from chaoskit.errors import SpecError
from tests.reliability.world import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.reliability.conftest import Figures, Scale

    Mutation = Callable[[random.Random, bytes], bytes]

SEED: Final = 77_000
HOSTILE: Final = (
    b"null", b"~", b"yes", b"[]", b"{}", b"[[[[", b"}}}", b"!!python/object:os.system x", b"&a", b"*a",
    b"<<: *a", b"9" * 400, b"1e999999", b"-0x1", b".nan", b"2026-01-01", b"${", b"${}",
    b"${sandbox.account", b"${${a}}", b"\xff\xfe", b"\x00", b"\xc3\x28", b"\xef\xbb\xbf",
    b"\xe2\x80\xa8", b"\t", b"'", b'"', b"|", b">", b"%YAML 9.9", b"---", b"...", b"? ", b": ", b"- ",
    b"#", b"\r", b"\\u0000", "é".encode(), "\U0001f600".encode(), b"a" * 5000,
)  # fmt: skip
BOMB: Final = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (now, now, b",".join([b"*%c" % (now - 1)] * 9)) for now in range(ord("b"), ord("k"))
)
WHOLE: Final = (
    BOMB,
    b"[" * 100_000,
    b"{a: " * 50_000,
    b"x" * 10_000_000,
    b"- x\n" * 500_000,
    b"a: &a {b: *a}",
    b"a: &a [*a]",
    b"id: " + b"9" * 500_000,
    b"",
    b"\x00" * 1000,
    bytes(range(256)) * 100,
    "id: x\n".encode("utf-16"),
)


def a_byte(chance: random.Random, text: bytes) -> bytes:
    at = chance.randrange(len(text))
    return text[:at] + bytes([chance.randrange(256)]) + text[at + 1 :]


def a_piece(chance: random.Random, text: bytes) -> bytes:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(HOSTILE) + text[at:]


def a_value(chance: random.Random, text: bytes) -> bytes:
    lines = text.split(b"\n")
    at = chance.randrange(len(lines))
    key, colon, _ = lines[at].partition(b":")
    return b"\n".join([*lines[:at], key + colon + b" " + chance.choice(HOSTILE), *lines[at + 1 :]])


def a_line_less(chance: random.Random, text: bytes) -> bytes:
    lines = text.split(b"\n")
    del lines[chance.randrange(len(lines))]
    return b"\n".join(lines)


def a_line_more(chance: random.Random, text: bytes) -> bytes:
    lines = text.split(b"\n")
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
    return b"\n".join(lines)


def an_indent(chance: random.Random, text: bytes) -> bytes:
    lines = text.split(b"\n")
    at = chance.randrange(len(lines))
    lines[at] = chance.choice([b" " + lines[at], lines[at].lstrip(), b"\t" + lines[at], b"- " + lines[at]])
    return b"\n".join(lines)


def an_end(chance: random.Random, text: bytes) -> bytes:
    return text[: chance.randrange(len(text))]


def two_in_one(chance: random.Random, text: bytes) -> bytes:
    return text + chance.choice([b"", b"---\n", b"...\n"]) + text


MUTATIONS: Final[tuple[Mutation, ...]] = (
    a_byte, a_piece, a_value, a_line_less, a_line_more, an_indent, an_end, two_in_one,
)  # fmt: skip


@pytest.fixture(autouse=True)
def no_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a call was made")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def mutated(folder: Path, seed: int) -> Path:
    """A shipped file, under its own name, with some things changed."""
    chance = random.Random(seed)  # noqa: S311 - a seed makes the run repeatable
    shipped = chance.choice(sorted(SHIPPED.rglob("*.yaml")))
    text = shipped.read_bytes()
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        text = chance.choice(MUTATIONS)(chance, text) or b"x"
    path = folder / shipped.name
    path.write_bytes(text)
    return path


def read(path: Path, told: str) -> tuple[bool, float]:
    """Whether it was refused, and how long that took; any other exception fails the test."""
    began = time.perf_counter()
    try:
        spec.load([path])
    except SpecError as error:
        if any("\n" in str(problem) for problem in error.problems):
            raise AssertionError(told) from error
        return True, time.perf_counter() - began
    except BaseException as error:
        error.add_note(told)
        raise
    return False, time.perf_counter() - began


def test_a_mutated_experiment_is_read_or_refused_in_sentences(
    tmp_path: Path, scale: Scale, figures: Figures
) -> None:
    count, refused, slowest = scale(300, 20_000), 0, 0.0
    for seed in range(SEED, SEED + count):
        bad, took = read(mutated(tmp_path, seed), f"seed {seed}")
        refused, slowest = refused + bad, max(slowest, took)
    assert 0 < refused < count
    figures(f"bad input: {count} mutations from seed {SEED}, {refused} refused, slowest {slowest:.3f} s")


@pytest.mark.parametrize("number", range(len(WHOLE)))
def test_a_hostile_file_is_refused(tmp_path: Path, figures: Figures, number: int) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(WHOLE[number])
    refused, took = read(path, f"file {number}: {WHOLE[number][:40]!r}")
    assert refused
    figures(f"bad input: hostile file {number} refused in {took:.3f} s")


def test_the_command_line_tells_of_bad_input_in_lines_that_name_the_place(
    tmp_path: Path, scale: Scale, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in range(SEED, SEED + scale(20, 1000)):
        path = mutated(tmp_path, seed)
        with pytest.raises(SystemExit) as ended:
            main(["validate", str(path)])
        told = capsys.readouterr().err.removeprefix("chaoskit: ")
        assert ended.value.code == (2 if told else 0), f"seed {seed}"
        assert all(line.startswith(f"{path}:") for line in told.splitlines()), f"seed {seed}: {told}"
