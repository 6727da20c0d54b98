"""What several commands share: recovery, signals, and the options that choose a target."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from chaoskit import home
from chaoskit.errors import ChaoskitError, JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from chaoskit.engine import Stop, Undone
    from chaoskit.journal import Entry
    from chaoskit.places import AwsSettings

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_OF_AWS: Final = ("profile", "region", "allow_account", "role", "stack", "management_profile")
"""The parameters of `target_options` that say how to use an account."""


def recover_first() -> None:
    """Roll back what dead runs left, and say so; quick when there is nothing.

    Raises:
        JournalError: A journal can't be used; the others were seen to.
    """
    if may_be_open():
        recover_and_tell(again=False)


def may_be_open() -> bool:
    """Whether anything is, or nobody can tell; quick where nothing was ever run."""
    if not home.journals() and not home.named_journal():
        return False
    from chaoskit.journal import every_journal, open_journal  # noqa: PLC0415 - most find nothing to recover

    def in_journal(where: Any) -> bool:
        try:
            with open_journal(where, readonly=True) as journal:
                return bool(journal.open_faults(left=True))
        except ChaoskitError:
            return True  # what is wrong with it is told once the others are seen to

    return any(map(in_journal, every_journal()))


def recover_and_tell(journal: str | None = None, *, again: bool = True) -> list[Undone]:
    """Roll back what dead runs left, and say what became of each.

    Args:
        journal: Where to look; by default in every journal of this user.
        again: Try again also where nothing is open but what was tried in vain, which takes minutes.

    Raises:
        JournalError: A journal can't be used; the others were seen to.
    """
    from chaoskit.api import RecoveryError, recover_all  # noqa: PLC0415 - most commands have nothing to recover

    try:
        with signals_held():
            undone = recover_all(journal, again=again, told=_announce)
    except RecoveryError as error:
        for each in error.undone:
            tell(each)
        raise
    for each in undone:
        tell(each)
    return undone


def _announce(entries: Sequence[Entry]) -> None:
    """Say at once what keeps a command from beginning: where AWS does not let it be undone, for minutes."""
    record, more = entries[0].record, len(entries) - 1
    others = f", and {more} more" if more else ""
    click.echo(
        f"rolling back first: {record.fault} of run {record.trace_id} ({record.experiment}){others}", err=True
    )


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
    """The options that say where to run; a usage error when one would be passed over."""

    @wraps(command)
    def checked(*arguments: Any, **given: Any) -> Any:
        _refuse_unused(given)
        return command(*arguments, **given)

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
    made: Callable[..., Any] = checked
    for option in reversed(options):
        made = option(made)
    return made


def _refuse_unused(given: Mapping[str, Any]) -> None:
    """Whoever names an account must not be told PASSED of a sandbox.

    Raises:
        click.UsageError: An option of the command line says how to use an account, and none is meant.
    """
    context = click.get_current_context()
    unused = [
        f"--{name.replace('_', '-')}"
        for name in _OF_AWS
        if given.get(name) and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    if given["target"] != "aws" and unused:
        raise click.UsageError(
            f"{', '.join(unused)} would be ignored in the embedded sandbox: is --target aws meant?"
        )


def _began_as_journal(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    """An empty file is taken for a journal that is just being made; but then its lock was there first."""
    with suppress(OSError):  # opening it says why
        file = Path(os.path.realpath(value or ""))
        if file.is_file() and not file.stat().st_size and not file.with_suffix(".lock").exists():
            raise JournalError(f"{value} is no journal: the file is empty.")
    return value


def journal_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option that names a journal."""
    return click.option(
        "--journal",
        metavar="FILE|URL",
        callback=_began_as_journal,
        help="Only this journal: a file, or dynamodb:TABLE?region=... of a fleet (CHAOSKIT_JOURNAL names one "
        "for every command).",
    )(command)


def experiments_option(purpose: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option that says whose faults are meant; by default those of ./experiments."""
    return click.option(
        "--experiments",
        metavar="DIR",
        type=click.Path(path_type=Path),  # who reads it says what is wrong: not every use needs it
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
    if file.exists() and not file.is_file():  # /dev/stdout
        write_private(file, text)
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        home.replace_private(Path(os.path.realpath(file)), text)  # a link stays one
    except OSError as error:
        raise ChaoskitError(f"{file} can't be written: {error.strerror}.") from error
