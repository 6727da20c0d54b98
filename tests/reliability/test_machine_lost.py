"""The machine dies with a fault in, and its journal with it: AWS itself undoes the fault by the deadline."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from chaoskit.contract import FAULTS
from chaoskit.embedded import MovedClock
from chaoskit.engine import sweep
from chaoskit.journal import SqliteJournal
from tests.reliability.test_crash_matrix import EXPERIMENT, PARAMETERS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.reliability.conftest import Figures
    from tests.reliability.world import World

# `max_duration` of the experiment, the rollback's reserve, and the minute that a schedule may be late.
DEADLINE_S: Final = 300 + 300 + 120
SWEPT_AFTER_S: Final = 2 * 3600
RULES: Final = ("permissive-policy", "public-bucket-acl", "public-bucket-policy", "leaked-key")


def test_the_dead_mans_switch_restores_every_fault_of_a_machine_that_is_lost(
    place: World, tmp_path: Path, figures: Figures
) -> None:
    events = place.client("events")
    for rule in RULES:  # or its runbook would repair the fault first
        events.disable_rule(Name=f"chaoskit-{rule}")
    place.remember()
    for number, (fault, rows) in enumerate(PARAMETERS.items()):
        path = tmp_path / f"{number}.yaml"
        known = FAULTS.get(fault)
        assert known is not None
        text = EXPERIMENT.format(layer=known.about.layer, fault=fault, parameters=json.dumps(rows[0]))
        path.write_text(text.replace("id: crash", f"id: '{number}'"))
        lost(place, path)
    left = place.differences()
    injected = len(armed(place))
    assert injected == len(PARAMETERS)
    assert any("AdministratorAccess" in line for line in left)
    assert any("AllUsers" in line for line in left)
    bucket = place.target.variables["workload.training_data_bucket"]
    assert "ChaoskitPublicRead" in place.client("s3").get_bucket_policy(Bucket=bucket)["Policy"]
    assert any("access_keys" in line for line in left)

    place.served.cloud.clock.advance(DEADLINE_S)
    place.settle()
    assert armed(place) == []
    # A switch that fired leaves its document, which tells what was undone, until a run sweeps it away.
    assert [line for line in place.differences() if "chaoskit-2" not in line] == []
    place.served.cloud.clock.advance(SWEPT_AFTER_S)
    assert swept(place)
    # In two hours the trail takes a new key to sign its digests with.
    assert [line for line in place.differences() if ".cloudtrail.all.keys/" not in line] == []
    for rule in RULES:
        events.enable_rule(Name=f"chaoskit-{rule}")
    place.remember()
    figures(f"machine lost: {injected} faults, journal deleted: all undone by the deadline, 0 left")


def swept(place: World) -> list[str]:
    undoer = place.target.open_undo("sweep", "sweep", 0)
    assert undoer
    with SqliteJournal(place.home / "journal.sqlite") as journal:
        return sweep(undoer, journal, MovedClock(DEADLINE_S + SWEPT_AFTER_S))


def lost(place: World, path: Path) -> None:
    """A run that dies as soon as its changes are made, with the journal."""
    SqliteJournal(place.home / "journal.sqlite").close()  # or the first run would look at one file less
    whole = place.chaoskit("run", str(path), "--no-predict", die_at=None)
    assert whole.code in (0, 1), whole.out + whole.err
    # All changes are made and looked at; rollback is about to ask the journal what to undo.
    rollback = max(n for n, name in enumerate(whole.points, 1) if name == "before journal.open_faults")
    died = place.chaoskit("run", str(path), "--no-predict", die_at=rollback)
    assert died.killed, died
    for file in place.home.glob("journal.sqlite*"):
        file.unlink()


def armed(place: World) -> list[Any]:
    """The switches that are armed."""
    return list(place.client("scheduler").list_schedules()["Schedules"])
