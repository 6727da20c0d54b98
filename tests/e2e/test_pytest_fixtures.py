"""The fixtures of the plug-in in projects of their own, against one sandbox that is up."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from chaoskit.contract import FAULTS, PROBES
from tests.e2e.lab import ENDLESS, ROOT, up_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.one_sandbox import OneSandbox

# A pytest within pytest forgets the modules it imported, but the registries would remember their classes.
SCANNED = FAULTS.names(), PROBES.names()
# The first test changes the account; what the second finds there depends on the scope.
TWO = """
import pytest

def users(sandbox):
    return [each["UserName"] for each in sandbox.client("iam").list_users()["Users"]]

def test_changes(sandbox):
    sandbox.client("iam").create_user(UserName="made-by-a-test")
    assert "made-by-a-test" in users(sandbox)

def test_finds(sandbox):
    assert "made-by-a-test" {here} users(sandbox)
"""


@pytest.fixture(scope="module")
def home(one_sandbox: OneSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home in which a sandbox is up."""
    folder = tmp_path_factory.mktemp("home")
    with one_sandbox.deployed() as (served, _), up_in(folder, served):
        yield folder


@pytest.fixture
def project(home: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("CHAOSKIT_HOME", str(home))
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    return pytester


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments)


def test_a_detection_teams_repository_is_tested_with_ten_lines(project: pytest.Pytester) -> None:
    example = ROOT / "examples" / "detection-team"
    shutil.copytree(example, project.path, dirs_exist_ok=True)
    code = (example / "test_detections.py").read_text("utf-8").splitlines()
    assert len([line for line in code if line and not line.startswith(('"""', "import"))]) <= 10
    run(project, "--chaos-attack", "T1098").assert_outcomes(passed=2)


def test_a_detection_that_is_missed_fails_the_teams_test(project: pytest.Pytester) -> None:
    shutil.copytree(ROOT / "examples" / "detection-team", project.path, dirs_exist_ok=True)
    rule = project.path / "rules" / "foreign-trust.json"
    rule.write_text(rule.read_text("utf-8").replace("UpdateAssumeRolePolicy", "UpdateRole"), "utf-8")
    tests = project.path / "test_detections.py"
    tests.write_text(tests.read_text("utf-8").replace('within="60s"', 'within="1s"'), "utf-8")
    found = run(project, "-k", "eventbridge")
    found.assert_outcomes(failed=1, deselected=1)
    found.stdout.fnmatch_lines(
        [
            ">*assert_detected(rule, *",
            "E*FAILED: detection: rule team-foreign-trust has not reported*",
            "E*hypothesis: Let a foreign account assume a role*",
            "E*detection missed within 1s*",
        ]
    )
    found.stdout.no_fnmatch_line("*pytest_plugin/accounts.py*")


@pytest.mark.parametrize(("scope", "here"), [("function", "not in"), ("module", "in")])
def test_the_sandbox_is_put_back_when_its_scope_ends(project: pytest.Pytester, scope: str, here: str) -> None:
    project.makepyfile(test_first=TWO.format(here=here))
    project.makepyfile(test_second=TWO.format(here="not in").replace("def test_changes", "def other"))
    run(project, "--chaos-sandbox-scope", scope).assert_outcomes(passed=3)


def test_a_fault_is_in_for_a_block_and_the_project_is_where_experiments_are(
    project: pytest.Pytester,
) -> None:
    folder = project.path / "experiments"
    folder.mkdir()
    (folder / "endless.yaml").write_text(ENDLESS.replace("within: 4m", "within: 1s"), "utf-8")
    project.makepyfile(
        """
        def test_it(chaos, sandbox):
            role = sandbox.variables["workload.training_role"]
            iam = sandbox.client("iam")
            look = lambda: iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
            before = look()
            policy = "arn:aws:iam::aws:policy/ReadOnlyAccess"
            with chaos.inject("iam.attach-role-policy", role=role, policy=policy) as result:
                assert policy in [each["PolicyArn"] for each in look()]
            assert look() == before
            assert result.restored

        def test_experiment(chaos):
            assert chaos.run("endless", verdict="FAILED").restored

        def test_story(chaos):
            chaos.run("endless")
        """
    )
    found = run(project)
    found.assert_outcomes(passed=3, failed=1)  # with the experiment's own item, which is validated
    found.stdout.fnmatch_lines(["E*FAILED: detection: rule chaoskit-public-bucket-acl has not reported*"])


def test_variables_are_filled_in_however_a_fault_or_probe_is_given(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest
        from chaoskit.faults.iam_attach_role_policy import AttachRolePolicy
        from chaoskit.probes.iam_policy_attached import PolicyAttached

        ROLE, POLICY = "${workload.training_role}", "arn:aws:iam::aws:policy/ReadOnlyAccess"

        def test_of_its_class(assert_detected):
            by = AttachRolePolicy(role=ROLE, policy=POLICY)
            assert assert_detected(PolicyAttached(role=ROLE, policy=POLICY), by=by).met

        def test_by_name(chaos, assert_detected):
            rule = chaos.probe("iam.policy-attached", role=ROLE, policy=POLICY)
            assert assert_detected(rule, by="iam.attach-role-policy", role=ROLE, policy=POLICY).met
        """
    )
    run(project).assert_outcomes(passed=2)


def test_the_sandbox_fixture_is_skipped_on_aws(project: pytest.Pytester) -> None:
    project.makepyfile("def test_it(sandbox): pass")
    run(project, "--chaos-target", "aws").assert_outcomes(skipped=1)
