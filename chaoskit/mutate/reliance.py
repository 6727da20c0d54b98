"""Tells which experiments could notice that a control is gone, so that only those are run again."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from chaoskit.experiment import Role
from chaoskit.permissions.actions import prefix
from chaoskit.result import Foreseen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chaoskit.mutate.control import Control
    from chaoskit.predict import Foresight
    from chaoskit.result import ChangeResult, Prediction, Result

_UNNAMED: Final = (None, "unknown")
_ANY: Final = frozenset({"scp", "rcp", "boundary", "resource", "kms", "bpa", "endpoint"})
"""Who may have denied a call when AWS does not say."""
# AWS's messages call a key policy a resource-based policy.
_SAME: Final = {"kms": "resource"}


@dataclass(frozen=True, slots=True)
class Reliance:
    """What one experiment stood on when nothing was taken away.

    Attributes:
        names: What its expectations and their evidence name.
        layers: The layers that denied its calls and whose statement is not known for certain, each with the
            IAM prefix of the call.
        statements: `policy/Sid` of the statements that did for certain.
        anybody: It waits for a repair, whoever makes it.
        touched: What its faults and its steady state are about.
    """

    names: frozenset[str]
    layers: frozenset[tuple[str, str]]
    statements: frozenset[str]
    anybody: bool
    touched: frozenset[str] = frozenset()

    def on(self, control: Control, others: Sequence[Control]) -> bool:
        """Whether the experiment could notice that this control is gone."""
        if control.layer is not None:
            named = control.words & self.statements or control.protects & self.touched
            return bool(named) or any(
                layer == control.layer and (control.services is None or service in control.services)
                for layer, service in self.layers
            )
        return self.anybody or any(self._hears_of(each) for each in _behind(control, others))

    def _hears_of(self, control: Control) -> bool:
        """Whether it names the control, or waits where the control's own program speaks.

        A rule's message names the rule; what a function puts into a queue need not name the function.
        """
        speaks = control.feeds if control.kind == "responder" else frozenset[str]()
        return bool((control.words | speaks) & self.names)


def reliance(result: Result, foresight: Foresight | None) -> Reliance:
    """Read from an experiment's result what it relied on."""
    names = set(_texts([item.evidence for item in result.expectations]))
    anybody = False
    for item in result.experiment.expect:
        for probe in filter(None, (item.probe, item.repaired_by)):
            names |= {probe.about.name, *_texts(dataclasses.asdict(cast("Any", probe)))}
        anybody |= item.role is Role.RESPONSE and item.repaired_by is None
    layers, statements = set[tuple[str, str]](), set[str]()
    for change, foreseen in _denied(result, foresight):
        by = change.denied_by if change.denied_by not in _UNNAMED else None
        if foreseen is not None and foreseen.layer and _same(foreseen.layer) == by:
            statements.add(f"{foreseen.policy.rpartition('/')[2]}/{foreseen.sid}")
        else:
            layers |= {(layer, prefix(change.service)) for layer in _possible(by, change.operation)}
    about = (*result.experiment.faults, *result.experiment.steady_state)
    touched = _texts([dataclasses.asdict(cast("Any", each)) for each in about])
    return Reliance(frozenset(names), frozenset(layers), frozenset(statements), anybody, frozenset(touched))


def _denied(result: Result, foresight: Foresight | None) -> Iterator[tuple[ChangeResult, Prediction | None]]:
    """Each change that was denied, and the prediction if it is certain which statement it was."""
    for number, fault in enumerate(result.faults):
        for index, change in enumerate(fault.changes):
            if change.outcome != "denied":
                continue
            seen: Prediction | None = None
            if foresight is not None and number < len(foresight.faults):
                changes = foresight.faults[number].changes
                seen = changes[index].prediction if index < len(changes) else None
            sure = seen and seen.effect is Foreseen.STOPPED and seen.certain and seen.policy and seen.sid
            yield change, seen if sure else None


def _possible(by: str | None, operation: str) -> set[str]:
    """The kinds of policy that may have denied a call, where AWS names this layer or none."""
    found = set(_ANY) if by is None else {by}
    found |= {"kms"} if by == "resource" else set()
    return found | ({"trust"} if operation.startswith("AssumeRole") else set())


def _same(layer: str) -> str:
    return _SAME.get(layer, layer)


def _behind(control: Control, others: Sequence[Control]) -> list[Control]:
    """The control and all that works only through it."""
    found = [control]
    for each in found:
        found += [other for other in others if other not in found and each.is_before(other)]
    return found


def _texts(value: Any) -> Iterable[str]:
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from _texts(inner)
        case list() | tuple() | set() | frozenset():
            for inner in value:
                yield from _texts(inner)
