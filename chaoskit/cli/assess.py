"""`chaoskit assess`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from chaoskit import api
from chaoskit.cli.assessing import CHECKLIST, MATURITY, assessed
from chaoskit.cli.assessing import look as look_at_place
from chaoskit.cli.common import aws_settings, target_options, write_private
from chaoskit.cli.reporting import read_document
from chaoskit.cli.terminal import plain_console
from chaoskit.errors import ChaoskitError
from chaoskit.report.assessment import tables, told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chaoskit.cli.assessing import Look

_PIPE_WIDTH: Final = 120
_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("assess")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@target_options
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the assessment here.")
@click.option(
    "--look/--no-look",
    default=True,
    show_default=True,
    help="Look at the account, read-only, where a probe answers; without it those answers stay open.",
)
@click.option("--maturity", type=_FILE, default=MATURITY, help="Levels of your own.")
@click.option("--checklist", type=_FILE, default=CHECKLIST, help="A checklist of your own.")
def command(
    files: tuple[Path, ...],
    *,
    target: api.TargetName,
    json_file: Path | None,
    look: bool,
    maturity: Path,
    checklist: Path,
    **options: Any,
) -> None:
    """Tell what results say of an account as a whole.

    That is coverage by layer, compliance evidence, maturity, and readiness for an incident.

    FILES are what `chaoskit run --json` wrote; a file that somebody edited is refused.
    """
    results = [result for file in files for result in read_document(file)["results"]]
    looked = _looked(results, maturity, checklist, target, options) if look else None
    assessment = assessed(results, looked, maturity, checklist)
    if json_file:
        write_private(json_file, json.dumps(assessment.dump(), indent=2) + "\n")
    out = plain_console(piped=_PIPE_WIDTH)
    for table in tables(assessment):
        out.print(table)
    for line in told(assessment):
        out.print(line, markup=False, highlight=False, soft_wrap=True)


def _looked(
    results: Sequence[Mapping[str, Any]],
    maturity: Path,
    checklist: Path,
    target: api.TargetName,
    options: Mapping[str, Any],
) -> Look:
    with api.open_target(target, aws_settings(**options)) as place:
        others = sorted({result["account"] for result in results} - {place.account})
        if others:
            raise ChaoskitError(
                f"The results are of account {', '.join(others)}, but these credentials are for "
                f"{place.account}: log in to that account, or say --no-look."
            )
        return look_at_place(place, maturity, checklist)
