"""Controls of the deployed workload are taken away, and shipped experiments say so."""

from __future__ import annotations

import json
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from chaoskit import evidence
from chaoskit.cli import main
from chaoskit.engine import Stop
from chaoskit.errors import GuardError, SpecError, TargetError
from chaoskit.mutate import Outcome, Reasons, mutate
from chaoskit.result import Verdict
from tests.e2e.lab import SHIPPED
from tests.mutate.conftest import PREVENTED, REPAIRED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from chaoskit.mutate import Campaign, Control, Mutant, Stage
    from chaoskit.result import Result
    from tests.e2e.lab import Lab

SCP = "scp:chaoskit-protect-production-roles/KeepProductionRolesAsDeployed"
RULE_NAME = "chaoskit-permissive-policy"
RULE, RUNBOOK = f"event-rule:{RULE_NAME}", "responder:detach-permissive-policy"
ANOTHER = "event-rule:chaoskit-public-bucket-acl"


def only(*names: str) -> Callable[[Control], bool]:
    return lambda control: control.id in names


def enough(stop: Stop) -> Callable[[Campaign, Mutant | None], None]:
    """Stops a campaign once it knows of one control."""

    def told(_: Campaign, mutant: Mutant | None) -> None:
        if mutant is not None:
            stop.request("enough")

    return told


@pytest.fixture(scope="module")
def campaign(stage: Stage) -> Campaign:
    """Two experiments, without each of the controls that they stand on and one that they don't."""
    return mutate([stage], Stop(), wanted=only(SCP, RULE, RUNBOOK, ANOTHER))


@pytest.mark.long
def test_each_control_that_an_experiment_relies_on_is_missed(campaign: Campaign) -> None:
    assert [each.verdict for each in campaign.baseline] == [Verdict.PASSED, Verdict.PASSED]
    outcomes = {each.control.id: each.outcome for each in campaign.mutants}
    assert outcomes == {
        SCP: Outcome.KILLED,
        RULE: Outcome.KILLED,
        RUNBOOK: Outcome.KILLED,
        ANOTHER: Outcome.UNUSED,
    }


def test_only_experiments_that_rely_on_a_control_are_run_without_it(campaign: Campaign) -> None:
    ran = {each.control.id: [trial.experiment for trial in each.trials] for each in campaign.mutants}
    assert ran == {SCP: [PREVENTED], RULE: [REPAIRED], RUNBOOK: [REPAIRED], ANOTHER: []}


def test_a_fault_that_another_rule_saw_is_not_unnoticed(campaign: Campaign) -> None:
    trials = {each.control.id: each.trials for each in campaign.mutants}
    (scp,), (rule,), (runbook,) = trials[SCP], trials[RULE], trials[RUNBOOK]
    # Without the SCP the policy is attached; the rule for such policies, made for research, sees it.
    assert scp.noticed_by
    # Without that rule's pattern nobody sees a policy attached to the training role.
    assert rule.noticed_by == ()
    assert rule.unnoticed
    # Without the runbook the rule still tells.
    assert runbook.noticed_by is None
    assert [each.control.id for each in campaign.mutants if each.single_point] == [RULE]


def test_the_sandbox_is_as_it_was(campaign: Campaign, lab: Lab, stage: Stage) -> None:
    assert campaign.mutants
    rule = lab.client("events").describe_rule(Name=RULE_NAME)
    assert "chaoskit.nobody" not in rule["EventPattern"]
    assert lab.client("ssm").describe_document(Name="detach-permissive-policy")
    (again,) = stage.controls[SCP].back
    content = lab.organization().describe_policy(PolicyId=again.params["PolicyId"])["Policy"]["Content"]
    assert json.loads(content) == json.loads(again.params["Content"])


@pytest.mark.long
def test_a_campaign_of_what_is_relied_on_leaves_the_rest_out(stage: Stage) -> None:
    found = mutate([stage], Stop(), wanted=only(RULE, ANOTHER), relied_only=True)
    assert [each.control.id for each in found.mutants] == [RULE]
    with pytest.raises(TargetError, match="rely on no control that is like that"):
        mutate([stage], Stop(), wanted=only(ANOTHER), relied_only=True)


def test_a_campaign_that_is_stopped_says_why(stage: Stage) -> None:
    stop = Stop()
    stop.request("stopped by SIGINT")
    with pytest.raises(GuardError, match="stopped by SIGINT"):
        mutate([stage], stop)


def test_a_campaign_that_is_stopped_in_the_midst_ends_with_its_sandbox_restored(
    stage: Stage, lab: Lab
) -> None:
    stop = Stop()
    with pytest.raises(GuardError, match="enough"):
        mutate([stage], stop, wanted=only(RULE, RUNBOOK), told=enough(stop))
    assert "chaoskit.nobody" not in lab.client("events").describe_rule(Name=RULE_NAME)["EventPattern"]


