"""The disk is full, read-only or damaged, or the clock jumps: chaoskit refuses or recovers, and says so."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from chaoskit.journal import Record, SqliteJournal, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.reliability.conftest import Figures, Scale
    from tests.reliability.ledger import Ledger
    from tests.reliability.world import Ended, World

SEED: Final = 9_000
PAGE: Final = 4096
READ_ONLY: Final = "arn:aws:iam::aws:policy/ReadOnlyAccess"
HOUR: Final = 3600
QUICK_S: Final = 30.0
RUN: Final = """\
id: run
title: A policy is attached, and nobody minds
owner: tests
layer: identity
hypothesis: It is put back.
blast_radius:
  {accounts: ["${sandbox.account}"], regions: ["${sandbox.region}"], max_duration: 5m, max_changes: 1}
faults:
  - iam.attach-role-policy:
      {role: "${workload.training_role}", policy: arn:aws:iam::aws:policy/ReadOnlyAccess}
expect: [{guardrail: {call.denied: {by: any}}}]
"""
WATCHING: Final = (
    RUN.partition("expect:")[0]
    + """\
expect: [{detection: {eventbridge.matched: {rule: chaoskit-public-bucket-acl}}, within: 500ms}]
"""
)
CLOSED: Final = Record("t", "e", "f", {"kind": "embedded"}, {"x": "y" * 500}, (), None, None, ())


@pytest.fixture
def experiment(tmp_path: Path) -> str:
    path = tmp_path / "run.yaml"
    path.write_text(RUN)
    return str(path)


@pytest.fixture(autouse=True)
def path(place: World) -> Iterator[Path]:
    """The journal's file, which is gone before and after."""
    file = place.home / "journal.sqlite"
    yield file
    if place.differences():
        place.remember()
    for each in place.home.glob("journal*"):
        each.unlink()


def filled(path: Path, rows: int) -> int:
    """The size of a journal with so many closed rows."""
    with SqliteJournal(path) as journal:
        for _ in range(rows):
            journal.mark(journal.record(CLOSED), Status.UNDONE)
    return path.stat().st_size


def in_sentences(ended: Ended) -> bool:
    return "Traceback" not in ended.out + ended.err and (ended.code == 0 or bool(ended.out + ended.err))


def put_back(place: World, told: str) -> None:
    """Once the trouble is over, any command finishes what is left."""
    done = place.chaoskit("status")
    assert in_sentences(done), f"{told}; {done}"
    assert done.code == 0, f"{told}; {done}"
    assert place.open_faults() == [], f"{told}; {done}"
    assert place.differences() == [], f"{told}; {done}"


@pytest.mark.parametrize("how", ["told of it", "killed by it"])
def test_on_a_disk_that_fills_up_no_fault_is_injected_without_its_row(
    place: World, path: Path, experiment: str, scale: Scale, figures: Figures, ledger: Ledger, how: str
) -> None:
    for rows in range(20, 20 + scale(1, 6)):  # six and more begin at any part of a page
        limits = range(PAGE, filled(path, rows) + 2 * PAGE, PAGE * (1 if rows > 20 else 2))
        for key in ledger.left(f"{how}: {rows} rows, {limit} bytes" for limit in limits):
            limit = int(key.split()[-2])
            path.unlink(missing_ok=True)
            filled(path, rows)
            ended = place.chaoskit("run", experiment, disk_holds=limit, dies_when_full=how == "killed by it")
            told = f"{key}; {ended}"
            assert in_sentences(ended) or ended.code == -signal.SIGXFSZ, told
            if ended.code == 5:
                assert "journal" in ended.err + ended.out, told
            if place.differences():
                assert place.open_faults(), f"a fault without a row: {told}"
            put_back(place, told)
            ledger.add(key, codes={str(ended.code): 1})
    outcomes = ledger.tally("codes")
    assert set(outcomes) - {"1"}, "the disk was never full"
    figures(f"disk full, up to those {how}: {len(ledger)} runs, by exit status {outcomes}; 0 left")


def test_where_nothing_can_be_written_nothing_is_injected(place: World, path: Path, experiment: str) -> None:
    place.home.chmod(0o500)
    try:
        refused = place.chaoskit("run", experiment, obeys_permissions=True)
    finally:
        place.home.chmod(0o700)
    assert refused.code == 5
    assert in_sentences(refused)
    assert "can't be used" in refused.err
    assert refused.err.count("\n") == 1
    assert not path.exists()
    assert place.differences() == []


def test_a_journal_that_has_become_read_only_keeps_its_open_faults_until_it_is_writable(
    place: World, path: Path, experiment: str
) -> None:
    killed_with_a_fault_in(place, experiment)
    path.chmod(0o400)
    place.home.chmod(0o500)
    try:
        for arguments in (["run", experiment], ["status"], ["rollback"]):
            refused = place.chaoskit(*arguments, obeys_permissions=True)
            assert refused.code == 5, refused
            assert in_sentences(refused)
            assert refused.err.count("\n") == 1
    finally:
        place.home.chmod(0o700)
        path.chmod(0o600)
    put_back(place, "writable again")


