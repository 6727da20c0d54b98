"""Faults and probes from Python values, read as strictly as from a file."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from chaoskit.contract import FAULTS, PROBES, Template
from chaoskit.errors import SpecError
from chaoskit.spec.document import Mapping, Scalar, Sequence
from chaoskit.spec.elements import element
from chaoskit.spec.values import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping as MappingType

    from chaoskit.contract import Element, Fault, Probe
    from chaoskit.errors import Problem
    from chaoskit.registry import Registry
    from chaoskit.spec.document import Node

E = TypeVar("E", bound="Element")
_OF_THE_TARGET: Final = re.compile(r"\$\{(sandbox|workload)\.")


def fault(name: str, parameters: MappingType[str, Any], variables: MappingType[str, str]) -> Fault:
    """The fault of that name, with these parameters.

    Args:
        name: As in `chaoskit catalog`.
        parameters: By name; texts may hold `${...}`, durations are written like `"60s"`.
        variables: What `${...}` stand for.

    Raises:
        SpecError: There is no such fault, or something is wrong with a parameter.
    """
    made: Fault = _made(FAULTS, "fault", name, parameters, variables)
    return made


def probe(name: str, parameters: MappingType[str, Any], variables: MappingType[str, str]) -> Probe:
    """The probe of that name, with these parameters; see `fault`.

    Raises:
        SpecError: There is no such probe, or something is wrong with a parameter.
    """
    made: Probe = _made(PROBES, "probe", name, parameters, variables)
    return made


def filled(made: E, variables: MappingType[str, str]) -> E:
    """A fault or probe that was made of its class, with `${...}` in its texts filled in as by its name.

    What stands for nothing of the target is left: another `${` may be there on purpose.

    Raises:
        SpecError: A text names what the target does not have.
    """
    problems: list[Problem] = []
    reader = Reader(f"<{made.about.name}>", variables, problems)

    def fill(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(fill, value))
        if not isinstance(value, str) or not _OF_THE_TARGET.search(value):
            return value
        text = reader.value(Scalar(value, False, 1, 1), Template, "a text")
        return type(value)(text) if isinstance(text, str) else value

    values = {name: fill(value) for name, value in vars(made).items()}
    if problems:
        raise SpecError(problems)
    return made if values == vars(made) else cast("E", dataclasses.replace(cast("Any", made), **values))


def _made(
    registry: Registry[Any],
    what: str,
    name: str,
    parameters: MappingType[str, Any],
    variables: MappingType[str, str],
) -> Any:
    problems: list[Problem] = []
    made = element(Reader(f"<{what} {name}>", variables, problems), _node({name: parameters}), registry, what)
    if problems:
        raise SpecError(problems)
    return made


def _node(value: Any) -> Node:
    """A value as a file would hold it; texts are quoted, so that they stay texts."""
    if isinstance(value, dict):
        return Mapping(tuple((Scalar(str(k), True, 1, 1), _node(v)) for k, v in value.items()), 1, 1)
    if isinstance(value, list | tuple):
        return Sequence(tuple(map(_node, value)), 1, 1)
    if isinstance(value, bool):
        return Scalar(str(value).lower(), True, 1, 1)
    return Scalar(str(value), not isinstance(value, str), 1, 1)
