"""Defects that were found once stay found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit import spec
from chaoskit.aws import Aws, Call, Connection, Query
from chaoskit.cli import main
from chaoskit.contract import About, Change, Fault
from chaoskit.engine.guards import check_blast_radius
from chaoskit.engine.plan import plan
from chaoskit.engine.verdict import judge
from chaoskit.errors import GuardError, SpecError, TargetError
from chaoskit.journal import SqliteJournal
from chaoskit.places import AwsSettings
from chaoskit.probes.ssm_runbook_succeeded import RunbookSucceeded
from chaoskit.result import Verdict
from tests.samples import ADMIN, NOW, RUNBOOK, SMALL, attempt, experiment, result, seen, target, trace

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

VARIABLES = {"sandbox.account": "444455556666"}


@pytest.mark.parametrize("opening", ["[", "{", "- ", "? "])
def test_a_bottomless_document_is_refused_and_does_not_end_the_process(tmp_path: Path, opening: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(opening * 100_000, "utf-8")
    command = [sys.executable, "-m", "chaoskit", "validate", str(path)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 2


def test_a_path_that_is_too_long_for_the_file_system_is_told() -> None:
    with pytest.raises(SpecError):
        spec.load([Path("a" * 300)], VARIABLES)


@pytest.mark.parametrize("name", ["a" * 300, "../secret"])
def test_a_runbooks_name_that_is_no_file_name_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "secret.yaml").touch()
    path = tmp_path / "small.yaml"
    response = (
        f"  - response: {{iam.policy-not-attached: {{role: r}}}}\n    runbook: {name}\n    within: 1m\n"
    )
    path.write_text(SMALL + response, "utf-8")
    with pytest.raises(SpecError):
        spec.load([path], VARIABLES)


def test_an_empty_list_of_accounts_is_told_together_with_other_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    text = SMALL.replace('["444455556666"]', "[]").replace("max_changes: 1", "max_changes: x")
    path.write_text(text.replace("max_duration: 5m", "max_duration: 5"), "utf-8")
    with pytest.raises(SpecError) as refused:
        spec.load([path], VARIABLES)
    assert len(refused.value.problems) == 3


@pytest.mark.parametrize("what", ["within: 'X'", "within: '${X}'"])
def test_a_problem_is_one_short_line_whatever_was_written(tmp_path: Path, what: str) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL.replace("within: 60s", what.replace("X", "9\n\n  " * 5000)), "utf-8")
    with pytest.raises(SpecError) as refused:
        spec.load([path], VARIABLES)
    assert all("\n" not in p.message and len(p.message) < 500 for p in refused.value.problems)


def test_a_file_named_by_two_different_paths_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SMALL, "utf-8")
    assert len(spec.load([Path("small.yaml"), tmp_path / "small.yaml"], VARIABLES)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "aws = 3",
        '[[aws]]\nprofile = "x"',
        "[aws]\naccounts = 444455556666",
        '[aws]\naccounts = "444455556666"',
        "[aws]\naccounts = [444455556666]",  # a number has lost its leading zeros already
        "[aws]\nregion = 3",
        "[aws]\nvariables = 3",
        "[aws]\nvariables = {x = 1}",
        '[awss]\naccounts = ["444455556666"]',
    ],
)
def test_a_setting_of_the_wrong_kind_is_told_in_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "chaoskit.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(TargetError):
        AwsSettings.read(path)


def test_a_journal_whose_making_was_cut_short_holds_no_faults(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.touch()  # killed between the file's creation and its tables'
    with SqliteJournal(path, readonly=True) as journal:
        assert journal.open_faults() == []


def test_a_journal_whose_making_was_cut_short_stops_no_command(
    chaoskit_home: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    chaoskit_home.mkdir()
    (chaoskit_home / "journal.sqlite").touch()
    (tmp_path / "small.yaml").write_text(SMALL, "utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["validate", str(tmp_path / "small.yaml")])
    assert ended.value.code == 0, capsys.readouterr().err


@pytest.mark.parametrize("command", ["url", "down", "up"])
def test_a_state_folder_that_can_not_be_used_is_one_sentence(
    chaoskit_home: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    chaoskit_home.touch()
    with pytest.raises(SystemExit) as ended:
        main(["sandbox", command])
    assert (ended.value.code, "chaoskit: " in capsys.readouterr().err) == (5, True)


def test_a_refusal_names_only_options_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(GuardError) as refused:
        check_blast_radius(experiment(), target(allowed_regions=frozenset()))
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    assert "--allow-region" not in str(refused.value) or "--allow-region" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("operation", "event", "fields"),
    [
        ("DeleteBucket", "DeleteBucketPolicy", {}),  # another operation whose name begins alike
        ("PutRolePolicy", "PutRolePolicyX", {}),
        ("AttachRolePolicy", "AttachRolePolicy", {"userAgent": "", "requestID": ""}),  # no id is no tie
    ],
)
def test_what_only_looks_alike_is_no_evidence(operation: str, event: str, fields: dict[str, str]) -> None:
    run = trace(attempt(operation=operation))
    assert run.caused({"eventName": event, "userAgent": f"run/{run.trace_id}", **fields}) is None


def test_a_user_agent_in_brackets_ties_a_record_to_its_run() -> None:
    run = trace(attempt(operation="PutBucketAcl"))
    record = {"eventName": "PutBucketAcl", "userAgent": f"[Boto3/1.40.0 chaoskit/0.1.0 run/{run.trace_id}]"}
    assert run.caused(record) is not None


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("elasticache", "TestFailover"),
        ("apigateway", "TestInvokeMethod"),
        ("stepfunctions", "TestState"),
        ("codecommit", "TestRepositoryTriggers"),
    ],
)
def test_what_acts_is_no_read_whatever_its_name_begins_with(service: str, operation: str) -> None:
    aws = Aws(Connection("us-east-1", endpoint_url="http://127.0.0.1:1"))
    with pytest.raises(ValueError, match="is not a read"):
        aws.read(Query(service, operation))


class Asking(Fault):
    """Uses a reply as the Mapping that the contract calls it."""

    about = About("tests.asking", "identity")

    def changes(self, aws: Reader) -> Changes:
        del aws
        reply = yield Change(do=Call("iam", "CreateRole", RoleName="r"))
        arn = reply.get("Role", {}).get("Arn")
        yield Change(do=Call("iam", "TagRole", RoleName=arn, Tags=[tag["Key"] for tag in reply["Tags"]]))


class Nothing:
    account = "444455556666"
    region = "us-east-1"

    def read(self, query: Query) -> Any:
        del query

    def messages(self, queue_url: str) -> Any:
        del queue_url


def test_a_fault_may_use_a_reply_as_the_mapping_it_is() -> None:
    (planned,) = plan(experiment(faults=(Asking(),)), Nothing())
    assert len(planned.changes) == 2 or planned.problem


class Executions(Nothing):
    """One execution of the runbook, for another role with the same policy."""

    def read(self, query: Query) -> Any:
        if query.operation == "DescribeAutomationExecutions":
            return [[NOW.isoformat(), "e-1"]]
        return {
            "AutomationExecutionId": "e-1",
            "AutomationExecutionStatus": "Success",
            "Parameters": {"RoleName": ["somebody-elses-role"], "PolicyArn": [ADMIN]},
            "ExecutionEndTime": NOW.isoformat(),
        }


def test_a_runbook_that_repaired_another_resource_is_no_evidence() -> None:
    seen = RunbookSucceeded(document="detach-permissive-policy").look(Executions(), trace(attempt()))
    assert seen.holds is False


def test_a_project_that_lies_below_a_folder_named_experiments_is_left_alone(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = pytester.path / "experiments" / "somebodys-project"
    (project / "deploy").mkdir(parents=True)
    (project / "pytest.ini").write_text("[pytest]\n", "utf-8")
    (project / "deploy" / "docker-compose.yaml").write_text("services: {}\n", "utf-8")
    monkeypatch.chdir(project)
    assert pytester.runpytest_inprocess("-p", "no:cacheprovider").ret is pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_runbook_that_repaired_one_fault_does_not_excuse_another_without_effect() -> None:
    attempts = trace(attempt(effect=True), attempt(effect=False, operation="PutRolePolicy"))
    assert judge(result(seen(RUNBOOK, met=True)), attempts)[0] is Verdict.INCONCLUSIVE
