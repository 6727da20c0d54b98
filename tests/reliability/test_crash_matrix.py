"""`kill -9` at every point of a run and of its recovery, for every fault: the account is as it was."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import pytest

from chaoskit import spec
from chaoskit.contract import FAULTS
from chaoskit.experiment import Role
from chaoskit.journal import SqliteJournal
from tests.reliability.world import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from chaoskit.experiment import Experiment
    from tests.reliability.conftest import Figures, Scale
    from tests.reliability.ledger import Ledger
    from tests.reliability.world import Ended, World

SAMPLE: Final = ("public-access-to-training-data",)
"""Tried by default: documents that are replaced."""
MANY: Final = 1000
ATTACHED: Final = "permissive-policy-on-training-role"
ADMIN: Final = "arn:aws:iam::aws:policy/AdministratorAccess"


@functools.cache
def users() -> dict[str, list[Path]]:
    """The shipped experiments that use each fault: their parameters are what the workload has.

    First come those that expect no guardrail, since there it goes through.
    """
    found: dict[str, list[Path]] = defaultdict(list)
    for experiment in sorted(spec.load([SHIPPED]), key=_expects_a_guardrail):
        for fault in experiment.faults:
            found[fault.about.name].append(experiment.path)
    return dict(found)


def _expects_a_guardrail(experiment: Experiment) -> bool:
    return any(expectation.role is Role.GUARDRAIL for expectation in experiment.expect)


def shipped(name: str) -> Path:
    return next(SHIPPED.rglob(f"{name}.yaml"))


def test_every_fault_of_the_catalog_is_in_the_matrix() -> None:
    assert sorted(users()) == FAULTS.names()


def test_each_point_of_a_run_is_of_one_kind() -> None:
    points = [
        "before read iam:ListAttachedRolePolicies",
        "before read sts:GetCallerIdentity",
        "before journal.record",
        "before send scheduler:CreateSchedule",
        "during send scheduler:CreateSchedule",
        "before send iam:AttachRolePolicy",
        "during send iam:AttachRolePolicy",
        "before journal.mark",
        "before read iam:ListAttachedRolePolicies",
        ROLLBACK,
        "before send iam:DetachRolePolicy",
    ]
    assert {kind: of_kind(points, kind) for kind in KINDS} == {
        "sends": [6, 7, 8],
        "undos": [11],
        "writes": [1, 3, 4, 5, 9, 10],
        "looks": [2],
    }


@pytest.fixture(autouse=True)
def as_it_was(place: World) -> Iterator[None]:
    """A journal that is there, so that every run has the same points; and no test's faults for the next."""
    SqliteJournal(place.home / "journal.sqlite").close()
    yield
    if place.open_faults() or place.differences():
        (place.home / "journal.sqlite").unlink()
        place.remember()


def restored(place: World, done: Ended) -> list[str]:
    """What is wrong once a new process has recovered.

    Of the account, the services are looked at in which anybody wrote since the last look; all of it is once a
    row.
    """
    wrong = [f"a traceback: {done.err[-800:]}"] if "Traceback" in done.err else []
    wrong += [f"still open: {each}" for each in place.open_faults()]
    if wrote := place.wrote():
        wrong += [f"left behind: {each[:300]}" for each in place.differences(wrote)]
    if done.code or wrong:
        wrong.append(f"exit status {done.code}: {done.err[-800:]}")
    return wrong


def sample(points: Sequence[int], most: int) -> list[int]:
    """So many of them, evenly spread."""
    step = max(len(points) / most, 1)
    return [points[int(number * step)] for number in range(min(most, len(points)))]


KINDS: Final = ("sends", "undos", "writes", "looks")
"""In the order in which they are tried: what each fault has of its own, what all have alike, and the rest."""


