"""`chaoskit policy harness`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from chaoskit import api
from chaoskit.cli.common import aws_settings, target_options
from chaoskit.permissions.statements import MANAGED_LIMIT, Scope


@click.group("policy")
def command() -> None:
    """IAM policies for running experiments."""


@command.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@target_options
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=MANAGED_LIMIT,
    show_default=True,
    help="Characters it may have: 6144 for a managed policy, 10240 inline, 2048 for a session policy.",
)
def harness(paths: tuple[Path, ...], *, target: api.TargetName, limit: int, **options: Any) -> None:
    """Print the least-privilege policy of an identity that runs these experiments.

    It is derived from the calls they make: what injects, what undoes and what reads, each on the
    resources that it is about. Calls that a fault makes with a leaked key are not the harness's. The
    account is read, nothing in it is changed. `chaoskit run` limits each run's role session by the same
    derivation.
    """
    policy = api.harness_policy(*paths, target=target, settings=aws_settings(**options), limit=limit)
    click.echo(json.dumps(policy.document, indent=2))
    grants = f"{len(policy.text)} of {limit} characters; grants {policy.scope.explanation}"
    widened = " (a narrower one would be too long)" if policy.scope is not Scope.RESOURCES else ""
    click.echo(f"{grants}{widened}", err=True)
    for why in policy.missing:
        click.secho(f"may lack something: {why}", fg="yellow", err=True)
