"""Whoever reads along may leave: a command goes on to its end, and its exit status stays its own."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chaoskit.cli import main
from chaoskit.home import journal_path
from chaoskit.journal import Record, SqliteJournal

if TYPE_CHECKING:
    from collections.abc import Iterator

CHAOSKIT = (sys.executable, "-m", "chaoskit")
FULL = Path("/dev/full")
# An account that can't be found again, so it stays open.
OPEN = Record("t.1", "experiment", "iam.attach-role-policy", {"kind": "nowhere"}, {}, (), None, 1, ())


@contextmanager
def left() -> Iterator[int]:
    """A pipe whose reader has ended."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        yield writing
    finally:
        os.close(writing)


def test_a_list_whose_reader_has_seen_enough_is_no_failure() -> None:
    with left() as pipe:
        done = subprocess.run([*CHAOSKIT, "catalog"], stdout=pipe, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_faults_that_are_open_are_the_exit_status_even_if_nobody_reads_which() -> None:
    with SqliteJournal(journal_path()) as journal:
        journal.record(OPEN)
    with left() as pipe:
        both = subprocess.run([*CHAOSKIT, "status"], stdout=pipe, stderr=pipe, check=False)
        one = subprocess.run([*CHAOSKIT, "status"], stdout=subprocess.PIPE, stderr=pipe, check=False)
    assert (both.returncode, one.returncode) == (5, 5)
    assert b"iam.attach-role-policy" in one.stdout


@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "1>&- 2>&-"])
def test_a_process_may_begin_with_its_streams_closed(closed: str) -> None:
    done = subprocess.run(["/bin/sh", "-c", f'exec "$@" {closed}', "sh", *CHAOSKIT, "status"], check=False)
    assert done.returncode == 0


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_what_a_full_disk_does_not_take_is_told_and_no_success() -> None:
    with FULL.open("w") as full:
        told = subprocess.run([*CHAOSKIT, "status"], stdout=full, stderr=subprocess.PIPE, check=False)
        silent = subprocess.run([*CHAOSKIT, "status"], stdout=full, stderr=full, check=False)
    assert told.stderr == b"chaoskit: standard output can't be written: No space left on device.\n"
    assert (told.returncode, silent.returncode) == (5, 5)


@pytest.mark.parametrize("error", [KeyError("Bucket"), OSError("odd"), SystemExit(1)])
def test_a_defect_of_chaoskit_s_own_is_no_verdict(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(**_: object) -> None:
        raise error

    monkeypatch.setattr("chaoskit.cli.schema.command.callback", broken)
    with pytest.raises(SystemExit) as ended:
        main(["schema"])
    told = capsys.readouterr().err
    assert ended.value.code == 5
    assert "in broken" in told
    assert f"stopped by a defect of its own: {type(error).__name__}: {error}. `chaoskit status`" in told
