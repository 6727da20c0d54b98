"""The sessions of one run: who injects, who looks and who undoes, each as its own role where there is one."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from chaoskit.contract import session_name
from chaoskit.engine.guards import ROLLBACK_RESERVE_S, check_credentials
from chaoskit.errors import ChaoskitError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chaoskit.aws import Aws
    from chaoskit.engine.surroundings import Surroundings
    from chaoskit.experiment import Experiment


class Sessions:
    """Opens them when they are needed; every one bears the run's name and its user agent."""

    def __init__(self, experiment: Experiment, trace_id: str, around: Surroundings) -> None:
        """Open none yet."""
        self._experiment = experiment
        self._around = around
        self._name, self._agent = session_name(trace_id), f"run/{trace_id}"
        self._lasting_s = experiment.blast_radius.max_duration + ROLLBACK_RESERVE_S
        self._inject: Aws | None = None
        self._look: Aws | None = None
        self._undo: Aws | None = None

    def plan(self) -> Aws:
        """One to plan with: limits follow from a plan, so it has none of its own.

        Raises:
            GuardError: The credentials would end too early.
            TargetError: The role can't be assumed.
        """
        return self._as_run()

    def open(self) -> None:
        """Open those that inject and look; what the run is limited to is what it would do now.

        Raises:
            GuardError: The credentials would end too early.
            TargetError: A role can't be assumed.
            ChaoskitError: What the run needs can't be told.
        """
        limits = self._around.limits
        self._inject = self._as_run(limits(self._experiment) if limits else ())
        self._look = self._as_reader()

    def check(self) -> None:
        """They must outlive the fault and its rollback.

        Raises:
            GuardError: One ends too early.
        """
        now = self._around.clock.now()
        for aws in filter(None, (self._inject, self._look, self._undo)):
            check_credentials(aws, self._experiment, now)

    @property
    def inject(self) -> Aws:
        """Makes the changes, and reads what they change."""
        if self._inject is None:
            raise ChaoskitError("the account was not opened")
        return self._inject

    @property
    def look(self) -> Aws:
        """What guards and probes look with: the read role, or the run's own."""
        return self._look or self.inject

    def look_anew(self) -> Aws:
        """Another session to look with, since one may end in mid-run.

        Raises:
            TargetError: It can't be had.
        """
        self._look = self._as_reader() or self._as_run()
        return self._look

    def open_undo(self) -> Aws | None:
        """The undo role's; None where the target has none.

        Raises:
            GuardError: The credentials would end too early.
            TargetError: The role can't be assumed.
        """
        self._undo = self._around.target.open_undo(self._name, self._agent, self._lasting_s)
        return self._undo

    def undoers(self) -> Iterator[Aws]:
        """Sessions to undo with: those at hand, then new ones, since one may have ended or be limited."""
        yield from filter(None, (self._undo, None if self._undo else self.inject))
        with suppress(ChaoskitError):  # there is no other session to be had
            if undoer := self.open_undo():
                yield undoer
        with suppress(ChaoskitError):
            self._inject = self._as_run()
            yield self._inject

    def _as_run(self, policies: Sequence[str] = ()) -> Aws:
        target, inboxes = self._around.target, self._around.inboxes
        return target.open(self._name, self._agent, self._lasting_s, inboxes, policies)

    def _as_reader(self) -> Aws | None:
        return self._around.target.open_read(self._name, self._agent, self._lasting_s, self._around.inboxes)
