"""Running experiments from Python: what the command line and the pytest plug-in call too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from chaoskit import spec
from chaoskit.engine import recover, run_set
from chaoskit.home import journal_path, journals
from chaoskit.journal import JournalBusyError, SqliteJournal
from chaoskit.places import AwsSettings, aws_target, embedded_target, reopen
from chaoskit.slo import SystemClock

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from chaoskit.engine import Listener, Stop, Undone
    from chaoskit.result import Results
    from chaoskit.target import Target

TargetName = Literal["embedded", "aws"]


def run(
    *paths: str | Path,
    target: TargetName = "embedded",
    settings: AwsSettings | None = None,
    jobs: int = 1,
    stop: Stop | None = None,
    listener: Listener | None = None,
) -> Results:
    """Run the experiments in these files and folders, after rolling back what earlier runs left.

    Args:
        paths: Experiment files, and folders that are searched for them.
        target: `embedded`, or `aws` for a real sandbox account.
        settings: How to use the AWS account; by default what `chaoskit.toml` says.
        jobs: How many experiments run at the same time.
        stop: Request it from another thread to end early; what has begun is rolled back.
        listener: Is told every event as it happens.

    Raises:
        SpecError: Something is wrong in the files; nothing was called.
        TargetError: The account can't be reached or used; nothing was injected.
        JournalError: The journal can't be written; nothing was injected.
    """
    files = [Path(path) for path in paths]
    spec.load(files)
    with SqliteJournal(journal_path()) as journal, open_target(target, settings) as place:
        recover(journal, reopen, SystemClock())
        experiments = spec.load(files, place.variables)
        return run_set(experiments, place, journal, stop=stop, listener=listener, jobs=jobs)


def open_target(target: TargetName, settings: AwsSettings | None = None) -> AbstractContextManager[Target]:
    """The target of that name; the embedded sandbox is the one that is up, or one for the block.

    Raises:
        TargetError: It can't be reached or used.
    """
    return embedded_target() if target == "embedded" else aws_target(settings or AwsSettings.read())


def recover_all() -> list[Undone]:
    """Roll back every fault that a dead run left open; a journal that is in use is left to its user.

    Raises:
        JournalError: A journal can't be used.
    """
    undone: list[Undone] = []
    for path in journals():
        with SqliteJournal(path, readonly=True) as look:
            if not look.open_faults():
                continue
        try:
            with SqliteJournal(path) as journal:
                undone += recover(journal, reopen, SystemClock())
        except JournalBusyError:
            continue
    return undone