def of_kind(points: Sequence[str], kind: str) -> list[int]:
    """The points of a kind, which together are all.

    `sends` are before, during and after a call of the fault, and `undos` those of its undo; `looks` precede
    and follow a look at the account, so nothing is done there; `writes` are all others: each write of the
    journal, each call that arms or disarms.
    """
    names = ["", *points]
    undoing = max((number for number, name in enumerate(names) if name == ROLLBACK), default=0)
    return [
        number
        for number in range(1, len(names))
        if _kind(names[number - 1], names[number], undoing=number > undoing) == kind
    ]


def _kind(last: str, name: str, *, undoing: bool) -> str:
    if _SENT.match(name) or (_SENT.match(last) and last.startswith("during")):
        return "undos" if undoing else "sends"
    return "looks" if last.startswith("before read") and name.startswith("before read") else "writes"


ROLLBACK: Final = "before journal.open_faults"
"""With this, for the last time, begins what a run puts back; a recovery begins with it, too."""
# Not of the dead-man's switch, whose calls are the same in each run.
_SENT: Final = re.compile(r"(before|during) send (?!scheduler:|ssm:(Create|Delete)Document)")


class Row:
    """One experiment in the matrix: tried at many points, each time from the same account and journal."""

    def __init__(self, place: World, path: Path) -> None:
        self._place = place
        self._path = path
        self._start = place.keep()
        self.tried = self.undone = 0
        self.wrong: list[str] = []

    def kill_the_run(self, most: int, kind: str) -> None:
        """At each of its points of a kind."""
        whole = self._place.inject(self._path)
        if whole.code not in (0, 1, 4):
            self.wrong.append(f"it does not run: {whole.out} {whole.err}")
        self._judge("not killed", self._place.recover())
        for point in sample(of_kind(whole.points, kind), most):
            died = self._place.inject(self._path, die_at=point)
            self._judge(f"{point} of {len(whole.points)}, {died.points[-1]}", self._place.recover())
        self._look_everywhere()

    def kill_the_recovery(self, most: int, kind: str) -> None:
        """Of one that died while its first change was on the wire, and of one that had seen its changes."""
        points = self._place.inject(self._path).points
        on_the_wire = [n for n, name in enumerate(points, 1) if name.startswith("during send")]
        rollback = [n for n, name in enumerate(points, 1) if name == ROLLBACK]
        for when, injected in (("on the wire", on_the_wire[1:2]), ("seen", rollback[-1:])):
            if not injected:
                continue
            self._place.inject(self._path, die_at=injected[0])
            self._place.settle()
            faulted = self._place.keep()
            whole = self._place.recover()
            self._judge(f"{when}, recovery not killed", whole)
            for point in sample(of_kind(whole.points, kind), most):
                self._place.put_back(faulted)
                died = self._place.recover(die_at=point)
                name = died.points[-1] if died.points else "nothing open"
                self._judge(f"{when}, {point} of the recovery, {name}", self._place.recover())
        self._look_everywhere()

    def _look_everywhere(self) -> None:
        left = self._place.differences()
        if left:
            self.wrong.append(f"{self._path.stem}: left behind at one of its points: {left}")
            self._place.put_back(self._start)

    def _judge(self, when: str, done: Ended) -> None:
        self.tried += 1
        self.undone += "rolled back" in done.err
        wrong = restored(self._place, done)
        if wrong:
            self.wrong.append(f"{self._path.stem}: {when}: {wrong}")
            self._place.put_back(self._start)


def firsts() -> Sequence[Path]:
    """Experiments that have every fault once."""
    return list(dict.fromkeys(users()[name][0] for name in FAULTS.names()))


def rows(scale: Scale) -> Sequence[Path]:
    """Every experiment in a full run, since a control may deny one fault and let the next one through."""
    every = list(dict.fromkeys([*firsts(), *sorted(path for paths in users().values() for path in paths)]))
    few = [shipped(name) for name in SAMPLE]
    count = scale(len(few), len(every))
    return few if count <= len(few) else [*few, *(path for path in every if path not in few)][:count]


