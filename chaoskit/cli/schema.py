"""`chaoskit schema`."""

from __future__ import annotations

import json

import click

from chaoskit.spec.schema import schema


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of experiment files, for editors: they complete and check by it.

    It knows every fault and probe that is installed. What needs several files or an account, only
    `chaoskit validate` tells.
    """
    click.echo(json.dumps(schema(), indent=2))
