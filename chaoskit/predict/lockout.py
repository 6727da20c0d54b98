"""Whether a fault would keep its own undo from being made: asked before anything is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaoskit.aws import Aws, Each
from chaoskit.engine import plan
from chaoskit.predict.effects import Effects
from chaoskit.predict.predictor import Predictor
from chaoskit.result import Foreseen

if TYPE_CHECKING:
    from chaoskit.aws import Call
    from chaoskit.experiment import Experiment
    from chaoskit.target import Target

_ANYBODY: Final = ("scp", "rcp", "bpa", "ownership")
"""What stops such a fault whoever makes it: then there is nothing to undo."""


class Lockouts:
    """Foresees lock-outs of a target's undo role; see `chaoskit.engine.Lockouts`."""

    def __init__(self, target: Target) -> None:
        """Read nothing yet."""
        self._target = target

    def __call__(self, experiment: Experiment) -> str | None:
        """Why the undo role could not undo this experiment's faults, or None."""
        role = self._target.undo_role_arn
        if role is None:
            return None
        target, agent = self._target, "chaoskit/predict"
        aws = Aws(target.connection, account=target.account, user_agent=agent)
        management = Aws(target.management, user_agent=agent) if target.management else None
        return foresee_lockout(experiment, Predictor(aws, role, management=management, endpoints=False), role)


def foresee_lockout(experiment: Experiment, undoer: Predictor, role_arn: str) -> str | None:
    """Why the role could not undo an experiment's faults once all of them are in, or None.

    Args:
        experiment: What is to be undone.
        undoer: Predicts calls of the undo role.
        role_arn: The undo role.
    """
    effects = Effects(happened=True)
    undo: list[Call] = []
    for fault in plan(experiment, undoer.look):
        for change in fault.changes:
            if change.do.signed_by is not None or not change.undo:
                continue
            prediction, call, needed = undoer.predict(change.do, [], Effects())
            if prediction.effect is Foreseen.STOPPED and prediction.layer in _ANYBODY:
                continue
            if any(each.resource == role_arn for each in needed):
                return f"{change.do} changes the undo role {role_arn} itself"
            if call is not None:
                effects.take(call, needed)
            undo += [step.call if isinstance(step, Each) else step for step in change.undo]
    for each in undo:
        prediction, _, _ = undoer.predict(each, [], effects)
        if prediction.effect is Foreseen.STOPPED and prediction.certain:
            return f"with the fault in, {each} by {role_arn} would be {prediction}"
    return None