def keys(scale: Scale, kinds: Sequence[str]) -> Sequence[str]:
    """What is tried of each row, every fault first; of a sample, little."""
    once, paths = set(firsts()), rows(scale)
    turns = [path.stem for path in paths if path in once], [path.stem for path in paths if path not in once]
    every = [f"{name} {kind}" for names in turns for kind in kinds for name in names]
    return every[: scale(len(SAMPLE) + 1, len(KINDS) * MANY)]


def crash(place: World, ledger: Ledger, keys: Sequence[str], what: str, most: int) -> None:
    with place.quiet():
        for key in ledger.left(keys):
            name, _, kind = key.partition(" ")
            row = Row(place, shipped(name))
            getattr(row, what)(most, kind)
            ledger.add(key, row.wrong, points=row.tried, undone=row.undone)


def tell(ledger: Ledger, figures: Figures, what: str) -> None:
    every = {path.stem for paths in users().values() for path in paths}
    tried = {kind: {name for name in every if f"{name} {kind}" in ledger} for kind in KINDS}
    faults = {
        name
        for name, paths in users().items()
        if any(path.stem in tried["undos"] | tried["sends"] for path in paths)
    }
    points, left = ledger.total("points"), len(ledger.wrong())
    figures(
        f"crash matrix, {what}: {len(faults)} faults of {len(users())}, "
        + ", ".join(f"{kind} in {len(names)}" for kind, names in tried.items())
        + f" experiments of {len(every)}, {points} points, {points - left} restored "
        f"({ledger.total('undone')} rolled back by the next process), {left} left"
    )
    assert ledger.wrong() == []


def test_a_run_that_is_killed_at_any_point_is_put_back(
    place: World, ledger: Ledger, scale: Scale, figures: Figures
) -> None:
    crash(place, ledger, keys(scale, KINDS), "kill_the_run", scale(2, MANY))
    tell(ledger, figures, "kill -9 of the run")


def test_a_recovery_that_is_killed_at_any_point_is_finished_by_the_next(
    place: World, ledger: Ledger, scale: Scale, figures: Figures
) -> None:
    few = scale(1, len(KINDS) * MANY)
    crash(place, ledger, keys(scale, KINDS[1:])[:few], "kill_the_recovery", scale(2, MANY))
    tell(ledger, figures, "kill -9 of the recovery")


@pytest.mark.long  # tests/e2e/test_processes.py kills the command too
@pytest.mark.parametrize("point", ["after send", "during send"])
def test_the_command_line_puts_back_what_another_left_while_responders_are_at_work(
    place: World, point: str
) -> None:
    whole: Any = place.chaoskit("run", str(shipped(ATTACHED)), "--no-predict", die_at=None)
    at = whole.points.index(f"{point} iam:AttachRolePolicy") + 1
    assert place.chaoskit("run", str(shipped(ATTACHED)), "--no-predict", die_at=at).killed
    done = place.chaoskit("status")
    assert (done.code, place.open_faults(), place.differences()) == (0, [], []), done
    assert "rolled back: iam.attach-role-policy" in done.err
    # Of the undo role, whoever gave the command; the responder comes too late for it, or came before.
    latest = next(each for each in place.records("DetachRolePolicy") if "errorCode" not in each)
    assert latest["userIdentity"]["arn"].endswith(":assumed-role/chaoskit-undo/chaoskit-rollback")


@pytest.mark.long
def test_a_fault_is_really_in_when_its_sender_is_killed(place: World) -> None:
    with place.quiet():
        points = place.inject(shipped(ATTACHED)).points
        assert place.inject(
            shipped(ATTACHED), die_at=points.index("during send iam:AttachRolePolicy") + 1
        ).killed
        assert place.landed(ADMIN)
        done = place.recover()
        assert "rolled back: iam.attach-role-policy" in done.err
        assert restored(place, done) == []
