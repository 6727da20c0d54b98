"""`chaoskit sandbox up|down|url|deploy`."""

from __future__ import annotations

import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import click

from chaoskit.embedded import shipped_runbooks
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
def up(*, management: bool, wait: bool) -> None:
    """Start it, if need be, and print the environment that points your tools at it.

    In a shell: eval "$(chaoskit sandbox up)". It answers at once; the reference workload follows
    within seconds, and `chaoskit run` waits for it.
    """
    instance = sandboxes().up()
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
    instance = sandboxes().find()
    if instance is None:
        raise TargetError("No embedded sandbox is up: start one with `chaoskit sandbox up`.")
    click.echo(instance.url)


@command.command()
@click.option("--account", required=True, help="The sandbox account; anything else is refused.")
@click.option("--profile", help="AWS profile of that account's administrator.")
@click.option("--management-profile", help="AWS profile of the management account, for the SCPs.")
@click.option("--region", help="AWS region.")
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


def _environment(instance: Instance, *, management: bool) -> dict[str, str]:
    keys = instance.management if management else instance.admin
    return {
        "AWS_ENDPOINT_URL": instance.url,
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
        "AWS_REGION": instance.region,
        "AWS_DEFAULT_REGION": instance.region,
    }