def test_a_reason_for_what_is_not_deployed_is_refused_before_anything_runs(
    stage: Stage, tmp_path: Path
) -> None:
    (tmp_path / "survivors.toml").write_text('[survivors]\n"scp:gone/Sid" = "Because."\n')
    with pytest.raises(SpecError, match="there is no scp:gone/Sid"):
        mutate([stage], Stop(), reasons=Reasons.near([tmp_path]))


@pytest.fixture
def command(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """`chaoskit mutate`, on the served sandbox in place of one that it would start."""

    @contextmanager
    def served(_: Sequence[Path]) -> Iterator[Stage]:
        yield stage

    def run(*arguments: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main(["mutate", *arguments])
        return int(ended.value.code or 0)

    monkeypatch.setattr("chaoskit.cli.mutate.stage", served)
    return run


def test_the_command_tells_writes_and_exits_by_what_it_found(
    command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment, file = str(SHIPPED / "identity" / f"{REPAIRED}.yaml"), tmp_path / "out" / "mutation.json"
    assert command(experiment, "-j", "1", "--control", RULE, "--json", str(file)) == 0
    said = capsys.readouterr()
    assert f"killed    {RULE}  {REPAIRED} FAILED UNNOTICED" in said.err
    assert "SINGLE POINT OF FAILURE" in said.out
    assert f"{REPAIRED} FAILED UNNOTICED" in " ".join(said.out.split())
    assert "control score 1/1 (100%); 0 of 0 survivors have a reason; 1 single points of failure" in said.out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    document = json.loads(file.read_text())
    assert document["schema"] == "chaoskit/mutation/v1"
    assert evidence.problems(document) == []


@pytest.mark.long
def test_a_survivor_without_a_reason_is_exit_1_and_one_with_it_is_0(
    command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / f"{REPAIRED}.yaml").write_text((SHIPPED / "identity" / f"{REPAIRED}.yaml").read_text())
    assert command(str(tmp_path), "-j", "1", "--control", ANOTHER) == 1
    assert f"unused: {ANOTHER}: NO REASON is written in survivors.toml" in capsys.readouterr().out
    (tmp_path / "survivors.toml").write_text(f'[survivors]\n"{ANOTHER}" = "Nobody shares buckets here."\n')
    assert command(str(tmp_path), "-j", "1", "--control", ANOTHER) == 0
    assert f"unused: {ANOTHER}: reason: Nobody shares buckets here." in capsys.readouterr().out


def test_a_pattern_that_no_control_is_like_is_a_sentence(
    command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / f"{REPAIRED}.yaml").write_text((SHIPPED / "identity" / f"{REPAIRED}.yaml").read_text())
    assert command(str(tmp_path), "-j", "1", "--control", "scp:nothing") == 5
    assert "No control is like that" in capsys.readouterr().err


@pytest.mark.long
def test_what_was_found_before_a_stop_is_kept_and_gone_on_with(
    command: Callable[..., int],
    stage: Stage,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file, ran = tmp_path / "mutation.json", list[str]()
    run = stage.run

    def stopped_after(runs: int) -> None:
        ran.clear()

        def one(name: str, stop: Stop) -> Result:
            if len(ran) == runs:
                stop.request("stopped by SIGINT")
            ran.append(name)
            return run(name, stop)

        monkeypatch.setattr(stage, "run", one)

    experiment = str(SHIPPED / "identity" / f"{REPAIRED}.yaml")
    monkeypatch.setattr(stage, "experiments", {REPAIRED: stage.experiments[REPAIRED]})
    pattern = "*:*permissive-policy*"  # the rule and its runbook, and others that it does not rely on
    arguments = (experiment, "-j", "1", "--relied", "--control", pattern, "--json", str(file))
    stopped_after(2)
    assert command(*arguments) == 3
    said = capsys.readouterr().err
    assert "1 controls are left." in said
    assert f"{file}: the same command goes on from there" in said
    part = json.loads(file.read_text())
    assert (part["finished"], part["left"], evidence.problems(part)) == (None, 1, [])
    assert [each["outcome"] for each in part["controls"]] == ["killed"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    stopped_after(9)
    assert command(*arguments) == 0
    assert ran == [REPAIRED]  # once: the baseline and the first control are known
    whole = json.loads(file.read_text())
    assert (whole["finished"] is None, whole["left"]) == (False, 0)
    assert {each["control"]: each["outcome"] for each in whole["controls"]} == {
        RULE: "killed",
        RUNBOOK: "killed",
    }
    assert whole["controls"][0]["experiments"] == part["controls"][0]["experiments"]
