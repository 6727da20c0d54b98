"""Whole files and folders: the shipped experiments, and everything that a file can be but should not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit import spec
from chaoskit.errors import Problem, SpecError
from tests.examples import examples
from tests.samples import ROOT, SHIPPED, SMALL

if TYPE_CHECKING:
    from pathlib import Path

    from chaoskit.experiment import Experiment

FILES = sorted(SHIPPED.rglob("*.yaml"))
NAMES = spec.known_names()
MISCHIEF = [
    text.encode()
    for text in (
        *(
            "[",
            "]",
            "{",
            "}",
            ": ",
            "- ",
            "? ",
            "\t",
            "\n",
            "\r",
            "'",
            '"',
            "|",
            ">",
            "# ",
            "~",
            "&a ",
            "*a ",
        ),
        *("!!map ", "%YAML 1.2\n", "---\n", "...\n", "<<: ", "${", "$${x}", "é", "\u2028", "\x00", "\x85"),
        "\N{ZERO WIDTH NO-BREAK SPACE}",
        "9" * 400,
    )
] + [b"\xff", b"\xed\xa0\x80"]


def refused(*paths: Path) -> tuple[Problem, ...]:
    with pytest.raises(SpecError) as raised:
        spec.load(paths, NAMES)
    return raised.value.problems


def write(folder: Path, name: str, text: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(text or SMALL.replace("id: small", f"id: {name}"), "utf-8")
    return path


def test_the_shipped_experiments_are_valid() -> None:
    loaded = spec.load([SHIPPED])
    assert [experiment.path for experiment in loaded] == FILES
    assert len(loaded) >= 6


def test_without_an_account_each_name_stands_for_itself() -> None:
    assert NAMES["sandbox.account"] == "${sandbox.account}"
    assert NAMES["workload.training_role"] == "${workload.training_role}"
    assert all(value == f"${{{name}}}" for name, value in NAMES.items())


def test_with_an_account_the_names_are_filled_in() -> None:
    values = {name: f"the-{name.rpartition('.')[2]}" for name in NAMES}
    for experiment in spec.load([SHIPPED], values):
        assert experiment.blast_radius.accounts == ("the-account",)
        assert experiment.blast_radius.regions == ("the-region",)
        assert "${" not in repr(experiment)


@pytest.mark.parametrize(
    ("output", "name"),
    [
        ("TrainingDataBucket", "training_data_bucket"),
        ("MlEngineer", "ml_engineer"),
        ("Endpoint", "endpoint"),
        ("Role2Arn", "role2_arn"),
    ],
)
def test_an_output_of_the_stack_is_named_in_words(output: str, name: str) -> None:
    assert spec.names.variable_name(output) == name


def test_a_folder_is_searched_for_both_endings_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "data", "one", SMALL.replace("id: small", "id: one").replace("identity", "data"))
    write(tmp_path, "two").rename(tmp_path / "two.yml")
    (tmp_path / "README.md").write_text("not: [yaml", "utf-8")
    assert [experiment.id for experiment in spec.load([tmp_path], NAMES)] == ["one", "two"]


def test_a_file_is_read_whatever_its_ending(tmp_path: Path) -> None:
    write(tmp_path, "small").rename(tmp_path / "small.chaos")
    assert [experiment.id for experiment in spec.load([tmp_path / "small.chaos"], NAMES)] == ["small"]


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    small = write(tmp_path, "small")
    assert len(spec.load([small, tmp_path, small], NAMES)) == 1


def test_the_experiments_come_in_the_order_of_the_paths(tmp_path: Path) -> None:
    b, a = write(tmp_path, "b"), write(tmp_path, "a")
    assert [experiment.id for experiment in spec.load([b, a], NAMES)] == ["b", "a"]


def test_paths_that_are_not_there_are_all_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    missing, empty = tmp_path / "missing.yaml", tmp_path / "empty"
    assert refused(missing, empty, write(tmp_path, "small")) == (
        Problem(str(empty), 1, 1, "this folder holds no .yaml file"),
        Problem(str(missing), 1, 1, "there is no such file"),
    )


def test_two_files_with_one_id_are_told_with_the_first_of_them(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a", "small"), write(tmp_path / "b", "small")
    assert refused(tmp_path) == (Problem(str(second), 1, 1, f"{first} has the id small already"),)


def test_what_is_wrong_in_any_file_is_told_in_one_pass(tmp_path: Path) -> None:
    one = write(tmp_path, "one", SMALL)
    two = write(tmp_path, "two", "id: [")
    three = write(
        tmp_path, "three", SMALL.replace("id: small", "id: three").replace("within: 60s", "within: 1")
    )
    fine, four = write(tmp_path, "fine"), write(tmp_path, "four", "\xff").with_name("four.yaml")
    four.write_bytes(b"\xff")
    problems = refused(tmp_path)
    assert [problem.path for problem in problems] == [str(path) for path in (four, one, three, two)]
    assert fine.is_file()


def test_a_file_that_holds_something_else_is_told_what_it_should_hold(tmp_path: Path) -> None:
    (problem,) = refused(write(tmp_path, "x", "- just\n- a list\n"))
    assert (problem.line, problem.message) == (1, "an experiment must be a mapping of `key: value` lines")


@st.composite
def mutations(draw: st.DrawFn) -> tuple[Path, bytes]:
    """A shipped experiment with a few bytes changed, taken out, put in or repeated."""
    path = draw(st.sampled_from(FILES))
    raw = bytearray(path.read_bytes())
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(raw)))
        to = min(at + draw(st.integers(0, 40)), len(raw))
        match draw(st.sampled_from(["replace", "delete", "insert", "repeat"])):
            case "replace":
                raw[at:to] = draw(st.binary(max_size=8))
            case "delete":
                del raw[at:to]
            case "insert":
                raw[at:at] = draw(st.sampled_from(MISCHIEF))
            case _:
                raw[at:at] = raw[at:to]
    return path, bytes(raw)


@settings(derandomize=True, database=None, deadline=None, max_examples=examples(200))
@given(mutation=mutations())
def test_whatever_a_file_holds_it_is_an_experiment_or_its_problems_are_told(
    tmp_path_factory: pytest.TempPathFactory, mutation: tuple[Path, bytes]
) -> None:
    original, raw = mutation
    folder = tmp_path_factory.getbasetemp() / "mutated" / original.parent.name
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder.parent / "runbooks").exists():
        (folder.parent / "runbooks").symlink_to(ROOT / "runbooks")
    path = folder / original.name
    path.write_bytes(raw)
    experiments: list[Experiment] = []
    problems: tuple[Problem, ...] = ()
    try:
        experiments = spec.load([path], NAMES)
    except SpecError as error:
        problems = error.problems
    assert [experiment.id for experiment in experiments] == ([] if problems else [path.stem])
    assert all(p.path == str(path) and p.line > 0 and p.column > 0 and p.message for p in problems)
