"""The command line. Each command is a module of its own, imported only when it is used."""

from __future__ import annotations

import gc
import importlib
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import click

from chaoskit.cli.streams import patient_streams
from chaoskit.errors import ChaoskitError, ExitCode
from chaoskit.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS: Final = {
    "assess": "Tell what results say of an account as a whole.",
    "catalog": "List the faults and probes, or explain one.",
    "discover": "Take stock of an account, and propose experiments for it.",
    "events": "Print the CloudTrail records that a fault produces.",
    "fleet": "Run experiments in many accounts, on AWS's own engine.",
    "gameday": "Play experiments with people: a game day.",
    "halt": "Stop every run now, and let none begin.",
    "history": "List earlier runs, tell what they show together, and compare them.",
    "mutate": "Take each control away and see which experiment notices.",
    "plan": "Show what experiments would call and put back, without doing it.",
    "policy": "IAM policies for running experiments.",
    "predict": "Predict for each change whether a policy stops it.",
    "report": "Write reports in other forms, and verify them.",
    "rollback": "Put back whatever earlier runs left open.",
    "run": "Run experiments: inject, observe, roll back, judge.",
    "sandbox": "Keep an embedded AWS running for your own tools.",
    "schedule": "Have experiments run when they are due.",
    "schema": "Print the JSON Schema of experiment files, for editors.",
    "status": "List faults that are open.",
    "validate": "Check experiment and game-day files; nothing is called.",
    "worker": "Run a fleet's experiments: take tasks from its queue.",
}

_GARBAGE: Final = 200_000
"""So many new objects are looked through for garbage together, instead of Python's 700. Of what a command
makes 100,000 stay, and to look through them again and again takes a tenth of its time."""
_RECOVER_THEMSELVES: Final = ("halt", "rollback")


class _Commands(click.Group):
    """Knows the commands' names and purposes without importing them: `--help` must be quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"chaoskit.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        import difflib  # noqa: PLC0415 - only a mistyped command needs it

        close = difflib.get_close_matches(args[0], _COMMANDS, n=1)
        if args[0] not in _COMMANDS and close:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {close[0]}?")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="chaoskit")
@click.option("-v", "--verbose", is_flag=True, help="Show the log on standard error.")
@click.pass_context
def cli(ctx: click.Context, *, verbose: bool) -> None:
    """Security chaos engineering for AWS: prove that your controls work.

    Every command first rolls back what a run that died left behind; `halt` does so once it has said stop.
    """
    from chaoskit.cli.common import listen_to_log, recover_first  # noqa: PLC0415 - keeps --help quick

    if verbose:
        listen_to_log()
    if ctx.invoked_subcommand not in _RECOVER_THEMSELVES:
        recover_first()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its status."""
    gc.set_threshold(_GARBAGE)
    with patient_streams() as untold:
        status = _status(arguments)
    if untold:
        status = ExitCode.ERROR
        with suppress(OSError):  # on the same full disk
            click.echo(f"chaoskit: standard output can't be written: {untold[0].strerror}.", err=True)
    sys.exit(status)


def _status(arguments: Sequence[str] | None) -> int:
    """Run a command, and say what went wrong."""
    try:
        return cli.main(arguments, prog_name="chaoskit", standalone_mode=False) or ExitCode.PASSED
    except ChaoskitError as error:
        click.echo(f"chaoskit: {error}" if "\n" not in str(error) else str(error), err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("chaoskit: stopped", err=True)
        return _status_of_stopped()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the process's edge: Python would exit with 1, FAILED
        _tell_of_defect(error)
    return ExitCode.ERROR


def _status_of_stopped() -> int:
    """A person stopped it; but what is open outranks that."""
    from chaoskit.cli.common import may_be_open  # noqa: PLC0415 - keeps --help quick

    try:
        return ExitCode.ERROR if may_be_open() else ExitCode.ABORTED
    except KeyboardInterrupt:  # a journal that does not answer
        return ExitCode.ERROR


def _tell_of_defect(error: BaseException) -> None:
    import traceback  # noqa: PLC0415 - only a defect needs it

    traceback.print_exception(error)
    click.echo(
        f"chaoskit: stopped by a defect of its own: {type(error).__name__}: {error}. `chaoskit status` tells "
        "whether a fault is open; please report this with the lines above.",
        err=True,
    )
