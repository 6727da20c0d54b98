"""One experiment, from guards to verdict. Whatever happens in between, rollback runs."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from chaoskit.contract import Trace
from chaoskit.engine.deadman import ARMED, Switch
from chaoskit.engine.guards import (
    ROLLBACK_RESERVE_S,
    InconclusiveError,
    Watch,
    before,
    check_blast_radius,
    check_steady_state,
    check_telemetry,
)
from chaoskit.engine.inject import Injector
from chaoskit.engine.leases import resources
from chaoskit.engine.ledger import Ledger
from chaoskit.engine.observe import Observer
from chaoskit.engine.rollback import undo_with
from chaoskit.engine.sessions import Sessions
from chaoskit.engine.stop import Stop
from chaoskit.engine.timeline import Timeline
from chaoskit.engine.verdict import judge
from chaoskit.errors import AwsError, ChaoskitError, GuardError, TargetError
from chaoskit.experiment import Role
from chaoskit.result import ExpectationResult, Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chaoskit.engine.rollback import Undone
    from chaoskit.engine.surroundings import Surroundings
    from chaoskit.experiment import Experiment
    from chaoskit.journal import Entry
    from chaoskit.leases import Lease
    from chaoskit.slo import Interval

LEASE_RESERVE_S: Final = 3600.0
"""A lease outlasts even undos for which AWS takes its time (`Call.settles`): else another run would begin in
their midst and take what it finds for the state before. Who is dead is told by the heart, not by this."""
_STEADY_TRIES: Final = 10
_STEADY_WAIT_S: Final = 0.5


def run_experiment(experiment: Experiment, trace_id: str, around: Surroundings) -> Result:
    """Run one experiment.

    Never raises for anything that goes wrong in it: the verdict says so. A KeyboardInterrupt goes
    through, after rollback.
    """
    with ExitStack() as leases:
        run = _Run(experiment, trace_id, around, leases)
        if run.attempt(run.prepare):
            try:
                run.attempt(run.inject_and_observe)
            finally:
                run.attempt(run.restore)
        return run.finished()


class _Run:
    """The state of one run; each step may end it."""

    def __init__(
        self, experiment: Experiment, trace_id: str, around: Surroundings, leases: ExitStack
    ) -> None:
        target, clock = around.target, around.clock
        self._around = around
        self._leases = leases
        self._experiment = experiment
        self._result = Result(experiment, target.account, target.connection.region, trace_id)
        self._result.expectations = [ExpectationResult(item) for item in experiment.expect]
        self._result.started = clock.now()
        self._result.restored = True  # nothing has been changed yet
        self._timeline = Timeline(self._result, clock, around.listener)
        self._trace = Trace(trace_id, clock.now())
        self._watch = Watch(experiment, around.stop, clock, target.switches)
        self._sessions = Sessions(experiment, trace_id, around)
        self._lasting_s = experiment.blast_radius.max_duration + ROLLBACK_RESERVE_S
        self._leased_s = experiment.blast_radius.max_duration + LEASE_RESERVE_S
        self._ledger = Ledger(around.journal, trace_id)
        self._lease: Lease | None = None
        self._switch: Switch | None = None
        self._drift = ""
        self._ended: tuple[Verdict, str] | None = None

    def attempt(self, step: Callable[[], None]) -> bool:
        """Take a step; what goes wrong in it becomes the verdict. True when it went through."""
        try:
            step()
        except GuardError as error:
            self._end(Verdict.ABORTED, str(error))
        except InconclusiveError as error:
            self._end(Verdict.INCONCLUSIVE, str(error))
        except AwsError as error:
            self._end(Verdict.INCONCLUSIVE, f"the account could not be read: {error}")
        except ChaoskitError as error:
            self._end(Verdict.ERROR, str(error))
        except Exception as error:  # noqa: BLE001 - the engine's edge: a defect is a verdict, not a crash
            self._timeline.crash(error)
            self._end(Verdict.ERROR, f"a defect in chaoskit: {type(error).__name__}: {error}")
        else:
            return True
        return False

    def prepare(self) -> None:
        """Everything that must hold before anything is touched."""
        target, experiment = self._around.target, self._experiment
        check_blast_radius(experiment, target)
        sessions = self._sessions
        planned = resources(experiment, sessions.plan(), target)
        self._lease = self._leases.enter_context(
            self._around.leases.hold(planned, self._trace.trace_id, self._leased_s, self._around.stop)
        )
        # Until now another run may have had the resources: what answered that one is no evidence of this one.
        self._trace = replace(self._trace, since=self._around.clock.now())
        sessions.open()  # not before: what another run has changed meanwhile makes for other limits
        self._watch.start()
        sessions.check()
        self._watch.check(sessions.look, self._trace)
        if trouble := check_steady_state(experiment, sessions.look, self._trace):
            raise InconclusiveError(f"the steady state does not hold before the fault: {trouble}")
        check_telemetry(experiment, sessions.look, self._trace)
        self._prepare_undo()
        self._trace = replace(self._trace, before=before(experiment, sessions.look, self._trace))
        self._timeline.add("ready", "limits, steady state and telemetry are as they should be")

    def inject_and_observe(self) -> None:
        """Make the faults' changes, then watch for what is expected of them."""
        injector = Injector(
            self._result,
            self._trace,
            self._sessions.inject,
            self._around.target,
            self._ledger,
            look=self._sessions.look,
            lease=self._lease,
            widen=lambda lease, more: self._around.leases.widen(lease, more, self._leased_s),
            watch=self._watch,
            timeline=self._timeline,
            clock=self._around.clock,
            switch=self._switch,
        )
        self._result.restored = False
        try:
            self._inject_all(injector)
            if self._around.hold is not None:
                self._around.hold.keep(injector, self._sessions.look, self._watch, self._around.clock)
            elif self._watch_is_worthwhile(injector.trace):
                Observer(
                    self._result.expectations,
                    injector,
                    self._sessions.look,
                    watch=self._watch,
                    timeline=self._timeline,
                    clock=self._around.clock,
                    earlier=self._earlier,
                ).observe()
                injector.check_lease()
        finally:
            self._trace = injector.trace

    def _earlier(self, number: int) -> Sequence[Interval]:
        earlier = self._around.earlier
        return earlier(self._experiment, number) if earlier else ()

    def restore(self) -> None:
        """Undo what is open, newest first, and look whether the steady state is back."""
        self._result.restored = False
        entries = self._ledger.open()
        for undone in self._undone(entries):
            self._timeline.add(
                "undone" if undone.ok else "open", f"{undone.entry.record.fault}: {undone.note}"
            )
            for change in (c for fault in self._result.faults for c in fault.changes):
                change.undone = change.undone or (undone.ok and change.entry == undone.entry.id)
            self._drift = self._drift or undone.drift
            if undone.entry.record.fault != ARMED or undone.by_hand:  # one that stays armed is no fault
                self._result.left_open += undone.by_hand or ([] if undone.ok else [undone.note])
        if self._result.left_open:
            raise ChaoskitError("not everything was put back; `chaoskit rollback` tries again")
        if entries and (trouble := self._steady_again()):
            raise ChaoskitError(f"after rollback the steady state does not hold: {trouble}")
        self._result.restored = True

    def finished(self) -> Result:
        """The result with its verdict, which is ERROR until something better is earned."""
        result = self._result
        if self._ended is None:
            self.attempt(self._judge)
        result.verdict, result.reason = self._ended or (Verdict.ERROR, "nothing was judged")
        if result.verdict is Verdict.PASSED and self._drift:
            result.verdict = Verdict.INCONCLUSIVE
            result.reason = f"somebody else {self._drift} meanwhile, so the account is not as it was"
        if not result.restored:
            result.verdict = Verdict.ERROR
        result.finished = self._around.clock.now()
        self._timeline.add("verdict", f"{result.verdict}: {result.reason}")
        return result

    def _judge(self) -> None:
        self._ended = judge(self._result, self._trace)

    def _undone(self, entries: list[Entry]) -> list[Undone]:
        """Undo as the undo role; what it can't, or has no session for, is tried as the run's role."""
        repaired = any(
            each.met for each in self._result.expectations if each.expectation.role is Role.RESPONSE
        )
        around = self._around
        return undo_with(self._sessions.undoers(), entries, self._ledger, around.clock, repaired=repaired)

    def _prepare_undo(self) -> None:
        """Have a session of the undo role, and a dead-man's switch, before anything is injected.

        Raises:
            GuardError: There is no way to arm one, and nobody said to do without.
        """
        target = self._around.target
        if self._around.lockouts and (trouble := self._around.lockouts(self._experiment)):
            raise GuardError(f"The fault would lock out its own undo, so nothing was injected: {trouble}.")
        undoer = self._sessions.open_undo()
        if not self._around.deadman:
            self._timeline.add("unarmed", "no dead-man's switch, as --no-deadman says")
            return
        if undoer is None or not target.undo_role_arn or not target.dead_letters:
            raise GuardError(
                "No dead-man's switch can be armed, as the target names no undo role and dead-letter queue: "
                "deploy the chaoskit stack, set undo_role and dead_letters in chaoskit.toml's [aws], or say "
                "--no-deadman to do without."
            )
        self._switch = Switch(
            undoer,
            target.undo_role_arn,
            target.dead_letters,
            self._trace.trace_id,
            self._lasting_s,
        )

    def _end(self, verdict: Verdict, reason: str) -> None:
        """What ends a run first is its reason; only an error that comes after outranks it."""
        if self._ended is None or verdict is Verdict.ERROR:
            self._ended = (verdict, reason)

    def _inject_all(self, injector: Injector) -> None:
        seen: dict[str, int] = {}
        for fault in self._experiment.faults:
            base = fault.about.name
            seen[base] = seen.get(base, 0) + 1
            name = base if seen[base] == 1 else f"{base}#{seen[base]}"
            self._timeline.add("inject", f"{name}: {fault.summary()}")
            if not injector.inject(name, fault) and not self._experiment.expects(Role.GUARDRAIL):
                return

    def _watch_is_worthwhile(self, trace: Trace) -> bool:
        """Without a call that went through, only a guardrail has something to show."""
        applied = any(attempt.outcome == "applied" for attempt in trace.attempts)
        return bool(trace.attempts) and (applied or self._experiment.expects(Role.GUARDRAIL))

    def _steady_again(self) -> str | None:
        """What of the steady state is still missing once AWS has had time to settle, or None."""
        never = Stop().event
        for _ in range(_STEADY_TRIES):
            try:
                trouble = check_steady_state(self._experiment, self._sessions.look, self._trace)
            except TargetError as error:  # the session has ended in mid-run
                trouble = str(error)
                with suppress(TargetError):  # the next try asks for one again
                    self._sessions.look_anew()
                    continue
            if trouble is None:
                return None
            self._around.clock.wait(_STEADY_WAIT_S, never)
        return trouble
