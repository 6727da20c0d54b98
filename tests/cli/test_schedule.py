from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit import spec
from chaoskit.cli import main
from chaoskit.cli.due import Agenda, alone
from chaoskit.heartbeat import Beat
from chaoskit.history import History
from chaoskit.home import heartbeat_path, history_path
from tests.samples import SHIPPED

if TYPE_CHECKING:
    from pathlib import Path

ONE = SHIPPED / "identity" / "permissive-policy-on-training-role.yaml"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    told = capsys.readouterr()
    return ended.value.code, told.out + told.err


def begun(ago: timedelta, target: str = "embedded") -> None:
    """An earlier run of the experiment, in this test's history."""
    at = (datetime.now(UTC) - ago).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    result: dict[str, Any] = {
        "experiment": ONE.stem,
        "account": "444455556666",
        "started": at,
        "verdict": "PASSED",
    }
    History(history_path()).keep(
        {"run_id": f"run-{at}-{target}", "target": target, "started": at, "results": [result]}
    )


def test_what_is_not_due_is_not_run_and_a_beat_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    begun(timedelta(days=1))
    status, told = run(capsys, "run", str(ONE), "--due")
    assert status == 0
    assert f"Nothing is due; {ONE.stem} is next, at " in told
    beat = Beat.read(heartbeat_path())
    assert beat is not None
    assert list(beat.upcoming) == [ONE.stem]


def test_a_second_one_begins_nothing_beside_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    with alone() as first:
        assert first
        status, told = run(capsys, "run", str(ONE), "--due")
    assert (status, told) == (0, "Another `run --due` is going on; nothing is begun beside it.\n")


def test_a_heartbeat_is_written_for_a_monitor(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    begun(timedelta(days=9))
    begun(timedelta(days=1))
    file = tmp_path / "chaoskit.prom"
    assert run(capsys, "run", str(ONE), "--due", "--heartbeat", str(file))[0] == 0
    assert "chaoskit_scheduled_experiments 1.0\n" in file.read_text()
    assert "chaoskit_overdue_experiments 0.0\n" in file.read_text()


def test_a_heartbeat_without_due_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    status, told = run(capsys, "run", str(ONE), "--heartbeat", "cloudwatch")
    assert status == 2
    assert "--heartbeat goes with --due" in told


def test_silence_is_noticed_by_status(capsys: pytest.CaptureFixture[str]) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=3)
    Beat(long_ago, {ONE.stem: long_ago + timedelta(hours=1)}).keep(heartbeat_path())
    status, told = run(capsys, "status")
    assert status == 0
    assert "Scheduled runs are silent" in told
    assert f"{ONE.stem} is overdue." in told


def test_the_list_tells_when_each_was_begun_on_that_target(capsys: pytest.CaptureFixture[str]) -> None:
    begun(timedelta(days=2), "aws")
    assert "never" in run(capsys, "schedule", "list", str(ONE))[1]
    assert "never" not in run(capsys, "schedule", "list", str(ONE), "--target", "aws")[1]


def test_a_clock_that_was_once_ahead_silences_no_schedule(capsys: pytest.CaptureFixture[str]) -> None:
    begun(timedelta(days=-400), "aws")
    begun(timedelta(days=8), "aws")
    now = datetime.now(UTC)
    agenda = Agenda.of(spec.load([ONE]), "aws", now)
    assert [each.id for each in agenda.due(now)] == [ONE.stem]
    begun(timedelta(days=1), "aws")  # that run
    assert Agenda.of(spec.load([ONE]), "aws", now).due(now) == []
    assert (
        f"{now - timedelta(days=1):%Y-%m-%d}"
        in run(capsys, "schedule", "list", str(ONE), "--target", "aws")[1]
    )


def test_a_sandbox_s_clock_that_skips_is_a_little_ahead_and_what_it_began_has_begun() -> None:
    begun(timedelta(hours=-5))
    now = datetime.now(UTC)
    agenda = Agenda.of(spec.load([ONE]), "embedded", now)
    assert (agenda.due(now), agenda.last) == ([], {ONE.stem: now})
    assert Agenda.of(spec.load([ONE]), "aws", now).last == {}


def test_what_is_installed_twice_is_installed_once(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    arguments = ("schedule", "install", str(ONE), "--to", "systemd", "--output", str(tmp_path))
    first, again = run(capsys, *arguments), run(capsys, *arguments)
    assert (first[0], again[0]) == (0, 0)
    assert first[1].count(": written") == again[1].count(": as it was") == 2
    assert "brought up to date" in run(capsys, *arguments, "--minutes", "30")[1]
    assert json.dumps(str(ONE))[1:-1] in (tmp_path / "chaoskit.service").read_text()


@pytest.fixture
def crontab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's table, behind a `crontab` that keeps it in a file."""
    table, program = tmp_path / "table", tmp_path / "bin" / "crontab"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        f"table='{table}'\n"
        '[ "$1" = - ] && exec cat > "$table"\n'
        '[ -e "$table" ] && exec cat "$table"\n'
        'echo "no crontab for me" >&2; exit 1\n'
    )
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    return table


def test_cron_is_told_once_and_keeps_what_it_had(capsys: pytest.CaptureFixture[str], crontab: Path) -> None:
    arguments = ("schedule", "install", str(ONE), "--to", "cron")
    assert "your crontab: written" in run(capsys, *arguments)[1]
    crontab.write_text(f"0 1 * * * backup\n{crontab.read_text()}0 2 * * * other\n")
    before = crontab.read_text()
    assert "your crontab: as it was" in run(capsys, *arguments)[1]
    assert crontab.read_text() == before
    run(capsys, *arguments, "--minutes", "30")
    assert crontab.read_text() == before.replace("*/15", "*/30")


def test_a_crontab_that_cant_be_read_is_not_overwritten(
    capsys: pytest.CaptureFixture[str], crontab: Path
) -> None:
    crontab.mkdir()  # so that it can't be read
    status, told = run(capsys, "schedule", "install", str(ONE), "--to", "cron")
    assert status == 5
    assert "crontab -l failed" in told
