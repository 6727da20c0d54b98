"""What Python objects hold, noted so that it can be put back: the objects stay, their content returns.

Nothing is copied but the containers' own contents, so bound methods, closures, locks and references from
outside stay good. What was made since is forgotten, what was changed is as it was.
"""

from __future__ import annotations

import functools
import io
import itertools
import random
import re
import threading
import types
import weakref
from collections import OrderedDict, deque
from concurrent.futures import Executor
from datetime import date, time, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Put = Callable[[], None]

_SOME_CACHE: Final = functools.cache(str)
# What cannot change, or whose change is nobody's state: the next number of a counter need not come back.
_CONSTANT: Final = (
    str, bytes, int, float, complex, type(None), type, types.ModuleType, types.BuiltinFunctionType, range,
    date, time, timedelta, tzinfo, Decimal, Fraction, UUID, PurePath, Enum, re.Pattern, itertools.count,
    type(Ellipsis), types.MethodDescriptorType, types.WrapperDescriptorType, types.GetSetDescriptorType,
    types.MemberDescriptorType, types.MethodWrapperType, types.GenericAlias, random.Random, type(_SOME_CACHE),
    weakref.ref, property, type(NotImplemented),
)  # fmt: skip
# The process's, not the state's. They are left as they are.
MACHINERY: Final = (
    type(threading.Lock()), type(threading.RLock()), threading.Condition, threading.Event,
    threading.Semaphore, threading.Thread, threading.local, Executor,
)  # fmt: skip
MACHINERY_MODULES: Final = ("boto3.", "botocore.", "cryptography.", "urllib3.", "logging")
NOT_STATE: Final = "NOT_STATE"
"""A class attribute that names attributes which are the process's own: threads, pools, caches."""


class _Constants(dict[type, bool]):
    """Whether the objects of a type cannot change; found out once for each type."""

    def __missing__(self, kind: type) -> bool:
        found = self[kind] = issubclass(kind, _CONSTANT)
        return found


class Checkpoint:
    """The content of every mutable object that can be reached from `roots`.

    Attributes:
        unknown: The types of objects that were met and can't be put back, nor are known not to matter.
    """

    def __init__(self, roots: Iterable[Any]) -> None:
        self.unknown: set[type] = set()
        self._seen: dict[int, Any] = {}
        self._dicts: list[tuple[dict[Any, Any], dict[Any, Any]]] = []
        self._lists: list[tuple[list[Any], list[Any]]] = []
        self._instances: list[tuple[Any, dict[str, Any], frozenset[str]]] = []
        self._others: list[Put] = []
        self._walk(roots)

    def __len__(self) -> int:
        """How many objects' contents are held."""
        return len(self._dicts) + len(self._lists) + len(self._instances) + len(self._others)

    def objects(self) -> Iterator[Any]:
        """The instances that were found."""
        return (found for found, _, _ in self._instances)

    def put_back(self) -> None:
        """Give every object the content that it had. Nobody else may be using them meanwhile."""
        for instance, kept, own in self._instances:
            now = instance.__dict__
            left = {name: now[name] for name in own if name in now}
            now.clear()
            now.update(kept)
            now.update(left)
        for mapping, content in self._dicts:
            dict.clear(mapping)  # a subclass may have ideas of its own
            dict.update(mapping, content)
        for sequence, items in self._lists:
            list.__setitem__(sequence, slice(None), items)
        for put in self._others:
            put()

    def _walk(self, roots: Iterable[Any]) -> None:
        """Note all that can be reached. What cannot change is told by its type, before it is looked at."""
        stack = list(roots)
        seen, note, constant = self._seen, self._note, _Constants()
        while stack:
            found = stack.pop()
            if id(found) in seen:
                continue
            seen[id(found)] = found  # held, so that no other object gets its id
            stack += [each for each in note(found) if not constant[type(each)]]

    def _note(self, found: Any) -> Iterable[Any]:
        """Note an object's content, and say what to look at next."""
        kind: Any = type(found)
        if kind is dict:  # most are one of these two
            content = found.copy()
            self._dicts.append((found, content))
            return (*content, *content.values())
        if kind is list:
            items: list[Any] = found.copy()
            self._lists.append((found, items))
            return items
        own = _plain(kind)
        if own is not None:
            content = found.__dict__
            kept = content.copy() if not own else {n: v for n, v in content.items() if n not in own}
            self._instances.append((found, kept, own))
            return kept.values()
        return self._note_rare(found)

    def _note_rare(self, found: Any) -> Iterable[Any]:
        inner: list[Any] = []
        match found:
            case dict():
                inner += self._dict(found)
            case list():
                items = list.copy(found)
                self._lists.append((found, items))
                inner += items
            case tuple() | frozenset():
                inner += found
            case set() | deque():
                items = list(found)
                self._others.append(functools.partial(_refill_collection, found, items))
                inner += items
            case types.FunctionType() | types.MethodType() | functools.partial():
                return _of_callable(found)
            case bytearray():
                self._others.append(functools.partial(found.__setitem__, slice(None), bytes(found)))
            case _:
                return self._special(found)
        return (*inner, *self._instance(found))

    def _special(self, found: Any) -> Iterable[Any]:
        if isinstance(found, MACHINERY) or type(found).__module__.startswith(MACHINERY_MODULES):
            return ()
        if isinstance(found, weakref.WeakKeyDictionary | weakref.WeakValueDictionary):
            held = dict(found)
            self._others.append(functools.partial(_refill, found, held))
            return (*held, *held.values())
        if isinstance(found, SpooledTemporaryFile):
            if not found.closed:
                self._others.append(functools.partial(_rewrite, found, _content(found)))
            return ()
        return self._instance(found)

    def _dict(self, found: dict[Any, Any]) -> Iterable[Any]:
        items = dict(dict.items(found))
        if isinstance(found, OrderedDict):
            self._others.append(functools.partial(_refill, found, items))
        else:
            self._dicts.append((found, items))
        return (*items, *items.values())

    def _instance(self, found: Any) -> Iterable[Any]:
        kind: Any = type(found)
        slots = slots_of(kind)
        content = getattr(found, "__dict__", None)
        if content is None and not slots:
            if not isinstance(found, _CONTAINERS) and kind is not object:
                self.unknown.add(kind)
            return ()
        own: frozenset[str] = getattr(kind, NOT_STATE, frozenset())
        frozen = _is_frozen(kind)
        held: list[Any] = []
        if slots:
            values = [(slot, slot.__get__(found)) for slot in slots if _is_set(slot, found)]
            held += (value for slot, value in values if slot.__name__ not in own)
            if not frozen:
                self._others.append(functools.partial(_set_slots, found, slots, values, own))
        if content is not None:
            kept = {name: value for name, value in content.items() if name not in own}
            held += kept.values()
            if not frozen:
                self._instances.append((found, kept, own))
        return held


