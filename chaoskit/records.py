"""A frozen record, as a dataclass is one, whose methods are not compiled anew for each class.

Every command brings in a hundred and more kinds of faults and probes; generating six methods for each took a
third of the time that a command needs to begin.
"""

from __future__ import annotations

import functools
from dataclasses import MISSING, FrozenInstanceError, dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast, dataclass_transform

if TYPE_CHECKING:
    from collections.abc import Mapping


class Record:
    """What `dataclass(frozen=True, kw_only=True)` would make of a class that `record` marks."""

    def __init__(self, **values: Any) -> None:
        """Take the fields by their names.

        Raises:
            TypeError: One is unknown or missing.
        """
        defaults = _defaults(cast("Any", type(self)))
        if unknown := sorted(values.keys() - defaults.keys()):
            raise TypeError(f"{type(self).__name__} has no {', '.join(unknown)}")
        vars(self).update({name: values.get(name, default) for name, default in defaults.items()})
        if missing := [name for name, value in vars(self).items() if value is MISSING]:
            raise TypeError(f"{type(self).__name__} lacks {', '.join(missing)}")
        check = getattr(self, "__post_init__", None)
        if check is not None:
            check()

    def __setattr__(self, name: str, value: object) -> None:
        if is_dataclass(self):
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        if is_dataclass(self):
            raise FrozenInstanceError(f"cannot delete field {name!r}")
        super().__delattr__(name)

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(vars(self).values()))

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__qualname__}({values})"


R = TypeVar("R", bound=Record)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def record(cls: type[R]) -> type[R]:
    """Mark a class as a record: its annotations are its fields, for `dataclasses.fields` too."""
    return dataclass(init=False, repr=False, eq=False, kw_only=True)(cls)


@functools.cache
def _defaults(kind: Any) -> Mapping[str, Any]:
    """The fields in order, with their defaults; a class that nobody marked has none."""
    return {each.name: each.default for each in fields(kind)} if is_dataclass(kind) else {}
