"""An ATT&CK Navigator layer: which techniques the faults stand for, and what came of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from chaoskit.knowledge import catalog

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chaoskit.contract import Fault

# "ATT&CK Navigator Layer File Format Definition", version 4.5.
_VERSIONS: Final = {"layer": "4.5", "navigator": "5.1.0"}
_UNTESTED: Final = "#9aa7b1"
_COLORS: Final = {"PASSED": "#4caf7d", "FAILED": "#d9534f"}
_UNCLEAR: Final = "#e0b04a"


def layer(faults: Iterable[type[Fault]], verdicts: Mapping[str, Iterable[str]] | None = None) -> str:
    """The layer as JSON.

    Args:
        faults: Whose techniques to show.
        verdicts: The verdicts of the runs of each fault, by its name; without it, what is there to be tried.
    """
    by_technique: dict[str, list[str]] = {}
    for each in faults:
        for technique in each.about.attack:
            entry = catalog("attack").find(technique)
            by_technique.setdefault(entry.id if entry else technique, []).append(each.about.name)
    document = {
        "name": "chaoskit",
        "versions": {"attack": catalog("attack").version, **_VERSIONS},
        "domain": "enterprise-attack",
        "description": "The techniques that chaoskit's faults stand for"
        + (", and what came of their experiments" if verdicts is not None else ""),
        "techniques": [
            _technique(technique, names, verdicts) for technique, names in sorted(by_technique.items())
        ],
        "legendItems": [
            {"label": "every experiment PASSED", "color": _COLORS["PASSED"]},
            {"label": "an experiment FAILED", "color": _COLORS["FAILED"]},
            {"label": "cannot tell", "color": _UNCLEAR},
            {"label": "not run", "color": _UNTESTED},
        ],
        "showTacticRowBackground": False,
        "selectSubtechniquesWithParent": False,
    }
    return json.dumps(document, indent=2) + "\n"


def _technique(
    technique: str, names: list[str], verdicts: Mapping[str, Iterable[str]] | None
) -> dict[str, Any]:
    seen = {verdict for name in names for verdict in (verdicts or {}).get(name, ())}
    return {
        "techniqueID": technique,
        "score": len(names),
        "color": _color(seen),
        "comment": ", ".join(sorted(names)),
        "showSubtechniques": "." in technique,
        "metadata": [{"name": "verdicts", "value": ", ".join(sorted(seen)) or "not run"}],
    }


def _color(seen: set[str]) -> str:
    if not seen:
        return _UNTESTED
    if "FAILED" in seen:
        return _COLORS["FAILED"]
    return _COLORS["PASSED"] if seen == {"PASSED"} else _UNCLEAR
