"""`survivors.toml`: reasons that people write, held against what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chaoskit.errors import SpecError
from chaoskit.mutate import Reasons
from tests.e2e.lab import SHIPPED

if TYPE_CHECKING:
    from pathlib import Path

FILE = """\
[survivors]
"bucket-policy:*/DenyPlainHttp" = "Plain HTTP can't be spoken to the sandbox."
"scp:one/Two" = "Because."

[experiments]
"drill" = "It only measures."
"""
CONTROLS = ("bucket-policy:a/DenyPlainHttp", "bucket-policy:b/DenyPlainHttp", "scp:one/Two", "scp:one/Three")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of experiments with a file of reasons, and one experiment in a folder of its own."""
    inner = tmp_path / "experiments" / "identity"
    inner.mkdir(parents=True)
    (inner / "drill.yaml").touch()
    (inner.parent / "survivors.toml").write_text(FILE)
    return inner.parent


def test_a_pattern_excuses_what_it_matches_and_no_other(folder: Path) -> None:
    reasons = Reasons.read(folder / "survivors.toml")
    assert [reasons.of(each) is not None for each in CONTROLS] == [True, True, True, False]
    assert reasons.of("scp:one/Two") == "Because."


@pytest.mark.parametrize("path", ["", "identity", "identity/drill.yaml"])
def test_the_nearest_file_above_counts_whichever_part_of_the_set_is_asked_for(
    folder: Path, path: str
) -> None:
    found = Reasons.near([folder / path])
    assert found.path == folder / "survivors.toml"
    found.check(CONTROLS)


def test_a_reason_can_go_once_nothing_that_it_excuses_survives(folder: Path) -> None:
    reasons = Reasons.read(folder / "survivors.toml")
    http_a, http_b, two, three = CONTROLS
    assert reasons.needless([http_a, two], [http_b, three]) == ["scp:one/Two"]
    assert reasons.needless([], [http_b, two]) == []


def test_without_a_file_nothing_is_excused(tmp_path: Path) -> None:
    assert Reasons.near([tmp_path]).of("scp:one/Two") is None


@pytest.mark.parametrize(
    ("written", "line"),
    [('"scp:gone/Sid" = "Because."', 5), ('"bucket-policy:c/*" = "Because."', 5)],
)
def test_a_reason_for_a_control_that_is_not_there_is_refused_with_its_place(
    folder: Path, written: str, line: int
) -> None:
    file = folder / "survivors.toml"
    file.write_text(FILE.replace("\n\n[exp", f"\n\n{written}\n[exp"))
    with pytest.raises(
        SpecError, match=rf"survivors\.toml:{line}:1: there is no .* in the account or beside"
    ):
        Reasons.read(file).check(CONTROLS)


def test_a_reason_for_an_experiment_that_is_not_there_is_refused(folder: Path) -> None:
    (folder / "identity" / "drill.yaml").rename(folder / "identity" / "other.yaml")
    with pytest.raises(SpecError, match=r"survivors\.toml:6:1: there is no drill"):
        Reasons.read(folder / "survivors.toml").check(CONTROLS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[survivors", "can't be read"),
        ("[surviors]\n", r"there is no \[surviors\]: known are \[survivors\] and \[experiments\]"),
        ('[survivors]\n"scp:a/b" = 1\n', r'\[survivors\] is a table of "name" = "reason"'),
        ('[survivors]\n"scp:a/b" = " "\n', r'\[survivors\] is a table of "name" = "reason"'),
    ],
)
def test_a_file_that_cannot_be_understood_is_refused_in_a_sentence(
    tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "survivors.toml"
    file.write_text(text)
    with pytest.raises(SpecError, match=said):
        Reasons.read(file)


def test_the_shipped_experiments_have_a_file_that_says_why_in_sentences() -> None:
    reasons = Reasons.near([SHIPPED])
    assert reasons.path == SHIPPED / "survivors.toml"
    assert all(why.endswith(".") and len(why.split()) > 3 for why in reasons.survivors.values())
