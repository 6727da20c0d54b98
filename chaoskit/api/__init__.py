"""Running experiments from Python: what the command line and the pytest plug-in call too."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from chaoskit import spec
from chaoskit.api.lab import InjectionError, Lab
from chaoskit.api.leftovers import RecoveryError, accept, at_work, find_open, left_open, recover_all
from chaoskit.engine import recover, sweep
from chaoskit.errors import ChaoskitError, TargetError
from chaoskit.history import History, HistoryError
from chaoskit.home import history_path
from chaoskit.journal import open_journal, this_journal
from chaoskit.log import Logger
from chaoskit.permissions.statements import MANAGED_LIMIT, fitting
from chaoskit.places import AwsSettings, aws_target, embedded_target, reopen
from chaoskit.predict import compare, engine_needs, foresee, grants, needs, predictor
from chaoskit.slo import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from chaoskit.embedded import Delays
    from chaoskit.engine import Listener, Stop
    from chaoskit.experiment import Experiment
    from chaoskit.permissions.statements import Written
    from chaoskit.predict import Foresight
    from chaoskit.result import Results
    from chaoskit.target import Target

__all__ = [
    "InjectionError",
    "Lab",
    "RecoveryError",
    "TargetName",
    "accept",
    "at_work",
    "find_open",
    "harness_policy",
    "left_open",
    "open_target",
    "opened",
    "predict",
    "recover_all",
    "run",
]

TargetName = Literal["embedded", "aws"]


def run(  # noqa: PLR0913 - an option each, all by name
    *paths: str | Path,
    target: TargetName = "embedded",
    settings: AwsSettings | None = None,
    jobs: int = 1,
    stop: Stop | None = None,
    listener: Listener | None = None,
    predict: bool = True,
    deadman: bool = True,
    delays: Delays = "instant",
    repeat: int = 1,
    workload_profile: str | None = None,
    afterwards: Callable[[Target], None] | None = None,
) -> Results:
    """Run the experiments in these files and folders, after rolling back what earlier runs left.

    Args:
        paths: Experiment files, and folders that are searched for them.
        target: `embedded`, or `aws` for a real sandbox account.
        settings: How to use the AWS account; by default what `chaoskit.toml` says.
        jobs: How many experiments run at the same time.
        stop: Request it from another thread to end early; what has begun is rolled back.
        listener: Is told every event as it happens.
        deadman: Arm the dead-man's switch before each change; without it nothing but a later chaoskit undoes
            what a run that dies left behind.
        predict: Put what the account's policies say beforehand beside what came of each change.
        delays: `realistic` runs in an embedded sandbox of its own, whose telemetry takes as long as AWS
            says, on a clock that is moved instead of waited for.
        repeat: How often to run each; more runs tell how latencies are distributed.
        workload_profile: Runs in an embedded sandbox of its own, whose workload is deployed with a well-known
            anti-pattern, e.g. `shared-role`.
        afterwards: Is called with the target after the last run, while it is still there to be looked at.

    Raises:
        SpecError: Something is wrong in the files; nothing was called.
        TargetError: The account can't be reached or used, or `delays` does not go with the rest; nothing
            was injected.
        GuardError: The account was not given up for experiments; nothing was injected.
        JournalError: The journal can't be written; nothing was injected.
    """
    files = [Path(path) for path in paths]
    spec.load(files)
    if delays == "realistic" and (target != "embedded" or jobs > 1):
        raise TargetError(
            "Realistic delays are the embedded sandbox's, whose clock one run at a time can move: "
            "leave out --target aws and --jobs."
        )
    if workload_profile and target != "embedded":
        raise TargetError("Workload profiles are the embedded sandbox's: leave out --target aws.")
    with opened(target, settings, delays, workload_profile) as lab:
        experiments = spec.load(files, lab.place.variables)
        foresights = _foresee(experiments, lab.place) * repeat if predict else []
        results = lab.run(experiments * repeat, jobs=jobs, stop=stop, listener=listener, deadman=deadman)
        for result, foresight in zip(results.results, foresights, strict=False):
            compare(result, foresight)
        keep(results)
        if afterwards:
            afterwards(lab.place)
    return results


@contextmanager
def opened(
    target: TargetName = "embedded",
    settings: AwsSettings | None = None,
    delays: Delays = "instant",
    workload_profile: str | None = None,
    *,
    own: bool = False,
) -> Iterator[Lab]:
    """Open the journal and a target, once what earlier runs left is rolled back.

    Args:
        target: `embedded`, or `aws` for a real sandbox account.
        settings: How to use the AWS account; by default what `chaoskit.toml` says.
        delays: See `run`.
        workload_profile: See `run`.
        own: Start an embedded sandbox for the block, even when one is up.

    Raises:
        TargetError: The account can't be reached or used.
        GuardError: The account was not given up for experiments.
        JournalError: The journal can't be written.
    """
    with open_journal(this_journal()) as journal:
        recover(journal, reopen, SystemClock())
        with open_target(target, settings, delays, workload_profile, own=own) as place:
            place.check_consent()
            with suppress(ChaoskitError):  # what is left over harms nobody
                if undoer := place.open_undo("chaoskit-sweep", "sweep", 0):
                    sweep(undoer, journal, place.clock)
            yield Lab(place, journal)


def predict(
    *paths: str | Path, target: TargetName = "embedded", settings: AwsSettings | None = None
) -> list[Foresight]:
    """Predict for each change of these experiments whether a policy stops it. Nothing is touched.

    Raises:
        SpecError: Something is wrong in the files; nothing was called.
        TargetError: The account can't be reached.
    """
    files = [Path(path) for path in paths]
    spec.load(files)
    with open_target(target, settings) as place:
        return _foresee(spec.load(files, place.variables), place)


def harness_policy(
    *paths: str | Path,
    target: TargetName = "embedded",
    settings: AwsSettings | None = None,
    limit: int = MANAGED_LIMIT,
) -> Written:
    """The least-privilege IAM policy of an identity that runs these experiments.

    Args:
        paths: Experiment files, and folders that are searched for them.
        target: Where they will run.
        settings: How to use the AWS account; by default what `chaoskit.toml` says.
        limit: How many characters it may have; where needed it is widened to fit.

    Raises:
        SpecError: Something is wrong in the files; nothing was called.
        TargetError: The account can't be reached.
        ChaoskitError: No policy for them fits.
    """
    files = [Path(path) for path in paths]
    spec.load(files)
    with open_target(target, settings) as place:
        aws = place.open("chaoskit-plan", "plan", 0)
        own = engine_needs(place.switches)
        every = [own, *(needs(each, aws) for each in spec.load(files, place.variables))]
        fitted = fitting(grants(every, aws, place.role_arn or aws.identify()), limit)
    if not fitted:
        raise ChaoskitError(f"No policy for these experiments fits {limit} characters: split the set.")
    return replace(fitted[0], missing=tuple(why for each in every for why in each.missing))


def keep(results: Results) -> None:
    """Keep them in the history; that it can't be written does not change what was found."""
    try:
        History(history_path()).keep(results.dump())
    except HistoryError as error:
        Logger(run_id=results.run_id).warning("not kept", reason=str(error))


def _foresee(experiments: Sequence[Experiment], place: Target) -> list[Foresight]:
    asked = predictor(place)
    return [foresee(experiment, asked) for experiment in experiments]


def open_target(
    target: TargetName,
    settings: AwsSettings | None = None,
    delays: Delays = "instant",
    workload_profile: str | None = None,
    *,
    own: bool = False,
) -> AbstractContextManager[Target]:
    """The target of that name; the embedded sandbox is the one that is up, or one for the block.

    Raises:
        TargetError: There is none of that name, or it can't be reached or used.
    """
    if target == "embedded":
        return embedded_target(delays, workload_profile, own=own)
    if target == "aws":
        return aws_target(settings or AwsSettings.read())
    raise TargetError(f"There is no target {target!r}: it is 'embedded' or 'aws'.")
