"""Real processes and real signals: whatever ends a run, the account is put back."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from chaoskit.embedded import Sandboxes
from chaoskit.places import target_in
from tests.e2e.lab import CORE, ENDLESS, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from chaoskit.embedded import Instance

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
IDENTITY = [str(path) for path in CORE if path.parent.name == "identity"]


@dataclass(frozen=True)
class World:
    """A home folder, the sandbox that is up in it, and an experiment to end."""

    home: Path
    instance: Instance
    role: str
    experiment: Path

    def environment(self, **more: str) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "CHAOSKIT_", "PYTEST_"))}
        return {**clean, "CHAOSKIT_HOME": str(self.home), "AWS_EC2_METADATA_DISABLED": "true", **more}

    def chaoskit(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "chaoskit", *arguments],
            env=self.environment(**more),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=180,  # where a responder outruns the look, a rollback waits for what may still land
            check=False,
        )

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[str]]:
        """A run of the endless experiment, from when its fault is in; killed if it is still there."""
        with subprocess.Popen(
            [sys.executable, "-m", "chaoskit", "run", str(self.experiment)],
            env=self.environment(),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            guard = threading.Timer(60, process.kill)
            guard.start()
            try:
                assert process.stderr is not None
                told = next((line for line in process.stderr if "applied" in line), "")
                assert told, "the fault was never injected"
                yield process
            finally:
                guard.cancel()
                process.kill()

    def attached(self) -> list[str]:
        iam = boto3.client(
            "iam",
            endpoint_url=self.instance.url,
            region_name=self.instance.region,
            aws_access_key_id=self.instance.admin.access_key_id,
            aws_secret_access_key=self.instance.admin.secret_access_key,
        )
        return [
            p["PolicyArn"] for p in iam.list_attached_role_policies(RoleName=self.role)["AttachedPolicies"]
        ]

    def keys(self) -> Mapping[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": self.instance.admin.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.instance.admin.secret_access_key,
        }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("home")
    experiment = tmp_path_factory.mktemp("files") / "endless.yaml"
    experiment.write_text(ENDLESS)
    keeper = Sandboxes(home / "sandboxes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAOSKIT_HOME", str(home))
        keeper.up()
        try:
            instance = keeper.with_workload()
            assert instance is not None
            role = target_in(instance).variables["workload.training_role"]
            yield World(home, instance, role, experiment)
        finally:
            keeper.down()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_rolls_back_and_leaves_a_readable_summary(world: World, number: signal.Signals) -> None:
    before = world.attached()
    with world.running() as process:
        process.send_signal(number)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 3
    assert "ABORTED" in out
    assert f"stopped by {number.name}" in out
    assert "everything restored" in out
    assert "Traceback" not in out
    assert world.attached() == before


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_run_that_nobody_reads_any_more_keeps_its_results_and_its_verdict(
    world: World, tmp_path: Path, stream: str
) -> None:
    before = world.attached()
    reading, writing = os.pipe()
    os.close(reading)
    streams: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: writing}
    file = tmp_path / "out.json"
    command = [sys.executable, "-m", "chaoskit", "run", IDENTITY[0], "--json", str(file)]
    done = subprocess.run(command, env=world.environment(), cwd=ROOT, timeout=180, check=False, **streams)
    os.close(writing)
    results = json.loads(file.read_text())
    assert (done.returncode, [each["verdict"] for each in results["results"]]) == (0, ["PASSED"])
    assert results["run_id"] in world.chaoskit("history").stdout
    assert world.attached() == before


def test_a_run_whose_terminal_is_closed_rolls_back_and_keeps_its_results(
    world: World, tmp_path: Path
) -> None:
    before, file = world.attached(), tmp_path / "out.json"
    terminal, screen = pty.openpty()
    command = [sys.executable, "-m", "chaoskit", "run", str(world.experiment), "--json", str(file)]
    with subprocess.Popen(
        command, env=world.environment(TERM="xterm"), cwd=ROOT, stdin=screen, stdout=screen, stderr=screen
    ) as process:
        os.close(screen)
        guard = threading.Timer(60, process.kill)
        guard.start()
        try:
            seen = b""
            while b"applied" not in seen:  # ends with an error if the process does
                seen += os.read(terminal, 4096)
            os.close(terminal)
            process.send_signal(signal.SIGHUP)  # as the kernel does to whose terminal it is
            process.wait(timeout=30)
        finally:
            guard.cancel()
            process.kill()
    (result,) = json.loads(file.read_text())["results"]
    assert (process.returncode, result["verdict"], result["restored"]) == (3, "ABORTED", True)
    assert "stopped by SIGHUP" in result["reason"]
    assert world.attached() == before


def test_signals_during_rollback_do_not_cut_it_short(world: World) -> None:
    before = world.attached()
    with world.running() as process:
        for _ in range(5):
            process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 3
    assert "everything restored" in out
    assert world.attached() == before


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        pytest.param(["validate", "experiments"], marks=pytest.mark.long),
        pytest.param(["rollback", "--all"], marks=pytest.mark.long),
        pytest.param(["catalog"], marks=pytest.mark.long),
    ],
)
def test_after_kill_9_any_command_rolls_back(world: World, command: list[str]) -> None:
    before = world.attached()
    with world.running() as process:
        process.kill()
    assert world.attached() != before, "the fault must still be there for this to prove anything"
    done = world.chaoskit(*command)
    assert done.returncode == 0, done.stderr
    assert "rolled back: iam.attach-role-policy" in done.stderr
    assert world.attached() == before
    assert "No faults are open." in world.chaoskit("status").stdout


def test_status_lists_the_fault_of_a_run_that_is_going_on(world: World) -> None:
    with world.running() as process:
        listed = world.chaoskit("status")
        assert listed.returncode == 5
        assert "iam.attach-role-policy" in listed.stdout
        assert "iam:DetachRolePolicy" in listed.stdout
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def test_a_second_run_beside_the_first_is_refused_in_one_sentence(world: World) -> None:
    with world.running() as process:
        second = world.chaoskit("run", str(world.experiment))
        assert second.returncode == 5
        assert f"process {process.pid}" in second.stderr
        assert second.stderr.count("\n") == 1
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


@pytest.mark.long
def test_a_fault_in_a_sandbox_that_died_with_its_run_is_closed(world: World, tmp_path: Path) -> None:
    alone = World(tmp_path, world.instance, world.role, world.experiment)
    with alone.running() as process:
        process.kill()
    (name,) = (path.stem for path in (tmp_path / "sandboxes").glob("*.lock"))
    keeper = Sandboxes(tmp_path / "sandboxes")
    for _ in range(100):
        if keeper.is_gone(name):
            break
        threading.Event().wait(0.1)
    done = alone.chaoskit("status")
    assert done.returncode == 0, done.stderr
    assert f"the sandbox {name} is gone" in done.stderr


def test_up_twice_is_one_sandbox_and_url_names_it(world: World) -> None:
    up = world.chaoskit("sandbox", "up")
    assert f"export AWS_ENDPOINT_URL={world.instance.url}" in up.stdout
    assert "export AWS_SECRET_ACCESS_KEY=" in up.stdout
    assert world.chaoskit("sandbox", "url").stdout.strip() == world.instance.url


def test_all_shipped_experiments_pass_side_by_side(world: World, tmp_path: Path) -> None:
    done = world.chaoskit("run", *map(str, CORE), "-j", "4", "--json", str(tmp_path / "out.json"))
    assert done.returncode == 0, done.stdout
    results = json.loads((tmp_path / "out.json").read_text())
    assert results["schema"] == "chaoskit/results/v1"
    assert [r["verdict"] for r in results["results"]] == ["PASSED"] * 6
    for result in results["results"]:
        for expectation in result["expectations"]:
            if expectation["role"] == "detection":
                assert expectation["latency_interval_s"][0] >= 0
                assert expectation["evidence"]["cloudtrail_event_id"]


PLACES: list[tuple[str, dict[str, str], list[str], int, str]] = [
    ("no credentials", {}, [], 5, "No AWS credentials were found"),
    ("unknown profile", {}, ["--profile", "nobody"], 5, "nobody"),
    (
        "nobody listens",
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"},
        [],
        5,
        "Nobody answers at http://127.0.0.1:9: check the network and that the sandbox is up",
    ),
    (
        "no network",
        {"HTTPS_PROXY": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"},
        [],
        5,
        "Nobody answers at AWS in us-east-1: check the network.",
    ),
]


@pytest.mark.parametrize(
    ("environment", "options", "code", "said"), [p[1:] for p in PLACES], ids=[p[0] for p in PLACES]
)
def test_an_account_that_cannot_be_used_is_one_sentence(
    world: World, environment: dict[str, str], options: list[str], code: int, said: str
) -> None:
    done = world.chaoskit(
        "run", str(CORE[0]), "--target", "aws", "--region", "us-east-1", *options, **environment
    )
    assert done.returncode == code
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def _as_aws(world: World, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The embedded sandbox, reached the way a real account is."""
    environment = {"AWS_ENDPOINT_URL": world.instance.url, **world.keys(), **more}
    return world.chaoskit(
        "run", *IDENTITY, "--target", "aws", "--region", "us-east-1", *options, **environment
    )


