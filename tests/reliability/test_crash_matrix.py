"""`kill -9` at every point of a run and of its recovery: the account is as it was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from chaoskit.contract import FAULTS
from chaoskit.journal import SqliteJournal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.reliability.conftest import Figures, Scale
    from tests.reliability.world import Ended, World

READ_ONLY: Final = "arn:aws:iam::aws:policy/ReadOnlyAccess"
# Each fault where it goes through, and where a control of the workload denies it.
# The leaked key first: its runbook looks for the key for 15 s, in which the others are tried.
PARAMETERS: Final[Mapping[str, Sequence[Mapping[str, str]]]] = {
    "sagemaker.leaked-key-invocation": (
        {"user": "${workload.ml_engineer}", "endpoint": "${workload.endpoint}"},
        {"user": "${workload.ml_engineer}", "endpoint": "${workload.production_endpoint}"},
    ),
    "iam.attach-role-policy": (
        {"role": "${workload.training_role}"},
        {"role": "${workload.training_role}", "policy": READ_ONLY},
        {"role": "${workload.production_training_role}"},
    ),
    "s3.public-bucket-acl": (
        {"bucket": "${workload.training_data_bucket}"},
        {"bucket": "${workload.production_training_data_bucket}"},
    ),
    "s3.public-bucket-policy": (
        {"bucket": "${workload.training_data_bucket}"},
        {"bucket": "${workload.production_training_data_bucket}"},
    ),
}
ROWS: Final = [(name, number) for name, rows in PARAMETERS.items() for number in range(len(rows))]
EXPERIMENT: Final = """\
id: crash
title: A run that is killed
owner: tests
layer: {layer}
hypothesis: It is put back.
blast_radius:
  {{accounts: ["${{sandbox.account}}"], regions: ["${{sandbox.region}}"], max_duration: 5m, max_changes: 9}}
steady_state: [{{iam.policy-not-attached: {{role: chaoskit-events-role}}}}]
stop_conditions: [{{cloudwatch.alarm: {{name: "${{workload.inference_error_alarm}}"}}}}]
faults: [{{{fault}: {parameters}}}]
expect: [{{guardrail: {{call.denied: {{by: any}}}}}}]
"""


def test_every_fault_of_the_catalog_has_its_row() -> None:
    assert set(PARAMETERS) == set(FAULTS.names())


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def written(fault: str, row: int) -> str:
        path, known = tmp_path / "crash.yaml", FAULTS.get(fault)
        assert known is not None
        parameters = json.dumps(PARAMETERS[fault][row])
        path.write_text(EXPERIMENT.format(layer=known.about.layer, fault=fault, parameters=parameters))
        return str(path)

    return written


@pytest.fixture(autouse=True)
def as_it_was(place: World) -> Iterator[None]:
    """A journal that is there, so that every run has the same points; and no test's faults for the next."""
    SqliteJournal(place.home / "journal.sqlite").close()
    yield
    if place.open_faults() or place.differences():
        (place.home / "journal.sqlite").unlink()
        place.remember()


def restored(place: World, context: str) -> Ended:
    """A new process finds the account as it was, or puts it back, without a word that is not for people."""
    done = place.chaoskit("status")
    assert "Traceback" not in done.err, context
    assert place.open_faults() == [], f"{context}: {done.err}"
    assert place.differences() == [], f"{context}: {done.err}"
    assert done.code == 0, f"{context}: {done.err}"
    return done


def sample(count: int, most: int, first: int = 0) -> list[int]:
    """Points from 1 to `count`, evenly spread; another `first` gives others."""
    if most >= count:
        return list(range(1, count + 1))
    step = count / most
    return sorted({int((first * 0.382 + number) * step) % count + 1 for number in range(most)})


@pytest.mark.parametrize(("fault", "row"), ROWS)
def test_a_run_that_is_killed_at_any_point_is_put_back(
    place: World, write: Any, scale: Scale, figures: Figures, fault: str, row: int
) -> None:
    path = write(fault, row)
    whole = place.chaoskit("run", path, die_at=None)
    assert whole.code in (0, 1), whole.out + whole.err
    restored(place, "a run that is not killed")
    tried = undone = 0
    for point in sample(len(whole.points), scale(2, 1000), ROWS.index((fault, row))):
        died = place.chaoskit("run", path, die_at=point)
        assert died.killed, f"point {point}: {died}"
        undone += "rolled back" in restored(place, f"point {point}, {died.points[-1]}").err
        tried += 1
    figures(f"kill -9 of a run: {fault} {row}: {tried} points tried, {undone} rolled back afterwards, 0 left")


@pytest.mark.parametrize("on_the_wire", [False, True])
def test_a_recovery_that_is_killed_at_any_point_is_finished_by_the_next(
    place: World, write: Any, scale: Scale, figures: Figures, on_the_wire: bool
) -> None:
    tried = 0
    for fault, row in ROWS[-scale(1, len(ROWS)) :]:
        path = write(fault, row)
        points = place.chaoskit("run", path, die_at=None).points
        injected = len(points) - points[::-1].index("after journal.record") + (2 if on_the_wire else 0)
        place.chaoskit("run", path, die_at=injected)
        count = len(place.chaoskit("rollback", die_at=None).points)
        restored(place, "a recovery that is not killed")
        for point in sample(count, scale(2, 1000), int(on_the_wire)):
            assert place.chaoskit("run", path, die_at=injected).killed
            died = place.chaoskit("rollback", die_at=point)
            if died.killed:  # not if a responder was quicker, and less was left to do
                restored(place, f"{fault} {row}: point {point} of the recovery, {died.points[-1]}")
                tried += 1
        restored(place, "a recovery that was not killed after all")
    when = "on the wire" if on_the_wire else "not sent"
    figures(f"kill -9 of the recovery of a call {when}: {tried} points tried, 0 left")


def test_a_fault_is_really_in_when_its_sender_is_killed(place: World, write: Any) -> None:
    path = write("iam.attach-role-policy", 1)
    points = place.chaoskit("run", path, die_at=None).points
    assert place.chaoskit("run", path, die_at=points.index("during send iam:AttachRolePolicy") + 1).killed
    assert place.landed(READ_ONLY)
    assert "rolled back: iam.attach-role-policy" in restored(place, "on the wire").err
