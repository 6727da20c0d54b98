"""`chaoskit sandbox up|down|url|snapshot|diff|deploy`."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chaoskit.cli import descriptions
from chaoskit.cli.common import write_private
from chaoskit.embedded import PROFILES, shipped_runbooks
from chaoskit.errors import TargetError
from chaoskit.places import sandboxes

if TYPE_CHECKING:
    from chaoskit.embedded import Instance


@click.group("sandbox")
def command() -> None:
    """Keep an embedded AWS running for your own tools: aws-cli, boto3, Terraform.

    While it is up, `chaoskit run` uses it too.
    """


@command.command()
@click.option("--management", is_flag=True, help="Print the management account's keys instead.")
@click.option("--wait", is_flag=True, help="Return only when the reference workload is deployed.")
@click.option("--profile", type=click.Choice(PROFILES), help="Deploy it with this well-known anti-pattern.")
def up(*, management: bool, wait: bool, profile: str | None) -> None:
    """Start it, if need be, and print the environment that points your tools at it.

    In a shell: eval "$(chaoskit sandbox up)". It answers at once; the reference workload follows
    within seconds, and `chaoskit run` waits for it.
    """
    instance = sandboxes().up(profile)
    if wait:
        instance = sandboxes().with_workload() or instance
    click.echo(f"The embedded sandbox is up, account {instance.account} in {instance.region}.", err=True)
    if instance.workload == "deploying":
        click.echo("Its workload is being deployed; `chaoskit sandbox up --wait` waits for it.", err=True)
    for name, value in _environment(instance, management=management).items():
        click.echo(f"export {name}={shlex.quote(value)}")


@command.command()
def down() -> None:
    """End it. Everything in it is gone."""
    ended = sandboxes().down()
    click.echo("The embedded sandbox is down." if ended else "No embedded sandbox is up.", err=True)


@command.command()
def url() -> None:
    """Print where it listens."""
    click.echo(_running().url)


@command.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
def snapshot(file: Path | None) -> None:
    """Write down all that is in it, as JSON: for `chaoskit sandbox diff`.

    Without FILE it is printed. Secrets are told as hashes; what only records what happened (event history,
    log events, messages) is left out.
    """
    text = descriptions.as_text(descriptions.fetched(_running()))
    if file is None:
        click.echo(text, nl=False)
    else:
        write_private(file, text)
        click.echo(f"wrote {file}", err=True)


@command.command()
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", required=False, type=click.Path(path_type=Path))
def diff(before: Path, after: Path | None) -> int:
    """Tell how two snapshots differ, or one and the sandbox as it is now; exit 1 when they do."""
    old = descriptions.read(before)
    new = descriptions.read(after) if after else descriptions.fetched(_running())
    found = descriptions.differences(old, new)
    for difference in found:
        click.echo(difference)
    click.echo(f"{len(found) or 'No'} difference{'' if len(found) == 1 else 's'}.", err=True)
    return 1 if found else 0


@command.command()
@click.option("--account", required=True, help="The sandbox account; anything else is refused.")
@click.option("--profile", help="AWS profile of that account's administrator.")
@click.option("--management-profile", help="AWS profile of the management account, for the SCPs.")
@click.option("--region", help="AWS region.")
@click.option("--workload-profile", type=click.Choice(PROFILES), help="Deploy this anti-pattern with it.")
@click.option("--destroy", is_flag=True, help="Remove it, with all data in its buckets.")
def deploy(**options: str | bool | None) -> int:
    """Deploy the reference workload to a real AWS sandbox account. It costs money while it is there."""
    arguments = ["--runbooks", str(shipped_runbooks())]
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        arguments += [flag] if value is True else [flag, str(value)] if value else []
    return subprocess.run(  # noqa: S603 - our own module, arguments of our own options
        [sys.executable, "-m", "chaoskit.sandbox.deploy", *arguments], check=False
    ).returncode


def _running() -> Instance:
    instance = sandboxes().find()
    if instance is None:
        raise TargetError("No embedded sandbox is up: start one with `chaoskit sandbox up`.")
    return instance


def _environment(instance: Instance, *, management: bool) -> dict[str, str]:
    keys = instance.management if management else instance.admin
    return {
        "AWS_ENDPOINT_URL": instance.url,
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
        "AWS_REGION": instance.region,
        "AWS_DEFAULT_REGION": instance.region,
    }
