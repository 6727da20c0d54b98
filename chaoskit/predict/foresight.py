"""Predictions for whole experiments: each change of each fault, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoskit.engine import plan
from chaoskit.experiment import Role
from chaoskit.predict.effects import Effects
from chaoskit.probes.call_denied import CallDenied
from chaoskit.result import Foreseen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.aws import Call
    from chaoskit.experiment import Experiment
    from chaoskit.predict.predictor import Predictor
    from chaoskit.result import Prediction, Result


@dataclass(frozen=True, slots=True)
class ForeseenChange:
    """A call of a fault, and what will become of it if it is made."""

    call: Call
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class ForeseenFault:
    """A fault's calls in order; `problem` says why there are no more."""

    name: str
    changes: tuple[ForeseenChange, ...]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Foresight:
    """What will become of an experiment."""

    experiment: Experiment
    faults: tuple[ForeseenFault, ...]

    @property
    def unguarded(self) -> str | None:
        """Why a guardrail that is expected is predicted not to be met, or None."""
        for expectation in self.experiment.expect:
            if expectation.role is Role.GUARDRAIL and isinstance(expectation.probe, CallDenied):
                why = _unmet(expectation.probe, list(self._decisive(expectation.probe)))
                if why:
                    return why
        return None

    def _decisive(self, probe: CallDenied) -> Iterator[ForeseenChange]:
        """The calls that the probe will look at: the named one's, or each fault's last."""
        for fault in self.faults:
            if probe.operation:
                yield from (each for each in fault.changes if each.call.operation == probe.operation)
                continue
            for number, each in enumerate(fault.changes, 1):
                if each.prediction.effect is Foreseen.STOPPED or number == len(fault.changes):
                    yield each
                    break

    def dump(self) -> dict[str, Any]:
        """JSON of it."""
        return {
            "experiment": self.experiment.id,
            "path": str(self.experiment.path),
            "unguarded": self.unguarded,
            "faults": [
                {
                    "fault": fault.name,
                    "problem": fault.problem,
                    "changes": [
                        {
                            "service": each.call.service,
                            "operation": each.call.operation,
                            "predicted": each.prediction.dump(),
                        }
                        for each in fault.changes
                    ],
                }
                for fault in self.faults
            ],
        }


def foresee(experiment: Experiment, predictor: Predictor) -> Foresight:
    """Predict an experiment; the account is read, nothing in it is changed."""
    effects = Effects()
    faults = []
    for fault in plan(experiment, predictor.look):
        before: list[Call] = []
        changes = []
        for change in fault.changes:
            prediction, call, needed = predictor.predict(change.do, before, effects)
            changes.append(ForeseenChange(change.do, prediction))
            before.append(change.do)
            if call is not None and prediction.effect is not Foreseen.STOPPED:
                effects.take(call, needed)
        faults.append(ForeseenFault(fault.name, tuple(changes), fault.problem))
    return Foresight(experiment, tuple(faults))


def compare(result: Result, foresight: Foresight) -> None:
    """Put what was predicted beside what came of it."""
    for fault, foreseen in zip(result.faults, foresight.faults, strict=False):
        for change, expected in zip(fault.changes, foreseen.changes, strict=False):
            if change.operation == expected.call.operation:
                change.predicted = expected.prediction


def _unmet(probe: CallDenied, changes: list[ForeseenChange]) -> str | None:
    for each in changes:
        predicted = each.prediction
        if predicted.effect is Foreseen.NOT_STOPPED:
            return f"{each.call} is predicted not to be stopped"
        layer = {"kms": "resource"}.get(predicted.layer or "", predicted.layer)
        if predicted.effect is Foreseen.STOPPED and probe.by not in ("any", layer) and predicted.certain:
            return f"{each.call} is predicted to be {predicted}, not by {probe.by}"
    return None