def killed_with_a_fault_in(place: World, experiment: str, **order: Any) -> None:
    SqliteJournal(place.home / "journal.sqlite").close()
    whole = place.chaoskit("run", experiment, die_at=None)
    points = whole.points
    assert "after send iam:AttachRolePolicy" in points, whole
    died = place.chaoskit(
        "run", experiment, die_at=points.index("after send iam:AttachRolePolicy") + 1, **order
    )
    assert died.killed, died
    assert place.open_faults()
    assert place.differences()


def damaged(chance: random.Random, whole: bytes) -> bytes:
    """The file with one thing wrong with it."""
    at = chance.randrange(len(whole))
    match chance.randrange(4):
        case 0:
            return whole[:at]
        case 1:
            return whole[:at] + bytes([chance.randrange(256)]) + whole[at + 1 :]
        case 2:
            length = chance.randrange(1, 2000)
            return whole[:at] + chance.randbytes(length) + whole[at + length :]
        case _:
            page = at // PAGE * PAGE
            return whole[:page] + b"\0" * PAGE + whole[page + PAGE :]


def test_a_damaged_journal_is_refused_or_recovered_from_in_sentences(
    place: World, path: Path, experiment: str, scale: Scale, figures: Figures, ledger: Ledger
) -> None:
    killed_with_a_fault_in(place, experiment)
    whole = path.read_bytes()
    for key in ledger.left(str(SEED + number) for number in range(scale(40, 2000))):
        chance = random.Random(int(key))  # noqa: S311 - a seed makes the run repeatable
        path.write_bytes(damaged(chance, whole))
        size = path.stat().st_size
        done = place.chaoskit("rollback")
        told = f"seed {key}; {done}"
        assert in_sentences(done), told
        if done.code:
            assert done.code == 5, told
            outcome = "refused"
        elif place.differences():
            outcome = "not noticed" if size else "empty"
        else:
            outcome = "recovered"
            place.client("iam").attach_role_policy(
                RoleName=place.target.variables["workload.training_role"], PolicyArn=READ_ONLY
            )
        ledger.add(key, [told] if outcome == "not noticed" else [], outcomes={outcome: 1})
    figures(f"damaged journal: {ledger.tally('outcomes')}, from seed {SEED}")
    assert ledger.wrong() == []
    path.write_bytes(whole)
    put_back(place, "whole again")


def test_a_lock_file_that_names_a_dead_process_stops_nobody(
    place: World, path: Path, experiment: str
) -> None:
    dead = place.chaoskit("status")
    assert dead.code == 0
    path.with_suffix(".lock").write_text("999999\n")
    ended = place.chaoskit("run", experiment)
    assert ended.code == 1, ended
    assert place.open_faults() == []
    assert place.differences() == []


def test_a_clock_that_jumps_during_a_run_leaves_nothing_and_takes_no_longer(
    place: World, experiment: str, scale: Scale, figures: Figures, ledger: Ledger
) -> None:
    Path(experiment).write_text(WATCHING)
    for key in ledger.left(str(SEED + number) for number in range(scale(4, 200))):
        chance = random.Random(int(key))  # noqa: S311 - a seed makes the run repeatable
        offset, looks = chance.choice([-24 * HOUR, -HOUR, HOUR, 24 * HOUR]), chance.randrange(40)
        began = time.monotonic()
        ended = place.chaoskit("run", experiment, clock_is_off_by=offset, points_before=looks)
        told = f"seed {key}: {offset} s after {looks} looks; {ended}"
        assert in_sentences(ended), told
        assert ended.code in (1, 3, 4), told
        assert place.open_faults() == [], told
        assert place.differences() == [], told
        ledger.add(key, seconds=time.monotonic() - began, codes={str(ended.code): 1})
    slowest, codes = ledger.most("seconds"), ledger.tally("codes")
    assert slowest < QUICK_S
    figures(
        f"clock jumps: {len(ledger)} runs from seed {SEED}, by exit status {codes}, "
        f"slowest {slowest:.1f} s, 0 left"
    )


# Two minutes ahead is what the credentials still last.
@pytest.mark.parametrize("offset", [-24 * HOUR, 120])
def test_what_was_journaled_by_another_time_is_rolled_back_at_once(
    place: World, experiment: str, offset: int
) -> None:
    killed_with_a_fault_in(place, experiment, clock_is_off_by=offset, points_before=0)
    began = time.monotonic()
    put_back(place, f"{offset} s off")
    assert time.monotonic() - began < QUICK_S
