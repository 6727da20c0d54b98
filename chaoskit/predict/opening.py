"""Predicting and limiting what is done in a target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from chaoskit.aws import Aws
from chaoskit.predict.harness import session_policies
from chaoskit.predict.predictor import Predictor

if TYPE_CHECKING:
    from chaoskit.experiment import Experiment
    from chaoskit.target import Target

_AGENT: Final = "chaoskit/predict"


def predictor(target: Target) -> Predictor:
    """A predictor for runs in a target. It reads with the target's own identity, not with a run's role.

    Raises:
        TargetError: The account can't be reached.
    """
    aws = Aws(target.connection, account=target.account, user_agent=_AGENT)
    caller = target.role_arn or aws.identify()
    management = Aws(target.management, user_agent=_AGENT) if target.management else None
    # The embedded sandbox sees the address that its own URL names; what AWS will see, nobody knows here.
    url = target.connection.endpoint_url
    return Predictor(
        aws, caller, management=management, local_address=urlsplit(url).hostname if url else None
    )


class Limiter:
    """Limits each run to the permissions that its experiment needs; see `chaoskit.engine.Limits`."""

    def __init__(self, target: Target) -> None:
        """Read nothing yet."""
        self._target = target

    def __call__(self, experiment: Experiment) -> tuple[str, ...]:
        """Session policies for a run; none where it assumes no role."""
        role = self._target.role_arn
        if role is None:
            return ()
        looks = self._target.read_role_arn is None
        aws = self._target.open("chaoskit-plan", "plan", 0)  # anew: a fault may have ended earlier sessions
        return session_policies(experiment, aws, role, self._target.switches, looks=looks)
