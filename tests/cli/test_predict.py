"""`chaoskit predict`, `chaoskit policy harness` and `chaoskit run` beside a sandbox that is up."""

from __future__ import annotations

import io
import json
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from chaoskit.cli import main
from chaoskit.embedded import Instance
from tests.e2e.lab import CORE, up_in
from tests.samples import ROOT, SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.one_sandbox import OneSandbox

SCP = "chaoskit-protect-production-roles"
GUARDED = SHIPPED / "identity" / "permissive-policy-on-production-role.yaml"


@dataclass(frozen=True)
class World:
    """A home folder and the sandbox that is up in it."""

    home: Path
    instance: Instance

    def chaoskit(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What the command line says and ends with, in this process, which is quicker."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.setenv("CHAOSKIT_HOME", str(self.home))
            patch.chdir(ROOT)
            with pytest.raises(SystemExit) as ended:
                main(list(arguments))
        return subprocess.CompletedProcess(
            arguments, int(ended.value.code or 0), out.getvalue(), err.getvalue()
        )

    def organizations(self) -> Any:
        keys = self.instance.management
        return boto3.client(
            "organizations",
            region_name=self.instance.region,
            endpoint_url=self.instance.url,
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
        )


@pytest.fixture(scope="module")
def world(one_sandbox: OneSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("home")
    with one_sandbox.deployed() as (served, _), up_in(home, served) as about:
        yield World(home, Instance.load(about))


def test_each_change_is_told_with_what_stops_it(world: World) -> None:
    told = world.chaoskit("predict", *map(str, CORE))
    assert told.returncode == 0, told.stderr
    assert f"iam:AttachRolePolicy: stopped by scp {SCP}, Sid KeepProductionRolesAsDeployed" in told.stdout
    assert "iam:AttachRolePolicy: not stopped" in told.stdout
    assert world.chaoskit("predict", *map(str, CORE), "--strict").returncode == 0


def test_json_has_the_layer_policy_and_sid_of_each_change(world: World) -> None:
    told = world.chaoskit("predict", str(GUARDED), "--json")
    (experiment,) = json.loads(told.stdout)
    (change,) = experiment["faults"][0]["changes"]
    predicted = change["predicted"]
    assert (experiment["experiment"], experiment["unguarded"]) == (GUARDED.stem, None)
    assert (change["service"], change["operation"]) == ("iam", "AttachRolePolicy")
    assert [predicted[key] for key in ("effect", "layer", "policy", "sid", "depends_on")] == [
        "stopped",
        "scp",
        SCP,
        "KeepProductionRolesAsDeployed",
        [],
    ]


def test_strict_fails_when_a_guardrail_would_not_stop_the_fault(world: World) -> None:
    organizations = world.organizations()
    policies = organizations.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
    policy = next(each["Id"] for each in policies if each["Name"] == SCP)
    (target,) = organizations.list_targets_for_policy(PolicyId=policy)["Targets"]
    organizations.detach_policy(PolicyId=policy, TargetId=target["TargetId"])
    try:
        plain = world.chaoskit("predict", str(GUARDED))
        strict = world.chaoskit("predict", str(GUARDED), "--strict")
    finally:
        organizations.attach_policy(PolicyId=policy, TargetId=target["TargetId"])
    assert (plain.returncode, strict.returncode) == (0, 1)
    assert "guardrail: iam:AttachRolePolicy is predicted not to be stopped" in strict.stdout


def test_a_wrong_file_is_refused_before_anything_is_asked(world: World, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("id: wrong\n", "utf-8")
    assert world.chaoskit("predict", str(wrong)).returncode == 2


def test_a_run_puts_the_prediction_beside_the_outcome(world: World, tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    told = world.chaoskit("run", str(GUARDED), "--json", str(file))
    assert told.returncode == 0, told.stderr
    document = json.loads(file.read_text("utf-8"))
    (change,) = document["results"][0]["faults"][0]["changes"]
    assert (change["outcome"], change["denied_by"]) == ("denied", change["predicted"]["layer"])
    assert document["disagreements"] == []
    world.chaoskit("run", str(GUARDED), "--no-predict", "--json", str(file))
    (change,) = json.loads(file.read_text("utf-8"))["results"][0]["faults"][0]["changes"]
    assert change["predicted"] is None


def test_the_harness_policy_is_printed_as_json_and_explained_aside(world: World) -> None:
    told = world.chaoskit("policy", "harness", str(GUARDED))
    statements = json.loads(told.stdout)["Statement"]
    assert {each["Sid"].rstrip("0123456789") for each in statements} == {"Inject", "Undo", "Read"}
    inject = next(each for each in statements if each["Sid"] == "Inject")
    assert inject["Action"] == "iam:AttachRolePolicy"
    assert inject["Resource"].endswith(":role/ml/production/ml-production-training")
    assert "each action on just the resources that it is needed for" in told.stderr


def test_a_harness_policy_that_is_too_long_is_widened_and_says_so(world: World) -> None:
    told = world.chaoskit("policy", "harness", *map(str, CORE), "--limit", "1000")
    assert {json.dumps(each["Resource"]) for each in json.loads(told.stdout)["Statement"]} == {'"*"'}
    assert "a narrower one would be too long" in told.stderr
    none = world.chaoskit("policy", "harness", *map(str, CORE), "--limit", "10")
    assert none.returncode == 5
    assert "No policy for these experiments fits 10 characters" in none.stderr
