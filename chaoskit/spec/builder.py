"""From a located document to an Experiment."""

from __future__ import annotations

import functools
import re
import typing
from typing import TYPE_CHECKING, Any, Final

from chaoskit.contract import FAULTS, LAYERS, PROBES, Layer
from chaoskit.experiment import RESPONDER_PROBES, RUNBOOK_PROBE, BlastRadius, Expectation, Experiment, Role
from chaoskit.knowledge import KINDS, catalog
from chaoskit.slo import Duration
from chaoskit.spec.document import Mapping, read
from chaoskit.spec.elements import element
from chaoskit.spec.kinds import EXPERIMENT, is_other
from chaoskit.spec.schedule import schedule
from chaoskit.spec.values import BAD, Bad, Reader, one_of, shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping as MappingType
    from pathlib import Path

    from chaoskit.contract import Probe
    from chaoskit.errors import Problem
    from chaoskit.knowledge import Kind
    from chaoskit.spec.document import Node

_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# AWS Systems Manager API Reference, CreateDocument, Name.
_DOCUMENT: Final = re.compile(r"[a-zA-Z0-9_.-]{3,128}")
# The API References of AWS Step Functions (CreateStateMachine) and AWS Lambda (CreateFunction).
_RESPONDER: Final = re.compile(r"[a-zA-Z0-9_-]{1,80}")
REQUIRED: Final = ("id", "title", "owner", "layer", "hypothesis", "blast_radius", "faults", "expect")
OPTIONAL: Final = ("maps", "steady_state", "stop_conditions", "schedule")
_TEXTS: Final = ("id", "title", "owner", "hypothesis")


def built(path: Path, variables: MappingType[str, str], problems: list[Problem]) -> Experiment | None:
    """The experiment of a file, or None once everything that is wrong with it is among the problems."""
    root = read(path, problems)
    return Builder(path, Reader(str(path), variables, problems)).build(root) if root is not None else None


def check_id(read: Reader, path: Path, node: Node | None, value: object) -> None:
    """Note an id that is none, or not the file's name."""
    if node is None or not isinstance(value, str):
        return
    if not _ID.fullmatch(value):
        read.say(node, f"id {shown(value)} must be lower-case words joined by hyphens")
    elif value != path.stem:
        read.say(node, f"id {shown(value)} must be the file's name, {path.stem}")


