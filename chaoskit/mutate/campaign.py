"""Takes each control away in turn, runs what relies on it, and counts who noticed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from chaoskit.errors import AwsError, ExitCode, GuardError
from chaoskit.evidence import sealed
from chaoskit.mutate.mutant import Mutant, Outcome, Trial
from chaoskit.mutate.notice import slipped_in
from chaoskit.mutate.reasons import Reasons
from chaoskit.mutate.reliance import reliance
from chaoskit.predict import foresee, predictor
from chaoskit.result import Verdict, stamp
from chaoskit.slo import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from chaoskit.engine import Stop
    from chaoskit.experiment import Experiment
    from chaoskit.journal import Journal
    from chaoskit.mutate.control import Control
    from chaoskit.mutate.reliance import Reliance
    from chaoskit.mutate.stage import Stage
    from chaoskit.predict import Foresight
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


def mutate(  # noqa: PLR0913 - each is another thing that a campaign may have or not
    stages: Sequence[Stage],
    experiments: Sequence[Experiment],
    journal: Journal,
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
        stages: As many sandboxes as are to be used at once; all alike.
        experiments: With the variables of these sandboxes filled in.
        journal: Held by this process.
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
        TargetError: A sandbox does not answer.
    """
    first, reasons, clock = stages[0], reasons or Reasons(), clock or SystemClock()
    started = clock.now()
    every = list(first.controls.values())
    reasons.check([control.id for control in every])
    asked = predictor(first.target)
    foreseen: dict[str, Foresight] = {}
    for experiment in experiments:
        _go_on(stop)
        foreseen[experiment.id] = foresee(experiment, asked)
    campaign = Campaign(
        first.run(experiments, journal, stop), reasons=reasons, whole=wanted is None, started=started
    )
    first.restore()
    relied = [
        (result.experiment, reliance(result, foreseen.get(result.experiment.id)))
        for result in campaign.baseline
        if result.verdict is Verdict.PASSED
    ]
    free: SimpleQueue[Stage] = SimpleQueue()
    for stage in stages:
        free.put(stage)

    def one(control: Control) -> Mutant:
        _go_on(stop)
        stage = free.get()
        try:
            mutant = _without(control, stage, _relying(control, every, relied), journal, stop, reasons)
        finally:
            free.put(stage)
        if told:
            told(mutant)
        return mutant

    with ThreadPoolExecutor(max_workers=len(stages), thread_name_prefix="mutant") as pool:
        tried = [each for each in every if wanted is None or wanted(each)]
        if relied_only:
            tried = [each for each in tried if _relying(each, every, relied)]
        campaign.mutants = list(pool.map(one, tried))
    campaign.finished = clock.now()
    return campaign


def _go_on(stop: Stop) -> None:
    if stop.requested:
        raise GuardError(stop.reason)


def _relying(
    control: Control, every: Sequence[Control], relied: Sequence[tuple[Experiment, Reliance]]
) -> list[Experiment]:
    return [experiment for experiment, on in relied if on.on(control, every)]


def _without(  # noqa: PLR0917 - what a mutation takes
    control: Control,
    stage: Stage,
    experiments: Sequence[Experiment],
    journal: Journal,
    stop: Stop,
    reasons: Reasons,
) -> Mutant:
    """Run the experiments without the control, each in the sandbox as it was but for that."""
    excuse, trials = reasons.of(control.id), list[Trial]()
    for experiment in experiments:
        try:
            stage.take_away(control.id)
            (result,) = stage.run([experiment], journal, stop)
            trials.append(Trial(result, stage.noticed_by(result) if slipped_in(result) else None))
        except AwsError as error:
            return Mutant(control, excuse=excuse, trouble=str(error))
        finally:
            stage.restore()
    return Mutant(control, tuple(trials), excuse)
