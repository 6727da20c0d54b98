"""Takes each control away in turn, runs what relies on it, and counts who noticed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from chaoskit.errors import AwsError, ExitCode, GuardError, TargetError
from chaoskit.evidence import sealed
from chaoskit.mutate.mutant import Mutant, Outcome, Trial
from chaoskit.mutate.notice import slipped_in
from chaoskit.mutate.reasons import Reasons
from chaoskit.mutate.reliance import reliance
from chaoskit.result import Verdict, stamp
from chaoskit.slo import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from chaoskit.engine import Stop
    from chaoskit.mutate.control import Control
    from chaoskit.mutate.staging import Stage
    from chaoskit.result import Result
    from chaoskit.slo import Clock

SCHEMA: Final = "chaoskit/mutation/v1"


@dataclass(slots=True)
class Campaign:
    """What came of all.

    Attributes:
        baseline: The experiments' results with every control in place.
        mutants: In the order in which the controls were found.
        whole: Whether every control was tried, so that an experiment that noticed nothing is vacuous.
        started: When.
        finished: When.
    """

    baseline: list[Result]
    mutants: list[Mutant] = field(default_factory=list)
    reasons: Reasons = field(default_factory=Reasons)
    whole: bool = True
    started: datetime | None = None
    finished: datetime | None = None

    @property
    def killed(self) -> list[Mutant]:
        """Those whose loss made an experiment FAILED."""
        return [each for each in self.mutants if each.outcome is Outcome.KILLED]

    @property
    def survivors(self) -> list[Mutant]:
        """Those whose loss did not."""
        return [each for each in self.mutants if each.outcome is not Outcome.KILLED]

    @property
    def unfit(self) -> list[Result]:
        """Experiments that did not pass to begin with, and so can't notice anything."""
        return [result for result in self.baseline if result.verdict is not Verdict.PASSED]

    @property
    def vacuous(self) -> list[str]:
        """Experiments that passed whatever was taken away."""
        moved = {
            result.experiment.id
            for each in self.mutants
            for result in each.results
            if result.verdict is not Verdict.PASSED
        }
        fit = [r.experiment.id for r in self.baseline if r.verdict is Verdict.PASSED]
        return [name for name in fit if name not in moved] if self.whole else []

    @property
    def needless(self) -> list[str]:
        """The reasons that are needed no more."""
        killed, left = ([each.control.id for each in some] for some in (self.killed, self.survivors))
        return self.reasons.needless(killed, left)

    @property
    def exit_code(self) -> ExitCode:
        """PASSED when every survivor has its reason, and every experiment something that it stands on."""
        open_ = [each for each in self.survivors if each.excuse is None]
        empty = [name for name in self.vacuous if name not in self.reasons.experiments]
        return ExitCode.FAILED if open_ or empty or self.unfit else ExitCode.PASSED

    def dump(self) -> dict[str, Any]:
        """The document of schema `chaoskit/mutation/v1`, with its chain of evidence."""
        return sealed(
            {
                "schema": SCHEMA,
                "target": "embedded",
                "started": stamp(self.started),
                "finished": stamp(self.finished),
                "score": {
                    "killed": len(self.killed),
                    "all": len(self.mutants),
                    "excused": sum(each.excuse is not None for each in self.survivors),
                    "single_points_of_failure": sum(each.single_point for each in self.mutants),
                },
                "controls": [each.dump() for each in self.mutants],
                "vacuous": [
                    {"experiment": name, "reason": self.reasons.experiments.get(name)}
                    for name in self.vacuous
                ],
                "baseline": [
                    {"experiment": r.experiment.id, "verdict": r.verdict.value, "reason": r.reason}
                    for r in self.baseline
                ],
            }
        )


def mutate(
    stages: Sequence[Stage],
    stop: Stop,
    *,
    reasons: Reasons | None = None,
    wanted: Callable[[Control], bool] | None = None,
    relied_only: bool = False,
    told: Callable[[Mutant], None] | None = None,
    clock: Clock | None = None,
) -> Campaign:
    """Run the experiments once as it is, then those that rely on a control without it, for each control.

    Args:
        stages: As many sandboxes as are to be used at once; all alike, with the same experiments.
        stop: Ends it early.
        reasons: Why some controls may survive.
        wanted: Which controls to try; None tries all.
        relied_only: Leave out those that none of the experiments relies on: for a part of a set, of which
            another part may.
        told: Is told of each as it is done, from the threads that run.
        clock: Tells when it started and finished; the wall's by default.

    Raises:
        SpecError: A reason is written for a control that does not exist.
        GuardError: Somebody said stop.
        AwsError: A sandbox can't be read.
        TargetError: A sandbox does not answer, or no control is wanted.
    """
    reasons, clock = reasons or Reasons(), clock or SystemClock()
    every = list(stages[0].controls.values())
    reasons.check([control.id for control in every])
    tried = [control for control in every if wanted is None or wanted(control)]
    if not tried:
        raise TargetError("No control is like that: leave out --control to see which there are.")
    campaign = Campaign([], reasons=reasons, whole=wanted is None, started=clock.now())
    free: SimpleQueue[Stage] = SimpleQueue()
    for stage in stages:
        free.put(stage)

    def with_all(name: str) -> tuple[Result, frozenset[str]]:
        with _lent(free, stop) as stage:
            return _relied(stage, name, stop)

    with ThreadPoolExecutor(max_workers=len(stages), thread_name_prefix="mutant") as pool:
        before = list(pool.map(with_all, stages[0].experiments))
        campaign.baseline = [result for result, _ in before]
        relying = {
            control.id: [result.experiment.id for result, on in before if control.id in on]
            for control in tried
        }
        if relied_only:
            tried = [control for control in tried if relying[control.id]]

        def without(control: Control) -> Mutant:
            with _lent(free, stop) as stage:
                mutant = _without(stage, control, relying[control.id], stop, reasons.of(control.id))
            if told:
                told(mutant)
            return mutant

        campaign.mutants = list(pool.map(without, tried))
    if not campaign.mutants:
        raise TargetError("These experiments rely on no control that is like that.")
    campaign.finished = clock.now()
    return campaign


@contextmanager
def _lent(free: SimpleQueue[Stage], stop: Stop) -> Iterator[Stage]:
    """The next stage that is free; its sandbox is put back as it was."""
    if stop.requested:
        raise GuardError(stop.reason)
    stage = free.get()
    try:
        yield stage
    finally:
        stage.restore()
        free.put(stage)


def _relied(stage: Stage, name: str, stop: Stop) -> tuple[Result, frozenset[str]]:
    """Run an experiment with everything in place; what came of it, and the controls that it relies on."""
    foresight = stage.foresee(name)
    result = stage.run(name, stop)
    if result.verdict is not Verdict.PASSED:
        return result, frozenset()
    on, every = reliance(result, foresight), list(stage.controls.values())
    return result, frozenset(control.id for control in every if on.on(control, every))


def _without(
    stage: Stage, control: Control, experiments: Sequence[str], stop: Stop, excuse: str | None
) -> Mutant:
    """Run the experiments without the control, each in the sandbox as it was but for that."""
    trials: list[Trial] = []
    for name in experiments:
        try:
            stage.take_away(control.id)
            result = stage.run(name, stop)
            trials.append(Trial(result, stage.noticed_by(result) if slipped_in(result) else None))
        except AwsError as error:
            return Mutant(control, excuse=excuse, trouble=str(error))
        finally:
            stage.restore()
    if stop.requested:  # what they said is not of the control's absence
        raise GuardError(stop.reason)
    return Mutant(control, tuple(trials), excuse)
