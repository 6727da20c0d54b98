"""Collecting and validating; running experiments is tested end to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.samples import SMALL

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with one valid experiment, to run pytest in."""
    write(pytester, "small")
    return pytester


def write(pytester: pytest.Pytester, name: str, text: str | None = None, folder: str = "experiments") -> None:
    path = pytester.path / folder / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SMALL.replace("id: small", f"id: {name}") if text is None else text, "utf-8")


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments)


def test_each_experiment_file_is_a_test(project: pytest.Pytester) -> None:
    write(project, "other", folder="experiments/identity")
    write(project, "third")
    (project.path / "experiments" / "third.yaml").rename(project.path / "experiments" / "third.yml")
    found = run(project, "--collect-only", "-q", "experiments")
    found.stdout.fnmatch_lines_random(
        [
            "experiments/small.yaml::small",
            "experiments/third.yml::third",
            "experiments/identity/other.yaml::other",
            "3 tests collected*",
        ]
    )


def test_a_valid_experiment_passes(project: pytest.Pytester) -> None:
    run(project, "experiments").assert_outcomes(passed=1)


def test_one_file_can_be_named(project: pytest.Pytester) -> None:
    write(project, "other")
    run(project, "experiments/small.yaml").assert_outcomes(passed=1)
    run(project, "experiments/other.yaml::other").assert_outcomes(passed=1)


def test_yaml_elsewhere_is_left_alone(pytester: pytest.Pytester) -> None:
    write(pytester, "docker-compose", "services: {}", folder="deploy")
    write(pytester, "experiments", "not: an experiment", folder=".")
    (pytester.path / "experiments").mkdir()
    (pytester.path / "experiments" / "README.md").write_text("id: x", "utf-8")
    assert run(pytester).ret is pytest.ExitCode.NO_TESTS_COLLECTED


def test_what_is_wrong_is_told_with_its_place_and_without_a_traceback(project: pytest.Pytester) -> None:
    write(project, "wrong", SMALL.replace("owner: tests", "ovner: tests").replace("60s", "60"))
    found = run(project, "experiments")
    found.assert_outcomes(passed=1, failed=1)
    path = project.path / "experiments" / "wrong.yaml"
    found.stdout.fnmatch_lines(
        [
            "*_ experiment wrong _*",
            f"{path}:1:1: an experiment lacks owner",
            f"{path}:1:5: id 'small' must be the file's name, wrong",
            f"{path}:3:1: an experiment has no 'ovner'; did you mean owner[?]",
            f"{path}:11:13: within must be a duration such as 60s or 1h30m, not '60'",
        ]
    )
    found.stdout.no_fnmatch_line("*Traceback*")
    found.stdout.no_fnmatch_line("*SpecError*spec.load*")
    found.stdout.no_fnmatch_line("*site-packages*")
    found.stdout.no_fnmatch_line("*chaoskit/*.py*")


def test_a_defect_is_told_with_its_traceback(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise LookupError("a defect of ours")

    monkeypatch.setattr("chaoskit.spec.load", broken)
    found = run(project, "experiments")
    found.assert_outcomes(failed=1)
    found.stdout.fnmatch_lines(["*LookupError: a defect of ours*"])
    found.stdout.fnmatch_lines(["*pytest_plugin.py*"])


def test_validating_makes_no_journal_and_starts_no_sandbox(
    project: pytest.Pytester, chaoskit_home: Path
) -> None:
    run(project, "experiments").assert_outcomes(passed=1)
    assert not chaoskit_home.exists()


def test_the_options_are_explained(pytester: pytest.Pytester) -> None:
    found = run(pytester, "--help")
    found.stdout.fnmatch_lines(["security chaos experiments:", "*--chaos-run *", "*--chaos-target=*"])


def test_an_unknown_target_is_refused(project: pytest.Pytester) -> None:
    found = run(project, "--chaos-target", "moon", "experiments")
    assert found.ret is pytest.ExitCode.USAGE_ERROR
    found.stderr.fnmatch_lines(["*--chaos-target*invalid choice: *moon*"])


def test_python_tests_beside_experiments_are_collected_as_ever(project: pytest.Pytester) -> None:
    project.makepyfile(test_mine="def test_one(): pass")
    run(project).assert_outcomes(passed=2)


def test_experiments_can_be_chosen_by_name(project: pytest.Pytester) -> None:
    write(project, "other")
    run(project, "-k", "small", "experiments").assert_outcomes(passed=1, deselected=1)


def test_a_pytest_run_without_experiments_does_not_load_chaoskits_engine(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import sys\n"
        "def test_it():\n"
        "    heavy = {'chaoskit.engine', 'chaoskit.api', 'chaoskit.spec', 'boto3', 'yaml'}\n"
        "    assert not heavy & set(sys.modules)\n"
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
