"""What the command line tells of a run, and whom: in the sandbox that is up."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from chaoskit.cli import main
from tests.e2e.lab import SHIPPED, up_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chaoskit.sandbox.server import Served
    from tests.one_sandbox import OneSandbox

GUARDRAIL = SHIPPED / "identity" / "leave-organization.yaml"
DUE = SHIPPED / "identity" / "admin-policy-on-production-user.yaml"


@pytest.fixture(scope="module")
def up(one_sandbox: OneSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Served]]:
    """The home in which it is up, and the sandbox."""
    home = tmp_path_factory.mktemp("home")
    with one_sandbox.deployed() as (served, _), up_in(home, served):
        yield home, served


@pytest.fixture(autouse=True)
def account(up: tuple[Path, Served], chaoskit_home: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Its administrator's clients; every `chaoskit` of a test finds the sandbox that is up."""
    home, served = up
    assert chaoskit_home != home  # a test's own, before
    monkeypatch.setenv("CHAOSKIT_HOME", str(home))
    key = served.credentials["admin"]
    session = boto3.Session(key.access_key_id, key.secret_access_key, region_name=served.cloud.region)
    return lambda service: session.client(service, endpoint_url=served.url)


def chaoskit(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[object, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(map(str, arguments)))
    return ended.value.code, " ".join(capsys.readouterr().out.split())


def test_a_run_that_is_repeated_shows_how_its_latency_is_distributed_and_the_account_was_looked_at(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    status, told = chaoskit(capsys, "run", GUARDRAIL, "--repeat", "2", "--html", page)
    assert status == 0
    assert "2 runs of each experiment" in told
    assert "100.0% of 2" in told
    assert "2 PASSED; everything restored" in told
    html = page.read_text("utf-8")
    assert "2 seen, median" in html
    maturity = html[html.index('<section id="maturity"') :]
    assert "did not look" not in maturity
    assert "cloudtrail.trail-sound" in maturity


def test_a_report_that_can_not_be_written_costs_no_word_of_what_the_run_found_and_no_other_report(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = [f"CHAOSKIT_{name}_WEBHOOK" for name in ("SLACK", "TEAMS")]
    for hook in hooks:
        monkeypatch.setenv(hook, "http://127.0.0.1:9/nobody-listens")
    folder, junit, beat = (tmp_path / name for name in ("out", "junit.xml", "beat.prom"))
    # The first makes a folder of what the second is to be.
    reports = ("--json", folder / "out.json", "--markdown", folder, "--junit", junit)
    told_to = ("--publish", "slack", "--publish", "teams", "--due", "--heartbeat", beat)
    with pytest.raises(SystemExit) as ended:
        main(list(map(str, ("run", DUE, *reports, *told_to))))
    told = capsys.readouterr()
    assert ended.value.code == 5
    assert "1 PASSED; everything restored" in told.out
    assert f"chaoskit: {folder} can't be written: Is a directory." in told.err
    for hook in hooks:
        assert f"chaoskit: The webhook in {hook} can't be reached" in told.err
    assert json.loads((folder / "out.json").read_text())["results"][0]["verdict"] == "PASSED"
    assert "<testsuite" in junit.read_text()
    assert "chaoskit_scheduled_experiments 1.0" in beat.read_text()


def test_a_summary_that_can_not_be_told_costs_no_report(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("no table")

    monkeypatch.setattr("chaoskit.cli.run.summary", broken)
    assert chaoskit(capsys, "run", GUARDRAIL, "--json", tmp_path / "out.json")[0] == 5
    (result,) = json.loads((tmp_path / "out.json").read_text())["results"]
    assert result["verdict"] == "PASSED"


def test_a_journal_may_be_a_file_that_its_first_run_makes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAOSKIT_JOURNAL", str(tmp_path / "new" / "own.sqlite"))
    status, told = chaoskit(capsys, "run", GUARDRAIL)
    assert (status, "1 PASSED; everything restored" in told) == (0, True)
    assert (tmp_path / "new" / "own.sqlite").exists()


def test_what_security_hub_was_told_can_be_read_there(
    capsys: pytest.CaptureFixture[str], account: Any
) -> None:
    hub = account("securityhub")
    assert chaoskit(capsys, "run", GUARDRAIL, "--publish", "securityhub")[0] == 0
    mine = {"ProductName": [{"Value": "chaoskit", "Comparison": "EQUALS"}]}
    (finding,) = hub.get_findings(Filters=mine)["Findings"]
    assert finding["Compliance"]["Status"] == "PASSED"
    assert finding["GeneratorId"] == "chaoskit/leave-organization"
    assert "SOC2-CC6.1" in finding["Compliance"]["RelatedRequirements"]
    hub.batch_update_findings(
        FindingIdentifiers=[{"Id": finding["Id"], "ProductArn": finding["ProductArn"]}],
        Workflow={"Status": "SUPPRESSED"},
        Note={"Text": "Dana: known", "UpdatedBy": "Dana"},
        Severity={"Label": "LOW"},
    )
    assert chaoskit(capsys, "run", GUARDRAIL, "--publish", "securityhub")[0] == 0
    (after,) = hub.get_findings(Filters=mine)["Findings"]
    assert after["UpdatedAt"] > finding["UpdatedAt"]
    assert (after["Workflow"], after["Note"]["Text"]) == ({"Status": "SUPPRESSED"}, "Dana: known")
    assert (after["Severity"]["Label"], after["FindingProviderFields"]["Severity"]["Label"]) == (
        "LOW",
        "INFORMATIONAL",
    )


def test_the_heartbeat_is_a_metric_that_an_alarm_can_read(
    capsys: pytest.CaptureFixture[str], account: Any
) -> None:
    begun = datetime.now(UTC)
    status, told = chaoskit(capsys, "run", GUARDRAIL, "--due", "--heartbeat", "cloudwatch")
    assert (status, "Nothing is due" in told) == (0, True)
    (beat,) = account("cloudwatch").get_metric_statistics(
        Namespace="chaoskit",
        MetricName="heartbeat_timestamp_seconds",
        StartTime=begun - timedelta(minutes=2),
        EndTime=begun + timedelta(minutes=2),
        Period=300,
        Statistics=["Maximum"],
    )["Datapoints"]
    assert beat["Maximum"] == pytest.approx(begun.timestamp(), abs=60)
