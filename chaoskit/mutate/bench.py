"""Where a campaign's runs are made: the sandboxes that are free, and what is found put down at once."""

from __future__ import annotations

from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING

from chaoskit.errors import AwsError, GuardError
from chaoskit.mutate.mutant import Baseline, Mutant, Trial
from chaoskit.mutate.notice import slipped_in
from chaoskit.mutate.reliance import reliance
from chaoskit.result import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chaoskit.engine import Stop
    from chaoskit.mutate.control import Control
    from chaoskit.mutate.kept import Kept
    from chaoskit.mutate.reasons import Reasons
    from chaoskit.mutate.staging import Stage


class Bench:
    """Runs experiments with and without controls; what `kept` knows is not run."""

    def __init__(self, stages: Sequence[Stage], stop: Stop, kept: Kept) -> None:
        """Start nothing yet."""
        self._stop, self._kept = stop, kept
        self._free: SimpleQueue[Stage] = SimpleQueue()
        for stage in stages:
            self._free.put(stage)

    def kept(self, controls: Sequence[Control], reasons: Reasons) -> Iterator[Mutant]:
        """What is known of controls before anything is run; of some, not all experiments may be."""
        for control in controls:
            trials = tuple(trial for (name, _), trial in self._kept.trials.items() if name == control.id)
            if trials:
                yield Mutant(control, trials, reasons.of(control.id))

    def with_all(self, name: str) -> Baseline:
        """What an experiment says with everything in place, and the controls that it relies on.

        Raises:
            GuardError: Somebody said stop.
            TargetError: A sandbox does not answer.
        """
        with self._lent() as stage:
            foresight = stage.foresee(name)
            result = stage.run(name, self._stop)
        self._go_on()
        if result.verdict is not Verdict.PASSED:
            return Baseline.of(result)
        on, every = reliance(result, foresight), list(stage.controls.values())
        return Baseline.of(result, frozenset(each.id for each in every if on.on(each, every)))

    def without(self, control: Control, experiments: Sequence[str], excuse: str | None) -> Mutant:
        """What experiments say without a control, each in the sandbox as it was but for that.

        Raises:
            GuardError: Somebody said stop.
            TargetError: A sandbox does not answer.
        """
        trials: list[Trial] = []
        for name in experiments:
            found = self._kept.trials.get((control.id, name))
            try:
                trials.append(found or self._trial(control, name))
            except AwsError as error:
                return Mutant(control, excuse=excuse, trouble=str(error))
        return Mutant(control, tuple(trials), excuse)

    def _trial(self, control: Control, name: str) -> Trial:
        with self._lent() as stage:
            stage.take_away(control.id)
            result = stage.run(name, self._stop)
            trial = Trial.of(result, stage.noticed_by(result) if slipped_in(result) else None)
        self._go_on()
        return trial

    def _go_on(self) -> None:
        """What a run said that was stopped is not of the control's absence."""
        if self._stop.requested:
            raise GuardError(self._stop.reason)

    @contextmanager
    def _lent(self) -> Iterator[Stage]:
        """The next stage that is free; its sandbox is put back as it was."""
        self._go_on()
        stage = self._free.get()
        try:
            yield stage
        finally:
            stage.restore()
            self._free.put(stage)
