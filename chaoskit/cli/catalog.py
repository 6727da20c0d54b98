"""`chaoskit catalog`."""

from __future__ import annotations

import dataclasses
import inspect
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chaoskit.contract import FAULTS, LAYERS, PROBES, Fault
from chaoskit.errors import ChaoskitError
from chaoskit.spec.values import one_of

if TYPE_CHECKING:
    from chaoskit.contract import Element


@click.command("catalog")
@click.argument("name", required=False)
@click.option("--layer", type=click.Choice(LAYERS), help="Only faults of this layer.")
@click.option("--attack", metavar="ID", help="Only faults of this ATT&CK technique, e.g. T1098.003.")
@click.option(
    "--sigma",
    "rules",
    metavar="DIR",
    type=click.Path(exists=True, path_type=Path),
    help="Run the experiments embedded, and show which Sigma rules of DIR see which fault.",
)
@click.option(
    "--experiments",
    metavar="DIR",
    type=click.Path(exists=True, path_type=Path),
    help="With --sigma: whose faults to look at; by default ./experiments.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    *,
    name: str | None,
    layer: str | None,
    attack: str | None,
    rules: Path | None,
    experiments: Path | None,
    as_json: bool,
) -> None:
    """List the faults and probes, or explain one."""
    if rules:
        from chaoskit.cli.coverage import coverage, told  # noqa: PLC0415 - it runs experiments; lists don't

        seen = coverage(rules, experiments or Path("experiments"))
        click.echo(
            json.dumps([dataclasses.asdict(each) for each in seen], indent=2) if as_json else told(seen)
        )
        return
    faults = [f for f in FAULTS if layer in (None, f.about.layer) and attack in (None, *f.about.attack)]
    probes = [] if layer or attack else list(PROBES)
    if name:
        element = FAULTS.get(name) or PROBES.get(name)
        if element is None:
            raise ChaoskitError(f"There is no {name!r}{one_of(name, FAULTS.names() + PROBES.names())}")
        click.echo(json.dumps(_dump(element), indent=2) if as_json else _explained(element))
    elif as_json:
        click.echo(json.dumps([_dump(element) for element in [*faults, *probes]], indent=2))
    else:
        for heading, elements in (("Faults", faults), ("Probes", probes)):
            if elements:
                click.secho(heading, bold=True)
            for element in elements:
                click.echo(f"  {element.about.name:<34} {element.summary()}")


def _dump(element: type[Element]) -> dict[str, Any]:
    fault = issubclass(element, Fault)
    about = {key: value for key, value in dataclasses.asdict(element.about).items() if value}
    return {
        **about,
        "kind": "fault" if fault else "probe",
        "summary": element.summary(),
        "parameters": {
            field.name: {"type": str(field.type)}
            | ({} if field.default is dataclasses.MISSING else {"default": field.default})
            for field in dataclasses.fields(element)  # type: ignore[arg-type] # the registry holds dataclasses
        },
        **({} if fault else {"reads": list(element.reads)}),  # type: ignore[attr-defined] # a probe
    }


def _explained(element: type[Element]) -> str:
    about = element.about
    maps = {"ATT&CK": about.attack, "ATLAS": about.atlas, "OWASP ML": about.owasp_ml}
    lines = [about.name, "", inspect.getdoc(element) or ""]
    lines += ["", *(f"{label}: {', '.join(ids)}" for label, ids in maps.items() if ids)]
    return "\n".join(lines).rstrip()
