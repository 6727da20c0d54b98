"""`chaoskit catalog`."""

from __future__ import annotations

import dataclasses
import inspect
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chaoskit.cli.common import experiments_option, write_private
from chaoskit.contract import FAULTS, LAYERS, PROBES, Fault
from chaoskit.errors import ChaoskitError
from chaoskit.knowledge import catalog
from chaoskit.report.navigator import layer as navigator_layer
from chaoskit.spec.ids import any_of
from chaoskit.spec.values import one_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chaoskit.contract import Element
    from chaoskit.knowledge import Kind


@click.command("catalog")
@click.argument("name", required=False)
@click.option("--layer", type=click.Choice(LAYERS), help="Only faults of this layer.")
@click.option("--attack", metavar="ID", help="Only faults of this ATT&CK technique or its parts, e.g. T1098.")
@click.option(
    "--atlas", metavar="ID", help="Only faults of this ATLAS technique or its parts, e.g. AML.T0040."
)
@click.option("--owasp-ml", metavar="ID", help="Only faults of this OWASP ML risk, e.g. ML05.")
@click.option(
    "--attack-navigator",
    "navigator",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the faults' techniques as an ATT&CK Navigator layer.",
)
@click.option(
    "--markdown",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the whole catalog as a Markdown page: faults, experiments, probes, runbooks.",
)
@click.option(
    "--sigma",
    "rules",
    metavar="DIR",
    type=click.Path(exists=True, path_type=Path),
    help="Run the experiments embedded, and show which Sigma rules of DIR see which fault.",
)
@experiments_option("With --sigma and --markdown: the experiments that use the faults.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(  # noqa: PLR0913 - an option each
    *,
    name: str | None,
    layer: str | None,
    attack: str | None,
    atlas: str | None,
    owasp_ml: str | None,
    navigator: Path | None,
    markdown: Path | None,
    rules: Path | None,
    experiments: Path,
    as_json: bool,
) -> None:
    """List the faults and probes, or explain one."""
    if rules:
        from chaoskit.cli.coverage import coverage, told  # noqa: PLC0415 - it runs experiments; lists don't

        seen = coverage(rules, experiments)
        click.echo(
            json.dumps([dataclasses.asdict(each) for each in seen], indent=2) if as_json else told(seen)
        )
        return
    if markdown:
        _write_page(markdown, experiments)
        return
    wanted = _known({"attack": attack, "atlas": atlas, "owasp_ml": owasp_ml})
    faults = [fault for fault in FAULTS if layer in (None, fault.about.layer) and _is_of(fault, wanted)]
    probes = [] if layer or wanted else list(PROBES)
    if navigator:
        write_private(navigator, navigator_layer(faults))
        click.echo(f"{len(faults)} faults written to {navigator}; open it in the ATT&CK Navigator.")
        return
    if name:
        element = FAULTS.get(name) or PROBES.get(name)
        if element is None:
            raise ChaoskitError(f"There is no {name!r}{one_of(name, FAULTS.names() + PROBES.names())}")
        click.echo(json.dumps(_dump(element), indent=2) if as_json else _explained(element))
    elif as_json:
        click.echo(json.dumps([_dump(element) for element in [*faults, *probes]], indent=2))
    elif not faults:
        asked = [*([f"the layer {layer}"] if layer else []), *wanted.values()]
        click.echo(f"No fault of {' and '.join(asked)}.")
    else:
        _list(faults, probes)


def _list(faults: Sequence[type[Element]], probes: Sequence[type[Element]]) -> None:
    for heading, elements in (("Faults", faults), ("Probes", probes)):
        if elements:
            click.secho(heading, bold=True)
        for element in elements:
            click.echo(f"  {element.about.name:<34} {element.summary()}")


def _known(wanted: Mapping[Kind, str | None]) -> dict[Kind, str]:
    """The ids asked for, as their catalogs have them now.

    Raises:
        ChaoskitError: A catalog has no such id.
    """
    found: dict[Kind, str] = {}
    for kind, text in wanted.items():
        if text is None:
            continue
        entry = catalog(kind).find(text)
        if entry is None:
            raise ChaoskitError(f"{catalog(kind).name} has no {text!r}{one_of(text, catalog(kind).ids())}")
        found[kind] = entry.id
    return found


def _is_of(fault: type[Fault], wanted: Mapping[Kind, str]) -> bool:
    return all(any_of(kind, getattr(fault.about, kind), each) for kind, each in wanted.items())


def _write_page(file: Path, experiments: Path) -> None:
    from chaoskit.embedded import shipped_runbooks  # noqa: PLC0415 - only the page needs these
    from chaoskit.report.catalog_page import page  # noqa: PLC0415 - as above
    from chaoskit.spec import load  # noqa: PLC0415 - as above
    from chaoskit.spec.runbooks import runbooks  # noqa: PLC0415 - as above

    try:
        file.write_text(page(load([experiments]), runbooks(shipped_runbooks())), "utf-8")
    except OSError as error:
        raise ChaoskitError(f"{file} can't be written: {error.strerror}.") from error


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
