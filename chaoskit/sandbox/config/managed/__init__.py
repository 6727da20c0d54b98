"""AWS Config's managed rules, found by scanning: what each looks at, when, and what it calls wrong.

Source: AWS Config Developer Guide, List of AWS Config Managed Rules; the page of each rule is its `page`.
A rule is a function of one resource: it answers what is wrong, an empty text when nothing is, or None when
the rule does not apply to the resource.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaoskit.sandbox.config.resources import Resource

Parameters: TypeAlias = Mapping[str, str]
Check: TypeAlias = "Callable[[Resource, Parameters], str | None]"

_GUIDE = "https://docs.aws.amazon.com/config/latest/developerguide/"
_RULES: dict[str, Managed] = {}


@dataclass(frozen=True, slots=True)
class Managed:
    """A managed rule.

    Attributes:
        identifier: What `Source.SourceIdentifier` calls it.
        resource_type: What it looks at, one by one.
        watches: The services (botocore's names) whose changes can change its answer.
        on_change: Evaluated when a recorded resource changes.
        periodic: Evaluated at its frequency.
        parameters: The parameters that it takes.
        page: Its page in the Developer Guide.
        check: What is wrong with a resource.
    """

    identifier: str
    resource_type: str
    watches: frozenset[str]
    on_change: bool
    periodic: bool
    parameters: frozenset[str]
    page: str
    check: Check


def managed(
    identifier: str,
    of: str,
    *watches: str,
    on_change: bool = False,
    periodic: bool = False,
    parameters: str = "",
    page: str = "",
) -> Callable[[Check], Check]:
    """Take in a rule.

    Args:
        identifier: The managed rule's identifier.
        of: The resource type.
        watches: Services whose changes matter.
        on_change: See `Managed`.
        periodic: See `Managed`.
        parameters: Their names, separated by blanks.
        page: The page's name where it is not the identifier's.
    """

    def register(check: Check) -> Check:
        name = page or identifier.lower().replace("_", "-")
        _RULES[identifier] = Managed(
            identifier,
            of,
            frozenset(watches),
            on_change,
            periodic,
            frozenset(parameters.split()),
            f"{_GUIDE}{name}.html",
            check,
        )
        return check

    return register


@cache
def rules() -> Mapping[str, Managed]:
    """Every managed rule there is here, by identifier."""
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        importlib.import_module(module.name)
    return dict(sorted(_RULES.items()))