class Builder:
    """Builds one file's experiment, noting everything that is wrong with it."""

    def __init__(self, path: Path, reader: Reader) -> None:
        """Read through `reader`; `path` is where the file lies."""
        self._path = path
        self._read = reader

    def build(self, root: Node) -> Experiment | None:
        """The experiment, or None when anything was wrong."""
        if is_other(self._read, root, EXPERIMENT):
            return None
        keys = self._read.mapping(root, "an experiment", (*REQUIRED, *OPTIONAL), REQUIRED)
        if isinstance(keys, Bad):
            return None
        fields: dict[str, Any] = {
            name: self._read.value(node, str, name) for name, node in keys.items() if name in _TEXTS
        }
        readers: dict[str, Callable[[Node], Any]] = {
            "layer": self._layer,
            "maps": self._maps,
            "blast_radius": self._blast_radius,
            "steady_state": functools.partial(self._probes, what="steady_state"),
            "stop_conditions": functools.partial(self._probes, what="stop_conditions"),
            "faults": self._faults,
            "expect": self._expectations,
            "schedule": functools.partial(schedule, self._read),
        }
        fields |= {name: read(keys[name]) for name, read in readers.items() if name in keys}
        check_id(self._read, self._path, keys.get("id"), fields.get("id"))
        self._check_slos(keys.get("expect"), fields)
        if any(isinstance(value, Bad) for value in fields.values()) or set(REQUIRED) - set(fields):
            return None
        return Experiment(path=self._path, **fields)

    def _layer(self, node: Node) -> Any:
        layer = self._read.value(node, Layer, "layer")
        folder = self._path.parent.name
        if folder in LAYERS and layer in LAYERS and folder != layer:
            return self._read.say(node, f"layer is {layer}, but the file lies in {folder}/")
        return layer

    def _maps(self, node: Node) -> Any:
        keys = self._read.mapping(node, "maps", KINDS)
        if isinstance(keys, Bad):
            return BAD
        lists = {
            name: self._read.sequence(
                value, f"maps.{name}", functools.partial(self._known_id, kind=typing.cast("Kind", name))
            )
            for name, value in keys.items()
        }
        return BAD if any(isinstance(value, Bad) for value in lists.values()) else lists

    def _known_id(self, node: Node, *, kind: Kind) -> Any:
        """A technique's, risk's or control's id, as the newest version of its catalog has it."""
        text = self._read.value(node, str, f"an item of maps.{kind}")
        if isinstance(text, Bad):
            return BAD
        known = catalog(kind)
        entry = known.find(text)
        if entry is None:
            return self._read.say(node, f"{known.name} has no {shown(text)}{one_of(text, known.ids())}")
        return entry.id

    def _blast_radius(self, node: Node) -> Any:
        hints = _radius()
        keys = self._read.mapping(node, "blast_radius", hints, hints)
        if isinstance(keys, Bad):
            return BAD
        values = {
            name: self._lasting(value, f"blast_radius.{name}")
            if hints[name] is Duration
            else self._read.value(value, hints[name], f"blast_radius.{name}")
            for name, value in keys.items()
        }
        for name in ("accounts", "regions"):
            if values.get(name) == ():
                values[name] = self._read.say(keys[name], f"blast_radius.{name} must name at least one")
        if isinstance(values.get("max_changes"), int) and values["max_changes"] < 1:
            values["max_changes"] = self._read.say(
                keys["max_changes"], "blast_radius.max_changes must be at least 1"
            )
        if any(isinstance(value, Bad) for value in values.values()) or set(hints) - set(values):
            return BAD
        return BlastRadius(**values)

    def _faults(self, node: Node) -> Any:
        faults = self._read.sequence(node, "faults", lambda item: element(self._read, item, FAULTS, "fault"))
        return faults or self._read.say(node, "faults must name at least one")

    def _probes(self, node: Node, *, what: str) -> Any:
        return self._read.sequence(node, what, lambda item: element(self._read, item, PROBES, "probe"))

    def _expectations(self, node: Node) -> Any:
        expectations = self._read.sequence(node, "expect", self._expectation)
        return expectations or self._read.say(node, "expect must name at least one expectation")

    def _expectation(self, node: Node) -> Any:
        roles = [role.value for role in Role]
        keys = self._read.mapping(node, "an expectation", (*roles, "within", "runbook"))
        if isinstance(keys, Bad):
            return BAD
        given = [name for name in roles if name in keys]
        if len(given) != 1:
            return self._read.say(node, f"an expectation needs one of {', '.join(roles)}")
        role = Role(given[0])
        probe: Probe | Bad = element(self._read, keys[role], PROBES, "probe")
        within = self._lasting(keys["within"], "within") if "within" in keys else None
        runbook = self._runbook(keys["runbook"], role) if "runbook" in keys else None
        if within is None and role is not Role.GUARDRAIL:
            return self._read.say(node, f"a {role} needs its SLO: add for example `within: 60s`")
        if isinstance(probe, Bad) or isinstance(within, Bad) or isinstance(runbook, Bad):
            return BAD
        named, repaired_by = runbook or (None, None)
        return Expectation(role, probe, within, named, repaired_by)

    def _lasting(self, node: Node, what: str) -> Any:
        """A duration in which something can happen."""
        value = self._read.value(node, Duration, what)
        return value or self._read.say(node, f"{what} must be more than zero: nothing is seen in no time")

    def _runbook(self, node: Node, role: Role) -> Any:
        """What must have repaired it: what the report calls it, and the probe that sees it at work."""
        if isinstance(node, Mapping):
            return self._responder(node, role)
        name = self._read.value(node, str, "runbook")
        if isinstance(name, Bad):
            return BAD
        if role is not Role.RESPONSE:
            return self._wrong_role(node, role)
        if not _DOCUMENT.fullmatch(name):
            return self._read.say(node, f"{shown(name)} can't be an SSM document's name")
        folder = next(
            (p / "runbooks" for p in self._path.absolute().parents if (p / "runbooks").is_dir()), None
        )
        if folder and not (folder / f"{name}.yaml").is_file():
            names = [file.stem for file in folder.glob("*.yaml")]
            return self._read.say(node, f"there is no {folder.name}/{name}.yaml{one_of(name, names)}")
        return name, _probe(RUNBOOK_PROBE, document=name)

    def _responder(self, node: Node, role: Role) -> Any:
        keys = self._read.mapping(node, "runbook", RESPONDER_PROBES)
        if isinstance(keys, Bad) or role is not Role.RESPONSE:
            return BAD if isinstance(keys, Bad) else self._wrong_role(node, role)
        if len(keys) != 1:
            return self._read.say(
                node, f"a runbook is a document's name or one of {', '.join(RESPONDER_PROBES)}"
            )
        ((kind, value),) = keys.items()
        name = self._read.value(value, str, f"runbook.{kind}")
        if isinstance(name, Bad):
            return BAD
        if not _RESPONDER.fullmatch(name):
            return self._read.say(value, f"{shown(name)} can't be a {kind.replace('_', ' ')}'s name")
        return f"{kind}: {name}", _probe(RESPONDER_PROBES[kind], **{kind: name})

    def _wrong_role(self, node: Node, role: Role) -> Bad:
        return self._read.say(node, f"runbook belongs to a response, not to a {role}")

    def _check_slos(self, node: Node | None, fields: dict[str, Any]) -> None:
        radius, expectations = fields.get("blast_radius"), fields.get("expect")
        if node is None or not isinstance(radius, BlastRadius) or not isinstance(expectations, tuple):
            return
        for expectation in expectations:
            if expectation.within is not None and expectation.within > radius.max_duration:
                self._read.say(
                    node,
                    f"{expectation.role} within {expectation.within} is longer than "
                    f"blast_radius.max_duration {radius.max_duration}",
                )


@functools.cache
def _radius() -> dict[str, Any]:
    return typing.get_type_hints(BlastRadius)


def _probe(name: str, **parameters: str) -> Probe:
    probe = PROBES.get(name)
    if probe is None:
        raise LookupError(f"the probe {name} is missing from this installation")
    return typing.cast("Any", probe)(**parameters)  # type: ignore[no-any-return]
