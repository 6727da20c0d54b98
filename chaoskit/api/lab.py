"""An open target: experiments are run in it, faults are kept in it for a block."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from chaoskit import spec
from chaoskit.aws import Aws
from chaoskit.engine import NOTHING_EXPECTED, Hold, Stop, run_set
from chaoskit.errors import ChaoskitError, TargetError
from chaoskit.experiment import BlastRadius, Experiment
from chaoskit.history import History, HistoryError
from chaoskit.home import history_path
from chaoskit.predict import Limiter, Lockouts
from chaoskit.slo import Duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    from chaoskit.contract import Fault
    from chaoskit.engine import Listener
    from chaoskit.journal import Journal
    from chaoskit.result import Event, Result, Results
    from chaoskit.slo import Interval
    from chaoskit.target import Target

_CUT_SHORT: Final = "the block was left by an exception"


@dataclass(frozen=True, slots=True)
class Lab:
    """A target that is open, and the journal that its runs are recorded in.

    Attributes:
        place: The target; its `variables` are what `${...}` stands for.
        journal: Held by this process.
    """

    place: Target
    journal: Journal

    def load(self, *paths: str | Path) -> list[Experiment]:
        """The experiments in these files and folders, with every `${...}` filled in.

        Raises:
            SpecError: Something is wrong in the files.
        """
        return spec.load(map(Path, paths), self.place.variables)

    def fault(self, name: str, **parameters: Any) -> Fault:
        """The fault of that name (`chaoskit catalog` lists them); texts may hold `${...}`.

        Raises:
            SpecError: There is no such fault, or something is wrong with a parameter.
        """
        return spec.fault(name, parameters, self.place.variables)

    def client(self, service: str, *, management: bool = False) -> Any:
        """A boto3 client of the account as the identity that opened it, with all its rights.

        Args:
            service: As boto3 names it, e.g. `events`.
            management: Of the organization's management account instead.

        Raises:
            TargetError: The target does not say how to reach the management account.
        """
        connection = self.place.management if management else self.place.connection
        if connection is None:
            raise TargetError("The target names no management account: set management_profile.")
        return Aws(connection, user_agent="chaoskit/lab").client(service)

    def run(
        self,
        experiments: Sequence[Experiment],
        *,
        jobs: int = 1,
        stop: Stop | None = None,
        listener: Listener | None = None,
        deadman: bool = True,
        hold: Hold | None = None,
    ) -> Results:
        """Run experiments, each limited to what it needs; see `run`."""
        return run_set(
            experiments,
            self.place,
            self.journal,
            stop=stop,
            listener=listener,
            clock=self.place.clock,
            jobs=jobs,
            limits=Limiter(self.place),
            deadman=deadman,
            lockouts=Lockouts(self.place),
            hold=hold,
            earlier=_Earlier(self.place.name),
        )

    @contextmanager
    def inject(self, *faults: Fault, max_duration: str = "5m", max_changes: int = 10) -> Iterator[Result]:
        """Keep faults in for a block; whatever happens in it, they are rolled back after it, verifiably.

        The block is entered once the faults' effect was seen. They are rolled back early when `max_duration`
        is over or something says stop; then the block's end says so.

        Args:
            faults: What to inject, e.g. of `fault`.
            max_duration: A duration such as `5m`, counted from before the injection.
            max_changes: How many calls they may make.

        Raises:
            InjectionError: At the start when the faults can't be injected or show no effect; at the end when
                they were not in until then, or are not restored.
        """
        hold, stop = Hold(), Stop()
        experiment = _kept_in(self.place, faults, Duration.parse(max_duration), max_changes)
        begun: list[Result] = []

        def listen(result: Result, event: Event) -> None:
            del event
            begun[:] = [result]

        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="inject") as pool:
            running = pool.submit(self.run, [experiment], stop=stop, listener=listen, hold=hold)
            running.add_done_callback(lambda _: hold.settled.set())
            try:
                hold.settled.wait()
                if hold.kept:
                    yield begun[0]
            except BaseException as error:
                stop.request(_CUT_SHORT)  # what is not injected yet is not
                hold.release()
                result = _ended(running)
                if not result.restored:
                    raise InjectionError(result) from error
                if result.reason not in (NOTHING_EXPECTED, _CUT_SHORT):
                    error.add_note(f"chaoskit: the faults were not in until then: {result.reason}")
                raise
            hold.release()
            result = _ended(running)
        if result.reason != NOTHING_EXPECTED or not result.restored:
            raise InjectionError(result)


class _Earlier:
    """What the history knows of an expectation; one that can't be read knows nothing."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._history: History | None = None
        with suppress(HistoryError):
            self._history = History(history_path())

    def __call__(self, experiment: Experiment, number: int) -> Sequence[Interval]:
        probe = experiment.expect[number].probe.about.name
        with suppress(HistoryError):
            if self._history:
                return self._history.latencies(self._target, experiment.id, number, probe)
        return ()


class InjectionError(ChaoskitError):
    """Faults were not in as long as asked, or are not restored; `result` has the timeline."""

    def __init__(self, result: Result) -> None:
        self.result = result
        super().__init__(f"{result.experiment.title}: {result.reason}")


def _kept_in(place: Target, faults: Sequence[Fault], lasting: Duration, changes: int) -> Experiment:
    """What says of faults that are only to be kept in what an experiment says of its own."""
    names = ", ".join(each.about.name for each in faults)
    return Experiment(
        id="-".join(["inject", *(each.about.name.replace(".", "-") for each in faults)]),
        title=f"Kept in: {names}",
        owner="nobody",
        layer=faults[0].about.layer or "application",
        hypothesis=f"While {names} is in, what the caller looks for is found.",
        blast_radius=BlastRadius((place.account,), (place.connection.region,), lasting, changes),
        faults=tuple(faults),
        expect=(),
        path=Path("<inject>"),
    )


def _ended(running: Future[Results]) -> Result:
    """What came of it; an interruption waits until all is rolled back."""
    interrupted: KeyboardInterrupt | None = None
    while True:
        try:
            result = running.result().results[0]
        except KeyboardInterrupt as error:  # people do it twice
            interrupted = error
        else:
            break
    if interrupted:
        raise interrupted
    return result
