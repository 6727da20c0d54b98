"""Elements by name, found by importing the modules that define them."""

from __future__ import annotations

import importlib
import pkgutil
import re
import traceback
import typing
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from chaoskit.errors import ChaoskitError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.metadata import EntryPoint

T = TypeVar("T", bound=Any)
_NO_NAME: Final = re.compile(r"[^a-z0-9]+")
_HERE: Final = Path(__file__).parent


class PluginError(ChaoskitError):
    """A package that brings faults or probes can't be loaded; the message says which, and why."""


class Registry(Generic[T]):
    """What a package's modules register, and what others name as its entry points: packages, or modules.

    `service.what-it-does` is looked for in `service_what_it_does.py` first: a run imports what it needs.
    """

    def __init__(self, package: str) -> None:
        """Import nothing yet; `package` is its name and the entry-point group's."""
        self._package = package
        self._known: dict[str, T] = {}
        self._scanned = False
        self._failure: PluginError | None = None

    def add(self, element: T) -> None:
        """Take in an element; a name can be taken once."""
        name = element.about.name
        if name in self._known:
            places = f"{_defined(self._known[name])} and {_defined(element)}"
            raise ValueError(f"{name} is defined twice: by {places}")
        self._known[name] = element

    def get(self, name: str) -> T | None:
        """The element of that name.

        Raises:
            PluginError: It is none of chaoskit's own, and a plug-in can't be loaded.
        """
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
        if self._failure:  # its modules are half imported by now, and would fail for other reasons
            raise self._failure
        if not self._scanned:
            from importlib.metadata import entry_points  # noqa: PLC0415 - it takes longer than the rest of a name

            _import_with_modules(self._package)
            for point in entry_points(group=self._package):
                self._plug_in(point)
            self._scanned = True
        return self._known

    def _plug_in(self, point: EntryPoint) -> None:
        before = set(self._known)
        try:
            _import_with_modules(point.value)
            for name in self._known.keys() - before:
                _check_annotations(self._known[name])
        except Exception as error:  # a plug-in is foreign code: whatever it raises, the message names it
            said = error.msg if isinstance(error, SyntaxError) else error
            what = " ".join(f"{_place(error)}{type(error).__name__}: {said}".split())
            self._failure = PluginError(f"the plug-in {point.name} ({point.value}) can't be loaded: {what}")
            raise self._failure from error


def _import_with_modules(name: str) -> None:
    """Import a module; of a package, its modules too."""
    package = importlib.import_module(name)
    for module in pkgutil.iter_modules(getattr(package, "__path__", ()), f"{name}."):
        importlib.import_module(module.name)


def _check_annotations(element: Any) -> None:
    """Better now than when an experiment gives a parameter: now it is known whose they are."""
    try:
        typing.get_type_hints(element)
    except (AttributeError, NameError, SyntaxError, TypeError) as error:
        raise TypeError(f"{_defined(element)} has an annotation that means nothing: {error}") from error


def _place(error: Exception) -> str:
    """The line that is wrong, as far as it is one of the plug-in's."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}: "
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.startswith("<frozen importlib") or frame.filename == importlib.__file__:
            continue
        if not Path(frame.filename).is_relative_to(_HERE):
            return f"{frame.filename}:{frame.lineno}: "
    return ""


def _defined(element: Any) -> str:
    return f"{element.__module__}.{element.__qualname__}"
