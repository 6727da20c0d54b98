"""The coverage matrix: of each layer's expectations to prevent, detect and respond, how many were met."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from chaoskit.contract import LAYERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROLES: Final = {"guardrail": "prevent", "detection": "detect", "response": "respond"}
"""The columns: an expectation's role, and what it is for."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The expectations of one layer and role.

    Attributes:
        layer: identity, network, data or application.
        role: guardrail, detection or response.
        met: How many were met, in a run that ended PASSED or FAILED.
        total: How many there are; 0 is a gap.
    """

    layer: str
    role: str
    met: int
    total: int


def matrix(results: Sequence[Mapping[str, Any]]) -> tuple[Cell, ...]:
    """A cell for each layer and role, row by row."""
    return tuple(_cell(results, layer, role) for layer in LAYERS for role in ROLES)


def _cell(results: Sequence[Mapping[str, Any]], layer: str, role: str) -> Cell:
    own = [
        (result["verdict"], expectation["met"])
        for result in results
        if result["layer"] == layer
        for expectation in result["expectations"]
        if expectation["role"] == role
    ]
    # What was met in a run that ABORTED or ERRED is no evidence of the control.
    met = sum(verdict in {"PASSED", "FAILED"} and was_met is True for verdict, was_met in own)
    return Cell(layer, role, met, len(own))
