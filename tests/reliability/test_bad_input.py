"""Bad files: every one is read or refused, at once, without a call."""

from __future__ import annotations

import random
import socket
import time
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from chaoskit import spec
from chaoskit.cli import main
from chaoskit.errors import SpecError
from tests.reliability.world import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.reliability.conftest import Figures, Scale
    from tests.reliability.ledger import Ledger

    Mutation = Callable[[random.Random, bytes], bytes]

SEED: Final = 77_000
BLOCK: Final = 100
MUTATIONS_TRIED: Final = 15_000
THOUGHT_OF: Final = 5_000
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


SCALARS: Final = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates() | st.binary()
)
SAID: Final = yaml.safe_load(next(SHIPPED.rglob("*.yaml")).read_text("utf-8"))
# Any YAML at all, and an experiment in which any YAML stands somewhere.
ANYTHING: Final = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(SCALARS | st.sampled_from([*SAID]), inner),
    max_leaves=20,
)
EXPERIMENTS: Final = ANYTHING | st.dictionaries(st.sampled_from([*SAID]), ANYTHING).map(
    lambda changed: {**SAID, **changed}
)


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
    """Whether it was refused, and the seconds of CPU that took; any other exception fails the test."""
    began = time.process_time()
    try:
        spec.load([path])
    except SpecError as error:
        if any("\n" in str(problem) for problem in error.problems):
            raise AssertionError(told) from error
        return True, time.process_time() - began
    except BaseException as error:
        error.add_note(told)
        raise
    return False, time.process_time() - began


def test_a_mutated_experiment_is_read_or_refused_in_sentences(
    tmp_path: Path, ledger: Ledger, scale: Scale, figures: Figures
) -> None:
    blocks = scale(2, MUTATIONS_TRIED // BLOCK)
    for key in ledger.left(str(SEED + number * BLOCK) for number in range(blocks)):
        refused, slowest, wrong = 0, 0.0, []
        for number in range(int(key), int(key) + BLOCK):
            try:
                bad, took = read(mutated(tmp_path, number), f"seed {number}")
            except Exception as failed:  # noqa: BLE001 - any is wrong, and the next ones are tried all the same
                wrong.append(f"seed {number}: {type(failed).__name__}: {failed}")
            else:
                refused, slowest = refused + bad, max(slowest, took)
        ledger.add(key, wrong, files=BLOCK, refused=refused, slowest=slowest)
    files, refused = ledger.total("files"), ledger.total("refused")
    figures(
        f"bad input: {files} mutations of shipped files from seed {SEED}, {refused} refused, the slowest in "
        f"{ledger.most('slowest'):.3f} s, {len(ledger.wrong())} wrong"
    )
    assert ledger.wrong() == []
    assert 0 < refused < files


def think(path: Path, number: int) -> float:
    """A block of files that hypothesis thinks of; the slowest, in seconds."""
    slowest = 0.0

    @seed(number)
    @settings(max_examples=BLOCK, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(EXPERIMENTS)
    def is_told(document: Any) -> None:
        nonlocal slowest
        path.write_text(yaml.dump(document, allow_unicode=True), "utf-8")
        slowest = max(slowest, read(path, repr(document))[1])

    is_told()
    return slowest


def test_a_file_that_hypothesis_thinks_of_is_read_or_refused_in_sentences(
    tmp_path: Path, ledger: Ledger, scale: Scale, figures: Figures
) -> None:
    blocks = scale(1, THOUGHT_OF // BLOCK)
    path = tmp_path / "small.yaml"
    for key in ledger.left(str(SEED + number) for number in range(blocks)):
        ledger.add(key, files=BLOCK, slowest=think(path, int(key)))
    figures(
        f"bad input: {ledger.total('files')} files of hypothesis's from seed {SEED}, the slowest in "
        f"{ledger.most('slowest'):.3f} s"
    )


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
    for number in range(SEED, SEED + scale(20, 1000)):
        path = mutated(tmp_path, number)
        with pytest.raises(SystemExit) as ended:
            main(["validate", str(path)])
        told = capsys.readouterr().err.removeprefix("chaoskit: ")
        assert ended.value.code == (2 if told else 0), f"seed {number}"
        assert all(line.startswith(f"{path}:") for line in told.splitlines()), f"seed {number}: {told}"
