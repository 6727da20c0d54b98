"""`chaoskit discover`."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from chaoskit import api, spec
from chaoskit.cli.common import aws_settings, target_options, write_private
from chaoskit.discover import as_mermaid, as_tree, inventory, paths, proposals
from chaoskit.errors import ChaoskitError, ExitCode
from chaoskit.predict import predictor

if TYPE_CHECKING:
    from chaoskit.discover import Inventory, Proposal

_SHOWN: Final = 4


@click.command("discover")
@target_options
@click.option(
    "--experiments",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write proposed experiments here; files that are there already are left as they are.",
)
@click.option(
    "--most",
    type=click.IntRange(1, 50),
    default=1,
    show_default=True,
    help="How many experiments to propose for a fault.",
)
@click.option("--mermaid", type=click.Path(path_type=Path), help="Write the trust chain as a Mermaid chart.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write everything as JSON.")
def command(
    *,
    target: api.TargetName,
    experiments: Path | None,
    most: int,
    mermaid: Path | None,
    json_file: Path | None,
    **options: Any,
) -> int:
    """Take stock of an account, and propose experiments for it.

    It lists the ML resources and draws who reaches them; nothing is changed.
    """
    with api.open_target(target, aws_settings(**options)) as place:
        who = "chaoskit-discover", "discover", 0
        aws = place.open_read(*who) or place.open(*who)
        found = inventory(aws)
        allowed = paths(aws, found)
        caller = place.role_arn or aws.identify()
        wanted = experiments or json_file
        proposed = list(proposals(aws, found, predictor(place), most, caller)) if wanted else []
    for kind, names in sorted(found.found.items()):
        some = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
        click.echo(f"{kind:<20} {len(names):>4}  {some}")
    click.secho("\nWho reaches what", bold=True)
    for line in as_tree(found, allowed):
        click.echo(line)
    for trouble in sorted(set(found.unread)):
        click.secho(f"not read: {trouble}", fg="yellow", err=True)
    if mermaid:
        write_private(mermaid, as_mermaid(found, allowed))
    if json_file:
        write_private(json_file, _as_json(found, allowed, proposed))
    if experiments:
        _write(experiments, proposed)
    return ExitCode.PASSED


def _as_json(found: Inventory, allowed: list[Any], proposed: list[Proposal]) -> str:
    document = {
        **found.dump(),
        "paths": [dataclasses.asdict(each) for each in allowed],
        "proposals": [{"path": str(each.path), "why": each.why} for each in proposed],
    }
    return json.dumps(document, indent=2) + "\n"


def _write(folder: Path, proposed: list[Proposal]) -> None:
    """Write the proposals, and read them as `validate` does: what is proposed can be run."""
    written = []
    for each in proposed:
        file = folder / each.path
        if file.exists():
            continue
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(each.text, "utf-8")
        except OSError as error:
            raise ChaoskitError(f"{file} can't be written: {error.strerror}.") from error
        written.append(file)
    if written:
        spec.load(written)
    click.echo(f"\n{len(written)} experiments written to {folder}; look them over, then validate them.")
    if kept := len(proposed) - len(written):
        click.echo(f"{kept} were there already and are left as they are.")
