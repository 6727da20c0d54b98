"""A sandbox whose controls are taken away and given back, as a whole, as often as is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Aws, Call, Query
from chaoskit.embedded import SkippingClock
from chaoskit.engine import run_set
from chaoskit.errors import DeniedError, TargetError
from chaoskit.mutate.find import controls
from chaoskit.mutate.guards import attached
from chaoskit.mutate.notice import noticed_by

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from chaoskit.embedded import Instance
    from chaoskit.engine import Stop
    from chaoskit.experiment import Experiment
    from chaoskit.journal import Journal
    from chaoskit.result import Result
    from chaoskit.target import Target

_KEPT: Final = "mutate"
_AGENT: Final = "chaoskit/mutate"
_STRIDE_S: Final = 15.0
"""Evidence is dated by itself, so a look may come later than its time; a miss costs fewer looks."""


class _Strides(SkippingClock):
    """Skips time in long strides."""

    def wait(self, seconds: float, wake: threading.Event) -> bool:
        """See `SkippingClock.wait`."""
        return super().wait(max(seconds, _STRIDE_S), wake)


class Stage:
    """One embedded sandbox and its target; for one thread at a time."""

    def __init__(self, instance: Instance, target: Target) -> None:
        """Remember the sandbox as it is now.

        Raises:
            AwsError: The account can't be read.
            TargetError: It does not answer, or the target says nothing of the management account.
        """
        self.target = target
        self._instance = instance
        self._member = Aws(target.connection, account=target.account, user_agent=_AGENT)
        if target.management is None:
            raise TargetError("Controls are taken away as the management account too: the target names none.")
        self._management = Aws(target.management, account=instance.management_account, user_agent=_AGENT)
        # By id: two sandboxes that are alike give different ids to policies, keys and detectors.
        self.controls = {each.id: each for each in controls(self._member, self._management, target.account)}
        instance.control(f"snapshot?name={_KEPT}")

    def restore(self) -> None:
        """Put the sandbox back as it was.

        Raises:
            TargetError: It does not answer, or something in it does not come to rest.
        """
        self._instance.control(f"restore?name={_KEPT}")

    def take_away(self, name: str) -> None:
        """Take the control of that id away.

        Raises:
            AwsError: A call was refused.
        """
        control = self.controls[name]
        for call in control.away:
            if control.management:
                self._management.send(call)
            else:
                self._send(call)

    def run(self, experiments: Sequence[Experiment], journal: Journal, stop: Stop) -> list[Result]:
        """Run experiments, one after the other."""
        # The dead-man's switch is for accounts that outlive this process; this sandbox does not.
        return run_set(
            experiments, self.target, journal, stop=stop, clock=_Strides(self._instance), deadman=False
        ).results

    def noticed_by(self, result: Result) -> tuple[str, ...]:
        """The rules that saw a fault go in; see `chaoskit.mutate.notice`.

        Raises:
            AwsError: The account can't be read.
        """
        return noticed_by(result, self._member)

    def _send(self, call: Call) -> None:
        """As the account's administrator; what an SCP keeps even that one from, while it is detached."""
        try:
            self._member.send(call)
        except DeniedError as error:
            if error.layer != "scp":
                raise
            pairs: list[dict[str, Any]] = [
                {"PolicyId": policy, "TargetId": target}
                for policy, kind in attached(self._management, self.target.account)
                if kind == "scp"
                for target in self._targets(policy)
            ]
            for pair in pairs:
                self._management.send(Call("organizations", "DetachPolicy", **pair))
            self._member.send(call)
            for pair in pairs:
                self._management.send(Call("organizations", "AttachPolicy", **pair))

    def _targets(self, policy: str) -> list[str]:
        where = {"PolicyId": policy}
        found: list[str] = self._management.read(
            Query("organizations", "ListTargetsForPolicy", where, "Targets[].TargetId")
        )
        return found
