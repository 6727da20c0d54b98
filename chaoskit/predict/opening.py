"""Predicting and limiting what is done in a target."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from chaoskit.aws import Aws
from chaoskit.predict.harness import session_policies
from chaoskit.predict.predictor import Predictor

if TYPE_CHECKING:
    from chaoskit.experiment import Experiment
    from chaoskit.target import Target

_AGENT: Final = "chaoskit/predict"
_NEARLY_OVER: Final = timedelta(minutes=5)


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
        self._idle: deque[Aws] = deque()

    def __call__(self, experiment: Experiment) -> tuple[str, ...]:
        """Session policies for a run; none where it assumes no role."""
        role = self._target.role_arn
        if role is None:
            return ()
        looks, aws = self._target.read_role_arn is None, self._lent()
        try:
            return session_policies(experiment, aws, role, self._target.switches, looks=looks)
        finally:
            self._idle.append(aws)

    def _lent(self) -> Aws:
        """A session, to one run at a time; it is not for sharing, and ends."""
        while self._idle:
            with suppress(IndexError):  # another thread was quicker
                aws = self._idle.pop()
                expires = aws.connection.expires
                if not expires or expires - datetime.now(UTC) >= _NEARLY_OVER:
                    return aws
        return self._target.open("chaoskit-plan", "plan", 0)
