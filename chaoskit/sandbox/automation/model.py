"""The parts of a checked runbook."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.automation.values import Type

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

    from chaoskit.sandbox.automation.selector import Selector
    from chaoskit.sandbox.automation.source import Path


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter's declaration. `required` is true when it has no default."""

    name: str
    type: Type
    default: Any = None
    required: bool = True
    allowed_values: tuple[Any, ...] = ()
    allowed_pattern: re.Pattern[str] | None = None
    limits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Output:
    """A value that a step takes from its response."""

    name: str
    selector: Selector
    type: Type = Type.STRING


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        on_failure: `Abort`, `Continue` or `step:NAME`.
        on_cancel: `Abort` or `step:NAME`.
        is_critical: Whether its failure fails the execution.
        timeout_seconds: None when the step sets no limit of its own.
        steps: The steps of a loop.
        path: Where the step stands in the document.
    """

    name: str
    action: str
    inputs: Mapping[str, Any]
    outputs: tuple[Output, ...] = ()
    on_failure: str = "Abort"
    on_cancel: str = "Abort"
    is_end: bool = False
    is_critical: bool = True
    next_step: str | None = None
    max_attempts: int = 1
    timeout_seconds: int | None = None
    steps: tuple[Step, ...] = ()
    path: Path = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A checked runbook."""

    steps: tuple[Step, ...]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    description: str = ""
    assume_role: str = ""
    outputs: tuple[str, ...] = ()
