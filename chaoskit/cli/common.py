"""What several commands share: recovery, signals, and the options that choose a target."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import click

from chaoskit import home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from chaoskit.engine import Stop, Undone
    from chaoskit.places import AwsSettings

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def recover_first() -> None:
    """Roll back what dead runs left, and say so; quick when there is nothing.

    Raises:
        JournalError: A journal can't be used.
    """
    if not home.journals() and not home.named_journal():
        return
    from chaoskit.journal import every_journal, open_journal  # noqa: PLC0415 - most find nothing to recover

    def is_open(where: Any) -> bool:
        with open_journal(where, readonly=True) as journal:
            return bool(journal.open_faults(left=True))

    if not any(map(is_open, every_journal())):
        return
    from chaoskit.api import recover_all  # noqa: PLC0415 - as above

    with signals_held():
        for undone in recover_all():
            tell(undone)


def tell(undone: Undone) -> None:
    """Say on standard error what became of one open change."""
    record = undone.entry.record
    word = "rolled back" if undone.ok else f"STILL OPEN ({undone.entry.id})"
    click.secho(
        f"{word}: {record.fault} of run {record.trace_id} ({record.experiment}): {undone.note}",
        fg="green" if undone.ok else "red",
        err=True,
    )
    for line in undone.by_hand:
        click.echo(f"  by hand: {line}", err=True)


@contextmanager
def signals_held(stop: Stop | None = None) -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP ask `stop` to stop, instead of ending the process under a fault."""

    def ask(number: int, _frame: object) -> None:
        name = signal.Signals(number).name
        again = stop is None or stop.requested
        if stop is not None:
            stop.request(f"stopped by {name}")
        words = "still rolling back, please wait" if again else "stopping: rolling back first"
        # Past Python's buffers: a handler may have interrupted a write to the same stream.
        with suppress(OSError):
            os.write(2, f"\nchaoskit: {name}: {words}\n".encode())

    before = {number: signal.signal(number, ask) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def target_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say where to run."""
    options = (
        click.option(
            "--target",
            type=click.Choice(["embedded", "aws"]),
            default="embedded",
            show_default=True,
            help="Where to run: the embedded sandbox, or a real AWS sandbox account.",
        ),
        click.option("--profile", help="AWS profile (target aws)."),
        click.option("--region", help="AWS region (target aws)."),
        click.option("--allow-account", multiple=True, help="Account that may be used (target aws)."),
        click.option("--role", help="Role that each run assumes (target aws)."),
        click.option("--stack", help="The workload's CloudFormation stack (target aws)."),
        click.option(
            "--management-profile",
            help="AWS profile that may read the organization's policies, to predict with (target aws).",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def journal_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option that names a journal."""
    return click.option(
        "--journal",
        metavar="FILE|URL",
        help="Only this journal: a file, or dynamodb:TABLE?region=... of a fleet (CHAOSKIT_JOURNAL names one "
        "for every command).",
    )(command)


def experiments_option(purpose: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option that says whose faults are meant; by default those of ./experiments."""
    from pathlib import Path  # noqa: PLC0415 - not every command needs it

    return click.option(
        "--experiments",
        metavar="DIR",
        type=click.Path(exists=True, path_type=Path),
        default=Path("experiments"),
        show_default=True,
        help=purpose,
    )


def aws_settings(
    *,
    profile: str | None,
    region: str | None,
    allow_account: tuple[str, ...],
    role: str | None,
    stack: str | None,
    management_profile: str | None = None,
) -> AwsSettings:
    """`chaoskit.toml`, overruled by the command line.

    Raises:
        TargetError: The file is wrong.
    """
    from dataclasses import replace  # noqa: PLC0415 - with the import below

    from chaoskit.places import AwsSettings  # noqa: PLC0415 - not every command needs it

    given = {
        "profile": profile,
        "region": region,
        "accounts": allow_account,
        "role": role,
        "stack": stack,
        "management_profile": management_profile,
    }
    return replace(AwsSettings.read(), **{name: value for name, value in given.items() if value})  # type: ignore[arg-type]


def listen_to_log() -> None:
    """Send chaoskit's log lines to standard error."""
    import logging  # noqa: PLC0415 - only for --verbose

    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("chaoskit").setLevel(logging.DEBUG)


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read: reports name accounts and their weaknesses.

    Raises:
        ChaoskitError: It can't be written.
    """
    from chaoskit.errors import ChaoskitError  # noqa: PLC0415 - only what writes files needs it

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as written:
            if file.is_file():  # not /dev/stdout
                os.fchmod(handle, 0o600)  # it may have been there before
            written.write(text)
    except OSError as error:
        raise ChaoskitError(f"{file} can't be written: {error.strerror}.") from error


def replace_private(file: Path, text: str) -> None:
    """As `write_private`, but whoever reads it finds the old text or the new one, also after a crash.

    Raises:
        ChaoskitError: It can't be written.
    """
    from chaoskit.errors import ChaoskitError  # noqa: PLC0415 - as above

    if file.exists() and not file.is_file():  # /dev/stdout
        write_private(file, text)
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        home.replace_private(file, text)
    except OSError as error:
        raise ChaoskitError(f"{file} can't be written: {error.strerror}.") from error
