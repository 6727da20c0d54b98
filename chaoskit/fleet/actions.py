"""What the roles in member accounts must be allowed: which actions each fault and probe needs.

`actions.json` holds it for the whole catalog, so that a template is made without any account. It is derived
from the calls that the shipped experiments make, by the derivation that limits each run
(`chaoskit.predict.harness`): `make fleet-actions` does so on an embedded sandbox.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from chaoskit.contract import FAULTS
from chaoskit.errors import ChaoskitError
from chaoskit.predict.harness import probes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chaoskit.experiment import Experiment


@dataclass(slots=True)
class Allowed:
    """What each role is to be allowed, as `service:Action`, or with a condition `service:Action key=value`.

    Attributes:
        inject: What injects, puts back and reads what is changed.
        undo: What puts back and reads what was changed.
        read: What guards and probes read.
        faults: The faults that are meant.
    """

    inject: set[str] = field(default_factory=set)
    undo: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    faults: set[str] = field(default_factory=set)


def allowed(experiments: Iterable[Experiment] | None = None) -> Allowed:
    """What the roles need for these experiments, or for the whole catalog.

    The inject role may also put back: where the undo role is kept out, a rollback goes on as it.

    Raises:
        ChaoskitError: A fault or probe is none of the catalog's, so what it needs is not known.
    """
    known = _known()
    if experiments is None:
        faults, looks = set(FAULTS.names()) & known["faults"].keys(), known["probes"].keys()
    else:
        chosen = list(experiments)
        faults = {each.about.name for one in chosen for each in one.faults}
        looks = {each.about.name for one in chosen for each in probes(one)}
    if strange := sorted((faults - known["faults"].keys()) | (looks - known["probes"].keys())):
        raise ChaoskitError(
            f"What {', '.join(strange)} needs is not known: it is none of the catalog's. `chaoskit policy "
            "harness` derives it from your experiments; give it to the roles by a policy of your own."
        )
    out = Allowed(read=set(known["engine"]), faults=faults)
    for name in faults:
        needed = known["faults"][name]
        undo = {*needed.get("undo", ()), *needed.get("read", ())}
        out.inject |= {*needed.get("inject", ()), *undo}
        out.undo |= undo
    for name in looks:
        out.read |= set(known["probes"][name])
    return out


def _known() -> dict[str, Any]:
    text = files("chaoskit.fleet").joinpath("actions.json").read_text("utf-8")
    known: dict[str, Any] = json.loads(text)
    return known
