"""Every kill switch, on the served sandbox: no run begins, and one that goes on is rolled back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.result import Verdict
from chaoskit.switches import Switches
from tests.e2e.lab import ENDLESS, ROOT, SandboxClock

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.e2e.lab import Lab

EXPERIMENT = "permissive-policy-on-training-role"
PARAMETER = "/chaoskit/stop"
ALARM = "stop-everything"


@contextmanager
def _parameter(lab: Lab) -> Iterator[None]:
    lab.client("ssm").put_parameter(Name=PARAMETER, Value="incident 7", Type="String")
    try:
        yield
    finally:
        lab.client("ssm").delete_parameter(Name=PARAMETER)


@contextmanager
def _lever(lab: Lab) -> Iterator[None]:
    fis = lab.client("fis")
    fis.update_safety_lever_state(id="default", state={"status": "engaged", "reason": "incident 7"})
    try:
        yield
    finally:
        fis.update_safety_lever_state(id="default", state={"status": "disengaged", "reason": "over"})


@contextmanager
def _file(lab: Lab) -> Iterator[None]:
    file = lab.target.switches.file
    assert file is not None
    file.write_text("incident 7\n")
    try:
        yield
    finally:
        file.unlink()


def _put_alarm(lab: Lab, missing: str, state: str) -> None:
    cloudwatch = lab.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=ALARM,
        Namespace="tests",
        MetricName="nothing",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData=missing,
    )
    cloudwatch.set_alarm_state(AlarmName=ALARM, StateValue=state, StateReason="incident 7")


@contextmanager
def _alarm(lab: Lab) -> Iterator[None]:
    _put_alarm(lab, "breaching", "ALARM")  # and stays so when it is evaluated next
    try:
        yield
    finally:
        _put_alarm(lab, "notBreaching", "OK")


SWITCHES = [_parameter, _lever, _file, _alarm]


def armed(lab: Lab) -> Lab:
    """The lab with an alarm as a kill switch too."""
    return replace(lab, target=replace(lab.target, switches=replace(lab.target.switches, alarms=(ALARM,))))


@pytest.mark.parametrize("thrown", SWITCHES)
def test_no_run_begins_while_a_switch_is_thrown(
    lab: Lab, journal: Path, thrown: Callable[[Lab], Any]
) -> None:
    _put_alarm(lab, "notBreaching", "OK")
    with thrown(lab):
        result = armed(lab).run(EXPERIMENT, journal)
    assert result.verdict is Verdict.ABORTED
    assert result.faults == []
    assert armed(lab).run(EXPERIMENT, journal).verdict is Verdict.PASSED


class Throwing(SandboxClock):
    """Throws a switch while the run waits for its detection."""

    def __init__(self, lab: Lab, throw: Callable[[], Any]) -> None:
        super().__init__(lab.cloud)
        self._throw = throw

    def wait(self, seconds: float, wake: threading.Event) -> bool:
        woken = super().wait(seconds, wake)
        self._throw()
        self._throw = lambda: None
        return woken


@pytest.mark.parametrize("thrown", SWITCHES)
def test_a_switch_stops_a_run_that_observes_and_its_fault_is_rolled_back(
    lab: Lab, journal: Path, tmp_path: Path, thrown: Callable[[Lab], Any]
) -> None:
    path = tmp_path / "endless.yaml"
    path.write_text(ENDLESS)
    _put_alarm(lab, "notBreaching", "OK")
    switch = thrown(lab)
    clock = Throwing(lab, switch.__enter__)
    try:
        result = replace(armed(lab), clock=clock).run(path, journal)
    finally:
        switch.__exit__(None, None, None)
    assert result.verdict is Verdict.ABORTED
    assert "incident 7" in result.reason or "ALARM" in result.reason
    assert [change.outcome for fault in result.faults for change in fault.changes] == ["applied"]
    assert result.restored


def test_halt_writes_the_switches_and_lifts_them_again(lab: Lab) -> None:
    def chaoskit(*arguments: str) -> subprocess.CompletedProcess[str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PYTEST_"))}
        keys = lab.member.get_credentials()
        assert keys
        assert lab.target.switches.file
        mine = {
            "CHAOSKIT_HOME": str(lab.target.switches.file.parent),
            "AWS_ENDPOINT_URL": lab.url,
            "AWS_ACCESS_KEY_ID": keys.access_key,
            "AWS_SECRET_ACCESS_KEY": keys.secret_key,
        }
        return subprocess.run(
            [sys.executable, "-m", "chaoskit", *arguments, "--target", "aws", "--region", "us-east-1"],
            env={**clean, **mine},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    file = lab.target.switches.file
    assert file is not None
    done = chaoskit("halt", "incident 7", "--account")
    assert done.returncode == 0, done.stderr
    assert file.read_text() == "incident 7\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert lab.client("ssm").get_parameter(Name=PARAMETER)["Parameter"]["Value"] == "incident 7"
    refused = chaoskit(
        "run", f"experiments/identity/{EXPERIMENT}.yaml", "--allow-account", lab.target.account
    )
    assert refused.returncode == 3, refused.stderr
    assert "incident 7" in refused.stdout
    for _ in range(2):  # lifting what is lifted is no error
        assert chaoskit("halt", "--lift", "--account").returncode == 0
    assert not file.exists()
    assert json.dumps(lab.client("ssm").get_parameters(Names=[PARAMETER])["Parameters"]) == "[]"
    assert Switches(file).why_here() is None
