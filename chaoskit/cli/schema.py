"""`chaoskit schema`."""

from __future__ import annotations

import json

import click

from chaoskit.spec.schema import gameday_schema, schema


@click.command("schema")
@click.option("--gameday", is_flag=True, help="Of game-day files instead.")
def command(*, gameday: bool) -> None:
    """Print the JSON Schema of experiment files, for editors: they complete and check by it.

    It knows every fault and probe that is installed. What needs several files or an account, only
    `chaoskit validate` tells.
    """
    click.echo(json.dumps(gameday_schema() if gameday else schema(), indent=2))
