"""Elements by name, found by importing the modules that define them."""

from __future__ import annotations

import importlib
import pkgutil
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

T = TypeVar("T", bound=Any)
_NO_NAME: Final = re.compile(r"[^a-z0-9]+")


class Registry(Generic[T]):
    """What a package's modules register, and those of the packages that others name as its entry points.

    `service.what-it-does` is looked for in `service_what_it_does.py` first: a run imports what it needs.
    """

    def __init__(self, package: str) -> None:
        """Import nothing yet; `package` is its name and the entry-point group's."""
        self._package = package
        self._known: dict[str, T] = {}
        self._scanned = False

    def add(self, element: T) -> None:
        """Take in an element; a name can be taken once."""
        name = element.about.name
        if name in self._known:
            raise ValueError(f"{name} is defined twice: {self._known[name]} and {element}")
        self._known[name] = element

    def get(self, name: str) -> T | None:
        """The element of that name."""
        if name not in self._known and not self._scanned:
            with suppress(ModuleNotFoundError):  # then it is in another's package, or nowhere
                importlib.import_module(f"{self._package}.{_NO_NAME.sub('_', name)}")
        return self._known.get(name) or self._all().get(name)

    def __iter__(self) -> Iterator[T]:
        return iter(element for _, element in sorted(self._all().items()))

    def names(self) -> list[str]:
        """Every name, sorted."""
        return sorted(self._all())

    def _all(self) -> Mapping[str, T]:
        if not self._scanned:
            from importlib.metadata import entry_points  # noqa: PLC0415 - it takes longer than the rest of a name

            packages = [self._package, *(point.value for point in entry_points(group=self._package))]
            for package in map(importlib.import_module, packages):
                for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
                    importlib.import_module(module.name)
            self._scanned = True
        return self._known
