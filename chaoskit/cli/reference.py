"""The reference of the command line, docs/cli.md: `python -m chaoskit.cli.reference` prints it."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import click

from chaoskit.cli import cli

if TYPE_CHECKING:
    from collections.abc import Iterator


def page() -> str:
    """The page, as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# The command line"
    yield ""
    yield "Made of the commands themselves (`make docs`). Every command has `--help`."
    context = click.Context(cli, info_name="chaoskit")
    for option in cli.params:
        yield from _option(option, context)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        if command is not None:
            yield from _command(command, f"chaoskit {name}", 2)


def _command(command: click.Command, path: str, depth: int) -> Iterator[str]:
    context = click.Context(command, info_name=path)
    yield ""
    yield f"{'#' * depth} {path}"
    yield ""
    yield "```text"
    yield " ".join([path, *command.collect_usage_pieces(context)])
    yield "```"
    yield ""
    yield inspect.cleandoc(command.help or "")
    options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
    if options:
        yield ""
    for option in options:
        yield from _option(option, context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from _command(inner, f"{path} {name}", depth + 1)


def _option(option: click.Parameter, context: click.Context) -> Iterator[str]:
    told = option.get_help_record(context)
    if told:
        names, meaning = told
        yield f"- `{names}`: {' '.join(meaning.split())}".rstrip(": ")


if __name__ == "__main__":
    click.echo(page(), nl=False)
