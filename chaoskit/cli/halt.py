"""`chaoskit halt`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from chaoskit import api
from chaoskit.aws import Aws, Call
from chaoskit.cli.common import aws_settings, recover_first, target_options
from chaoskit.errors import AwsError, ChaoskitError, ExitCode
from chaoskit.home import home
from chaoskit.switches import STOP_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from chaoskit.places import AwsSettings


@click.command("halt")
@click.argument("reason", default="halted by hand")
@click.option("--lift", is_flag=True, help="Let runs go on again.")
@click.option(
    "--account", "whole_account", is_flag=True, help="For everybody: set the account's parameter too."
)
@target_options
def command(reason: str, *, lift: bool, whole_account: bool, target: api.TargetName, **options: Any) -> int:
    """Stop every run now, and let none begin.

    What is injected is rolled back. Runs of this machine's user see the stop file at once. With
    --account, every run in the target's account and region sees an SSM parameter, whoever started it.
    """
    file = home() / STOP_FILE
    click.echo(_lifted(file) if lift else _written(file, reason))
    if whole_account:
        click.echo(_told(target, aws_settings(**options), None if lift else reason))
    recover_first()  # not before: whatever a journal holds, the runs are to stop now
    return ExitCode.PASSED


def _lifted(file: Path) -> str:
    try:
        file.unlink()
    except FileNotFoundError:
        return f"nothing to lift: there is no {file}"
    except OSError as error:
        raise ChaoskitError(
            f"{file} can't be removed: {error.strerror}. Remove it by hand, or set CHAOSKIT_HOME to the "
            "directory in which the runs were stopped."
        ) from error
    return f"removed {file}"


def _written(file: Path, reason: str) -> str:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(f"{reason}\n", "utf-8")
    except OSError as error:
        raise ChaoskitError(
            f"{file} can't be written: {error.strerror}. Stop the runs with Ctrl-C."
        ) from error
    return f"wrote {file}"


def _told(target: api.TargetName, settings: AwsSettings, reason: str | None) -> str:
    with api.open_target(target, settings) as place:
        name = place.switches.parameter
        if not name:
            raise ChaoskitError("chaoskit.toml names no stop_parameter, so the account has no such switch.")
        # The person's own identity: a run's role needs no such right.
        aws = Aws(place.connection, account=place.account, user_agent="chaoskit/halt")
        if reason is not None:
            aws.send(Call("ssm", "PutParameter", Name=name, Value=reason, Type="String", Overwrite=True))
            return f"set {name} in account {place.account}"
        try:
            aws.send(Call("ssm", "DeleteParameter", Name=name))
        except AwsError as error:
            if error.code != "ParameterNotFound":
                raise
            return f"nothing to lift: there is no {name} in account {place.account}"
        return f"removed {name} from account {place.account}"