def test_an_account_that_is_not_on_the_allow_list_is_refused(world: World) -> None:
    done = _as_aws(world, "--allow-account", "123456789012")
    assert done.returncode == 3
    assert "does not allow account 444455556666" in done.stdout


def test_wrong_keys_are_told_in_one_sentence(world: World) -> None:
    done = _as_aws(world, AWS_SECRET_ACCESS_KEY="wrong")
    assert done.returncode == 5
    assert "does not accept these credentials" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_aws_target_runs_the_same_experiments(world: World) -> None:
    done = _as_aws(world, "--allow-account", "444455556666")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 PASSED; everything restored" in done.stdout


def test_an_unknown_key_in_chaoskit_toml_is_told(world: World, tmp_path: Path) -> None:
    (tmp_path / "chaoskit.toml").write_text('[aws]\nacounts = ["1"]\n')
    done: Any = subprocess.run(
        [sys.executable, "-m", "chaoskit", "plan", str(CORE[0]), "--target", "aws"],
        env=world.environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 5
    assert "acounts" in done.stderr


def test_the_workload_is_deployed_by_command_only_to_the_account_that_is_named(world: World) -> None:
    environment = {"AWS_ENDPOINT_URL": world.instance.url, **world.keys()}
    wrong = world.chaoskit(
        "sandbox", "deploy", "--account", "123456789012", "--region", "us-east-1", **environment
    )
    assert wrong.returncode == 3
    assert "These credentials are for account 444455556666" in wrong.stderr
    again = world.chaoskit(
        "sandbox", "deploy", "--account", "444455556666", "--region", "us-east-1", **environment
    )
    assert again.returncode == 0, again.stderr
    assert "workload.training_role = " in again.stdout


def test_a_persons_own_boto3_script_sees_the_same_denials_and_trail(world: World) -> None:
    script = """
import boto3, json, sys
from botocore.exceptions import ClientError
role = sys.argv[1]
try:
    boto3.client("iam").attach_role_policy(
        RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
except ClientError as error:
    print(error.response["Error"]["Message"])
events = boto3.client("cloudtrail").lookup_events(
    LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "AttachRolePolicy"}])["Events"]
record = json.loads(events[0]["CloudTrailEvent"])
print(record["errorCode"], record["userIdentity"]["arn"])
"""
    exported = world.chaoskit("sandbox", "up").stdout
    environment = dict(line.removeprefix("export ").split("=", 1) for line in exported.splitlines())
    role = target_in(world.instance).variables["workload.production_training_role"]
    done = subprocess.run(
        [sys.executable, "-c", script, role],
        env=world.environment(**environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "with an explicit deny in a service control policy" in done.stdout
    assert "AccessDenied arn:aws:iam::444455556666:user/admin" in done.stdout


def test_pytest_runs_experiments_and_its_failure_tells_the_whole_story(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "experiments" / "identity"
    folder.mkdir(parents=True)
    good = "permissive-policy-on-production-role.yaml"
    (folder / good).write_text((ROOT / "experiments" / "identity" / good).read_text())
    (folder / "endless.yaml").write_text(ENDLESS.replace("within: 4m", "within: 1s"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "experiments", "--chaos-run", "-p", "no:cacheprovider"],
        env=world.environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert "1 failed, 1 passed" in done.stdout
    assert "FAILED: detection: rule chaoskit-public-bucket-acl has not reported" in done.stdout
    assert "hypothesis: It is ended from outside." in done.stdout
    assert "detection missed within 1s" in done.stdout
    assert "Traceback" not in done.stdout
