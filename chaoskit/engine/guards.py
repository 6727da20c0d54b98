"""What must be true before and while a fault is in: limits, stop conditions, steady state, telemetry."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from chaoskit.aws import only_reads
from chaoskit.contract import Observation
from chaoskit.engine.foreign import asked
from chaoskit.errors import AwsError, GuardError
from chaoskit.experiment import Role
from chaoskit.switches import Switches

if TYPE_CHECKING:
    from datetime import datetime

    from chaoskit.aws import Aws
    from chaoskit.contract import Change, Probe, Trace
    from chaoskit.engine.stop import Stop
    from chaoskit.experiment import Experiment
    from chaoskit.slo import Clock
    from chaoskit.target import Target

ROLLBACK_RESERVE_S: Final = 300.0
"""How much longer than `max_duration` the credentials must last."""
_SWITCHES_EVERY_S: Final = 1.0
"""While observing, the account's kill switches are read this often; before each change, always."""


class InconclusiveError(Exception):
    """The run can't tell anything; the message says why."""


def look(probe: Probe, aws: Aws, trace: Trace) -> Observation:
    """Look; an account that can't be read is an answer too: unknown."""
    try:
        return asked(probe, probe.look, aws, trace)
    except AwsError as error:
        return Observation(holds=None, summary=f"{probe.about.name} could not look: {error}")


def ready(probe: Probe, aws: Aws) -> Observation:
    """Ask whether a probe's telemetry is on; unreadable is unknown."""
    try:
        return asked(probe, probe.ready, aws)
    except AwsError as error:
        return Observation(holds=None, summary=f"{probe.about.name} could not look: {error}")


def check_blast_radius(experiment: Experiment, target: Target) -> None:
    """The experiment and the target must both allow the account and the region.

    Raises:
        GuardError: One of them does not.
    """
    for what, value, by_experiment, by_target in (
        ("account", target.account, experiment.blast_radius.accounts, target.allowed_accounts),
        ("region", target.connection.region, experiment.blast_radius.regions, target.allowed_regions),
    ):
        if value not in by_experiment:
            raise GuardError(
                f"{experiment.id} may not run in {what} {value}: its blast_radius.{what}s names "
                f"{', '.join(by_experiment)}."
            )
        if value not in by_target:
            raise GuardError(
                f"The target does not allow {what} {value}: it allows "
                f"{', '.join(sorted(by_target)) or 'none'}; {what}s in chaoskit.toml's [aws] says which."
            )


def check_region(change: Change, experiment: Experiment, target: Target) -> None:
    """A call to another region than the run's own only reads, or goes where both allow it.

    Raises:
        GuardError: It does not.
    """
    allowed = target.allowed_regions & set(experiment.blast_radius.regions)
    for call in (change.do, *change.beside):
        if call.region and call.region not in allowed and not only_reads(call.operation):
            raise GuardError(
                f"{experiment.id} may not call {call} in {call.region}: its blast_radius.regions and the "
                "target must both name a region that is to be changed."
            )


def check_credentials(aws: Aws, experiment: Experiment, now: datetime) -> None:
    """The credentials must outlive the fault and its rollback.

    Raises:
        GuardError: They end too early.
    """
    expires = aws.connection.expires
    needed = experiment.blast_radius.max_duration + ROLLBACK_RESERVE_S
    if expires is not None and (expires - now).total_seconds() < needed:
        left = (expires - now).total_seconds()
        raise GuardError(
            f"The credentials end in {left:.0f} s, but the run and its rollback may need {needed:.0f} s: "
            "log in again, or lower blast_radius.max_duration."
        )


def before(experiment: Experiment, aws: Aws, trace: Trace) -> frozenset[str]:
    """What the probes of the expectations find before the fault.

    Raises:
        AwsError: It can't be read.
    """
    probes = (each for one in experiment.expect for each in (one.probe, one.repaired_by) if each)
    return frozenset[str]().union(*(asked(each, each.before, aws, trace) for each in probes))


def check_steady_state(experiment: Experiment, aws: Aws, trace: Trace) -> str | None:
    """What of the steady state does not hold, or None."""
    for probe in experiment.steady_state:
        seen = look(probe, aws, trace)
        if seen.holds is not True:
            return seen.summary
    return None


def check_telemetry(experiment: Experiment, aws: Aws, trace: Trace) -> None:
    """Detectors are on, and none has reported already.

    Raises:
        InconclusiveError: A silent detector, or one that has spoken before, proves nothing.
    """
    for expectation in experiment.expect:
        if expectation.role is not Role.DETECTION:
            continue
        on = ready(expectation.probe, aws)
        if on.holds is not True:
            raise InconclusiveError(f"the detector is not on: {on.summary}")
        before = look(expectation.probe, aws, trace)
        if before.holds is not False:
            said = (
                "the detection was there before the fault" if before.holds else "the detector can't be read"
            )
            raise InconclusiveError(f"{said}: {before.summary}")


class Watch:
    """What can stop a run at any moment until its rollback."""

    def __init__(
        self, experiment: Experiment, stop: Stop, clock: Clock, switches: Switches | None = None
    ) -> None:
        """The run's time begins with `start`."""
        self.stop = stop
        self._experiment = experiment
        self._clock = clock
        self._switches = switches or Switches()
        self._switches_read: float | None = None
        self.start()

    def start(self) -> None:
        """Count `max_duration` from now."""
        lasting = self._experiment.blast_radius.max_duration
        self._ends = self._clock.monotonic() + lasting
        # A machine that sleeps stops the one clock and not the other (clock_gettime(2), CLOCK_MONOTONIC).
        self._ends_at = self._clock.now() + timedelta(seconds=lasting)

    def check(self, aws: Aws, trace: Trace, *, changing: bool = True) -> None:
        """Go on, or not.

        Args:
            aws: The run's account.
            trace: What the run has done so far.
            changing: A change comes next, so every switch is read anew.

        Raises:
            GuardError: A person, a kill switch, a stop condition or the clock says stop.
        """
        self.check_here()
        if reason := self._switched_off(aws, changing=changing):
            raise GuardError(reason)
        for condition in self._experiment.stop_conditions:
            seen = look(condition, aws, trace)
            if seen.holds is not False:
                raise GuardError(f"stop condition {condition.about.name}: {seen.summary}")

    def check_here(self) -> None:
        """The same without a call, so that nothing comes between it and a change.

        Raises:
            GuardError: A person or the clock says stop.
        """
        if self.stop.requested:
            raise GuardError(self.stop.reason)
        if self._clock.monotonic() > self._ends or self._clock.now() > self._ends_at:
            raise GuardError(
                f"blast_radius.max_duration {self._experiment.blast_radius.max_duration} is over"
            )

    def _switched_off(self, aws: Aws, *, changing: bool) -> str | None:
        now = self._clock.monotonic()
        if not changing and self._switches_read is not None and now - self._switches_read < _SWITCHES_EVERY_S:
            return self._switches.why_here()
        self._switches_read = now
        return self._switches.why(aws)
