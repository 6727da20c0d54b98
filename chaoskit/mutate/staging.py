"""A sandbox whose controls are taken away and given back, as a whole, as often as is asked."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from chaoskit import spec
from chaoskit.aws import Aws, Call, Query
from chaoskit.embedded import SkippingClock
from chaoskit.engine import run_set
from chaoskit.errors import DeniedError, TargetError
from chaoskit.journal import SqliteJournal
from chaoskit.mutate.find import controls
from chaoskit.mutate.guards import attached
from chaoskit.mutate.notice import noticed_by
from chaoskit.places import sandboxes, target_in
from chaoskit.predict import foresee, predictor
from chaoskit.switches import Switches

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Sequence

    from chaoskit.embedded import Instance
    from chaoskit.engine import Stop
    from chaoskit.journal import Journal
    from chaoskit.predict import Foresight
    from chaoskit.result import Result
    from chaoskit.target import Target

_KEPT: Final = "mutate"
_AGENT: Final = "chaoskit/mutate"
_RESTS_WITHIN_S: Final = 60.0
_ANSWERS_WITHIN_S: Final = 10.0
_STRIDE_S: Final = 15.0
"""Evidence is dated by itself, so a look may come later than its time; a miss costs fewer looks."""
_LONGER: Final = 0.25
"""A stride, as a part of the time that the run has lasted."""


class _Strides(SkippingClock):
    """Skips time in long strides, and longer ones the longer a run lasts: most wait for what never comes."""

    def __init__(self, instance: Instance) -> None:
        """A run begins with it."""
        super().__init__(instance)
        self._began = self.monotonic()

    def wait(self, seconds: float, wake: threading.Event) -> bool:
        """See `SkippingClock.wait`."""
        lasted = self.monotonic() - self._began
        return super().wait(max(seconds, _STRIDE_S, lasted * _LONGER), wake)


@contextmanager
def stage(paths: Sequence[Path]) -> Iterator[Stage]:
    """A stage of its own, gone with the block: sandbox, journal and what a mutated sandbox kept in it.

    Args:
        paths: The experiments' files and folders.

    Raises:
        AwsError: The account can't be read.
        JournalError: The journal can't be made.
        SpecError: An experiment is wrong.
        TargetError: It does not start.
    """
    with (
        TemporaryDirectory(prefix="chaoskit-mutate-") as folder,
        sandboxes().own() as instance,
        SqliteJournal(Path(folder) / "journal.sqlite") as journal,
    ):
        yield Stage(instance, target_in(instance), paths, journal)


class Stage:
    """One embedded sandbox and its target; for one thread at a time.

    Attributes:
        controls: The controls of its account, by id: two sandboxes that are alike give different ids to
            policies, keys and detectors.
        experiments: The experiments by id, likewise with the variables of this sandbox.
    """

    def __init__(self, instance: Instance, target: Target, paths: Sequence[Path], journal: Journal) -> None:
        """Remember the sandbox as it is now.

        Args:
            instance: The sandbox.
            target: The target that it is.
            paths: The experiments' files and folders.
            journal: Its own: what two runs change in two sandboxes has the same names.

        Raises:
            AwsError: The account can't be read.
            SpecError: An experiment is wrong.
            TargetError: It does not answer, or the target says nothing of the management account.
        """
        # Nobody else can say stop in its account, and asking is a third of the calls; this machine can.
        self.target = replace(target, switches=Switches(target.switches.file))
        self._instance = instance
        self._member = Aws(target.connection, account=target.account, user_agent=_AGENT)
        if target.management is None:
            raise TargetError("Controls are taken away as the management account too: the target names none.")
        self._management = Aws(target.management, account=instance.management_account, user_agent=_AGENT)
        self.controls = {each.id: each for each in controls(self._member, self._management, target.account)}
        self.experiments = {each.id: each for each in spec.load(paths, target.variables)}
        self._journal = journal
        self._predictor = predictor(target)
        instance.control(f"snapshot?name={_KEPT}")

    def restore(self) -> None:
        """Put the sandbox back as it was.

        Raises:
            TargetError: It does not answer, or something in it does not come to rest.
        """
        # Responders may still be at work, on what the run's rollback did.
        where = f"restore?name={_KEPT}&timeout={_RESTS_WITHIN_S}"
        self._instance.control(where, _RESTS_WITHIN_S + _ANSWERS_WITHIN_S)

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

    def foresee(self, name: str) -> Foresight:
        """What the account's policies will make of the experiment of that id, as long as nothing is away."""
        return foresee(self.experiments[name], self._predictor)

    def run(self, name: str, stop: Stop) -> Result:
        """Run the experiment of that id."""
        # The dead-man's switch is for accounts that outlive this process; this sandbox does not.
        found = run_set(
            [self.experiments[name]],
            self.target,
            self._journal,
            stop=stop,
            clock=_Strides(self._instance),
            deadman=False,
        )
        return found.results[0]

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
