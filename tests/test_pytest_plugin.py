"""Collecting and validating; running experiments is tested end to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chaoskit import pytest_plugin
from chaoskit.contract import FAULTS, LAYERS, PROBES
from tests.samples import SMALL

if TYPE_CHECKING:
    from pathlib import Path


# A pytest within pytest forgets the modules it imported, but the registries would remember their classes.
SCANNED = FAULTS.names(), PROBES.names()


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
    found.assert_outcomes(errors=1)
    found.stdout.fnmatch_lines(["*pytest_plugin/items.py*", "*LookupError: a defect of ours*"])


def test_validating_makes_no_journal_and_starts_no_sandbox(
    project: pytest.Pytester, chaoskit_home: Path
) -> None:
    run(project, "experiments").assert_outcomes(passed=1)
    assert not chaoskit_home.exists()


def test_the_options_are_explained(pytester: pytest.Pytester) -> None:
    found = run(pytester, "--help")
    found.stdout.fnmatch_lines(["security chaos experiments:", "*--chaos-run *", "*--chaos-target=*"])


@pytest.mark.parametrize(
    ("arguments", "passed"),
    [
        (["-m", "attack(id='T1098.003')"], 1),
        (["--chaos-layer", "identity"], 1),
        (["--chaos-attack", "T1098"], 1),
        (["--chaos-attack", "T109"], 0),
    ],
)
def test_experiments_are_chosen_by_layer_and_technique(
    project: pytest.Pytester, arguments: list[str], passed: int
) -> None:
    data = SMALL.replace("id: small", "id: other").replace("layer: identity", "layer: data")
    data = data.replace("iam.attach-role-policy: {role: training}", "s3.public-bucket-acl: {bucket: b}")
    write(project, "other", data, folder="experiments/data")
    run(project, "experiments", *arguments).assert_outcomes(passed=passed, deselected=2 - passed)


def test_the_layers_are_those_of_the_contract() -> None:
    assert pytest_plugin.LAYERS == LAYERS


def test_a_python_test_is_chosen_by_the_same_markers(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import pytest\n"
        "@pytest.mark.layer_identity\n"
        "@pytest.mark.attack(id='T1098.003')\n"
        "def test_one(): pass\n"
        "@pytest.mark.attack('T1530')\n"
        "def test_two(): pass\n"
        "def test_three(): pass\n"
    )
    strict = ("--strict-markers", "-v")
    run(pytester, *strict, "--chaos-layer", "identity").assert_outcomes(passed=1, deselected=2)
    run(pytester, *strict, "--chaos-attack", "T1530").assert_outcomes(passed=1, deselected=2)
    run(pytester, *strict).assert_outcomes(passed=3)


def test_a_test_for_the_other_target_is_skipped(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import pytest\n"
        "@pytest.mark.chaos_target('aws')\n"
        "def test_one(): pass\n"
        "@pytest.mark.chaos_target('embedded')\n"
        "def test_two(): pass\n"
    )
    found = run(pytester, "-rs")
    found.assert_outcomes(passed=1, skipped=1)
    found.stdout.fnmatch_lines(["*for the target aws, and this is embedded"])


def test_a_sandbox_scope_that_there_is_not_is_refused(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nchaos_sandbox_scope = class\n")
    pytester.makepyfile("def test_it(sandbox): pass")
    found = run(pytester)
    assert found.ret is pytest.ExitCode.USAGE_ERROR
    found.stderr.fnmatch_lines(["*chaos_sandbox_scope must be one of function, module, session, not 'class'"])


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
        "    heavy = {'boto3', 'yaml', *(f'chaoskit.{n}' for n in ('engine', 'api', 'contract', 'spec'))}\n"
        "    assert not heavy & set(sys.modules)\n"
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
