"""Takes each control away in turn, runs what relies on it, and counts who noticed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from chaoskit.errors import ExitCode, TargetError
from chaoskit.evidence import sealed
from chaoskit.mutate.bench import Bench
from chaoskit.mutate.kept import Basis, Kept
from chaoskit.mutate.mutant import Outcome
from chaoskit.mutate.reasons import Reasons
from chaoskit.result import Verdict, stamp
from chaoskit.slo import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from chaoskit.engine import Stop
    from chaoskit.mutate.control import Control
    from chaoskit.mutate.mutant import Baseline, Mutant
    from chaoskit.mutate.staging import Stage
    from chaoskit.slo import Clock

SCHEMA: Final = "chaoskit/mutation/v1"


@dataclass(slots=True)
class Campaign:
    """What came of all.

    Attributes:
        baseline: What the experiments said with every control in place.
        mutants: In the order in which the controls were found.
        whole: Whether every control is tried, so that an experiment that noticed nothing is vacuous.
        started: When.
        finished: When; None as long as it goes on.
        left: How many controls are yet to be tried.
        basis: What it was found of.
    """

    baseline: list[Baseline]
    mutants: list[Mutant] = field(default_factory=list)
    reasons: Reasons = field(default_factory=Reasons)
    whole: bool = True
    started: datetime | None = None
    finished: datetime | None = None
    left: int = 0
    basis: Basis | None = None

    @property
    def killed(self) -> list[Mutant]:
        """Those whose loss made an experiment FAILED."""
        return [each for each in self.mutants if each.outcome is Outcome.KILLED]

    @property
    def survivors(self) -> list[Mutant]:
        """Those whose loss did not."""
        return [each for each in self.mutants if each.outcome is not Outcome.KILLED]

    @property
    def unfit(self) -> list[Baseline]:
        """Experiments that did not pass to begin with, and so can't notice anything."""
        return [each for each in self.baseline if each.verdict is not Verdict.PASSED]

    @property
    def vacuous(self) -> list[str]:
        """Experiments that passed whatever was taken away."""
        trials = (trial for each in self.mutants for trial in each.trials)
        moved = {each.experiment for each in trials if each.verdict is not Verdict.PASSED}
        fit = [each.experiment for each in self.baseline if each.verdict is Verdict.PASSED]
        return [name for name in fit if name not in moved] if self.whole and not self.left else []

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
                "left": self.left,
                "basis": self.basis.dump() if self.basis else None,
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
                "baseline": [each.dump() for each in self.baseline],
            }
        )


def mutate(
    stages: Sequence[Stage],
    stop: Stop,
    *,
    reasons: Reasons | None = None,
    wanted: Callable[[Control], bool] | None = None,
    relied_only: bool = False,
    kept: Kept | None = None,
    told: Callable[[Campaign, Mutant | None], None] = lambda *_: None,
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
        kept: What an earlier campaign found; what still holds of it is not run again.
        told: Is told whenever there is more of the campaign, with what came of a control if it is that; from
            the threads that run, one at a time.
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
    basis = Basis.of(stages[0].experiments.values())
    kept = (kept or Kept()).still(basis)
    campaign = Campaign([], reasons=reasons, whole=wanted is None, left=len(tried), basis=basis)
    campaign.started = clock.now()
    bench, names = Bench(stages, stop, kept), list(stages[0].experiments)
    before, after = dict(kept.baseline), {each.control.id: each for each in bench.kept(tried, reasons)}
    noting = threading.Lock()

    def note(found: Mutant | None = None) -> None:
        campaign.baseline = [before[name] for name in names if name in before]
        campaign.mutants = [after[each.id] for each in tried if each.id in after]
        told(campaign, found)

    def with_all(name: str) -> None:
        found = bench.with_all(name)
        with noting:
            before[name] = found
            note()

    def without(control: Control) -> None:
        relying = [name for name in names if control.id in before[name].relies_on]
        found = bench.without(control, relying, reasons.of(control.id))
        with noting:
            after[control.id] = found
            campaign.left -= 1
            note(found)

    with ThreadPoolExecutor(max_workers=len(stages), thread_name_prefix="mutant") as pool:
        list(pool.map(with_all, [name for name in names if name not in before]))
        if relied_only:
            relied = frozenset[str]().union(*(each.relies_on for each in before.values()))
            tried = [control for control in tried if control.id in relied]
            campaign.left = len(tried)
        list(pool.map(without, tried))
    if not campaign.mutants:
        raise TargetError("These experiments rely on no control that is like that.")
    campaign.finished = clock.now()
    return campaign
