"""The resource types that the sandbox's CloudFormation knows: each module here defines some."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from inspect import isabstract
from typing import TYPE_CHECKING

from chaoskit.sandbox.cfn.types.base import ResourceType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def _all() -> Iterator[ResourceType]:
    for found in pkgutil.iter_modules(__path__, f"{__name__}."):
        module = import_module(found.name)
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, ResourceType) and not isabstract(value):
                yield value()


TYPES: Mapping[str, ResourceType] = {kind.name: kind for kind in _all()}
