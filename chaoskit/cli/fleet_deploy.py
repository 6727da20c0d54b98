"""`chaoskit fleet deploy`; `chaoskit.cli.fleet` takes it into its group."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from chaoskit import spec
from chaoskit.aws import Aws
from chaoskit.errors import ChaoskitError
from chaoskit.fleet.deploy import Deployment, Templates
from chaoskit.fleet.tooling import connect

_AGENT: Final = "chaoskit/fleet"


@click.command("deploy")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--organization-unit", "unit", metavar="OU", help="The sandbox OU, as ou-... .")
@click.option(
    "--regions",
    metavar="REGION[,REGION]",
    help="Where its accounts are experimented on; by default the tooling account's region.",
)
@click.option("--profile", help="AWS profile of the tooling account's administrator.")
@click.option("--management-profile", help="AWS profile of the management account's administrator.")
@click.option("--region", help="The tooling account's AWS region.")
@click.option(
    "--set",
    "settings",
    metavar="NAME=VALUE",
    multiple=True,
    help="A parameter of the tooling account's template, such as Workers=2; others stay as they are.",
)
@click.option(
    "--consent/--no-consent",
    default=True,
    show_default=True,
    help="Have each account say that it is a sandbox, by the SSM parameter /chaoskit/sandbox.",
)
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option(
    "--write",
    "folder",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the templates for your own pipeline instead; no account is called.",
)
def deploy(  # noqa: PLR0913 - an option each, all by name
    paths: tuple[Path, ...],
    *,
    unit: str | None,
    regions: str | None,
    profile: str | None,
    management_profile: str | None,
    region: str | None,
    settings: tuple[str, ...],
    consent: bool,
    dry_run: bool,
    folder: Path | None,
) -> None:
    """Deploy a fleet: the tooling account's stack, the SCP, and the roles in all accounts of the sandbox OU.

    The roles are allowed what the catalog's faults and probes call, or what the experiments in PATHS do. To
    do it again changes nothing, or brings what is deployed up to date. AWS_ENDPOINT_URL leads to an embedded
    sandbox.
    """
    templates = Templates.of(spec.load(list(paths)) if paths else None)
    if folder is not None:
        _write(folder, templates)
        return
    if unit is None:
        raise click.UsageError("Say --organization-unit OU, or --write FOLDER.")
    tooling = Aws(connect(profile, region), user_agent=_AGENT)
    management = Aws(connect(management_profile, tooling.region), user_agent=_AGENT)
    wanted = tuple(each.strip() for each in regions.split(",")) if regions else (tooling.region,)
    deployment = Deployment(tooling, management, templates, unit, wanted, _parameters(settings), consent)
    place = deployment.check()
    if dry_run:
        for what, lines in deployment.preview(place):
            click.secho(f"{what}: {'would change' if lines else 'as it is'}", bold=True)
            for line in lines:
                click.echo(f"  {line}")
        return
    outputs = deployment.carry_out(place, lambda line: click.echo(line, err=True))
    for name, value in sorted(outputs.items()):
        click.echo(f"{name} = {value}")


def _parameters(settings: tuple[str, ...]) -> dict[str, str]:
    pairs = [each.partition("=") for each in settings]
    if wrong := [name for name, sign, _ in pairs if not (name and sign)]:
        raise click.UsageError(f"--set takes NAME=VALUE, not {wrong[0]!r}.")
    return {name: value for name, _, value in pairs}


def _write(folder: Path, templates: Templates) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in templates.files().items():
            file = folder / name
            before = file.read_text("utf-8") if file.exists() else None
            if before != text:
                file.write_text(text, "utf-8")
            said = "brought up to date" if before != text else "as it was"
            click.echo(f"{file}: {'written' if before is None else said}")
    except OSError as error:
        raise ChaoskitError(f"{folder} can't be written: {error.strerror}.") from error