_HEAP: Final = 1 << 9  # of a class that is made in Python: Py_TPFLAGS_HEAPTYPE
_CONTAINERS: Final = (dict, list, tuple, set, frozenset, deque, bytearray)
_CALLABLES: Final = (types.FunctionType, types.MethodType, functools.partial)
_SPECIAL: Final = (weakref.WeakKeyDictionary, weakref.WeakValueDictionary, SpooledTemporaryFile)


@functools.cache
def slots_of(kind: Any) -> tuple[Any, ...]:
    """The descriptors of a class's slots."""
    return tuple(
        member
        for base in kind.__mro__
        for name, member in vars(base).items()
        if isinstance(member, types.MemberDescriptorType) and base.__flags__ & _HEAP and name != "__weakref__"
    )


@functools.cache
def _plain(kind: Any) -> frozenset[str] | None:
    """The process's own attributes of a class whose objects are a `__dict__` and no more; None for others.

    Those are most objects, and none of what `_special` and `_instance` look for can be true of them.
    """
    special = (*MACHINERY, *_CONTAINERS, *_CALLABLES, *_SPECIAL)
    if kind.__dictoffset__ == 0 or slots_of(kind) or _is_frozen(kind) or issubclass(kind, special):
        return None
    if kind.__module__.startswith(MACHINERY_MODULES):
        return None
    own: frozenset[str] = getattr(kind, NOT_STATE, frozenset())
    return own


@functools.cache
def _is_frozen(kind: Any) -> bool:
    parameters = getattr(kind, "__dataclass_params__", None)
    return parameters is not None and parameters.frozen


def _is_set(slot: Any, found: Any) -> bool:
    try:
        slot.__get__(found)
    except AttributeError:
        return False
    return True


def _set_slots(
    found: Any, slots: tuple[Any, ...], values: list[tuple[Any, Any]], own: frozenset[str]
) -> None:
    known = dict(values)
    for slot in slots:
        if slot.__name__ in own:
            continue
        if slot in known:
            slot.__set__(found, known[slot])
        elif _is_set(slot, found):
            slot.__delete__(found)


def _of_callable(found: Any) -> Iterable[Any]:
    """What a function, method or partial carries along; none of it is replaced."""
    if isinstance(found, functools.partial):
        return found.func, *found.args, *found.keywords.values()
    if isinstance(found, types.MethodType):
        return found.__self__, found.__func__
    return [cell.cell_contents for cell in found.__closure__ or () if _is_filled(cell)]


def _is_filled(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - looking is all there is to do
    except ValueError:
        return False
    return True


def _refill(found: Any, items: dict[Any, Any]) -> None:
    found.clear()
    for key, value in items.items():
        found[key] = value


def _refill_collection(found: Any, items: list[Any]) -> None:
    found.clear()
    (found.update if isinstance(found, set) else found.extend)(items)


def _content(file: Any) -> bytes:
    at = file.tell()
    file.seek(0)
    content: bytes = file.read()
    file.seek(at)
    return content


def _rewrite(file: Any, content: bytes) -> None:
    """Give a spooled file its content back, also when it was closed: moto closes those that it deletes."""
    if file.closed:
        vars(file).update(_file=io.BytesIO(), _rolled=False)
    file.seek(0)
    file.truncate()
    file.write(content)
