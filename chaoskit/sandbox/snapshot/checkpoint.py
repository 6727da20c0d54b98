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
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Put = Callable[[], None]

F = TypeVar("F")
C = TypeVar("C")
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
NEVER_CHANGES: Final = "NEVER_CHANGES"
"""A class attribute, true where neither an object nor anything in it changes once it is made: a record."""


class _Noted(Generic[F, C]):
    """Objects and their contents, side by side: a pair of each would be so much more to collect."""

    def __init__(self) -> None:
        self.found: list[F] = []
        self._contents: list[C] = []

    def add(self, found: F, content: C) -> None:
        self.found.append(found)
        self._contents.append(content)

    def pairs(self) -> Iterator[tuple[F, C]]:
        return zip(self.found, self._contents, strict=True)


class Checkpoint:
    """The content of every mutable object that can be reached from `roots`.

    Attributes:
        unknown: The types of objects that were met and can't be put back, nor are known not to matter.
    """

    def __init__(self, roots: Iterable[Any]) -> None:
        self.unknown: set[type] = set()
        self._seen: dict[int, Any] = {}
        self._dicts: _Noted[dict[Any, Any], dict[Any, Any]] = _Noted()
        self._lists: _Noted[list[Any], list[Any]] = _Noted()
        self._instances: _Noted[Any, dict[str, Any]] = _Noted()
        self._others: list[Put] = []
        self._empty: list[dict[Any, Any] | list[Any] | set[Any]] = []
        self._walk(roots)

    def __len__(self) -> int:
        """How many objects' contents are held."""
        noted = (self._dicts, self._lists, self._instances)
        return sum(len(each.found) for each in noted) + len(self._others) + len(self._empty)

    def objects(self) -> Iterable[Any]:
        """The instances that were found."""
        return self._instances.found

    def put_back(self) -> None:
        """Give every object the content that it had. Nobody else may be using them meanwhile.

        Threads that wait for the clock look at it all the same: an object never lacks what it has throughout.
        """
        for instance, kept in self._instances.pairs():
            now = instance.__dict__
            kind: Any = type(instance)
            own = _own_of(kind)
            now.update({**kept, **{name: now[name] for name in own if name in now}} if own else kept)
            if len(now) > len(kept):
                for name in now.keys() - kept.keys() - own:
                    del now[name]
        for mapping, content in self._dicts.pairs():
            dict.clear(mapping)  # a subclass may have ideas of its own
            dict.update(mapping, content)
        for sequence, items in self._lists.pairs():
            list.__setitem__(sequence, slice(None), items)
        for collection in self._empty:
            if collection:
                collection.clear()
        for put in self._others:
            put()

    def _walk(self, roots: Iterable[Any]) -> None:
        """Note all that can be reached. What cannot change is told by its type, before it is looked at.

        Tens of thousands come by: the three kinds that most are of are noted here, without a call for each.
        """
        stack = list(roots)
        seen, leaves, own = self._seen, _LEAVES, _OWN
        note_dict, note_list, note_instance = self._dicts.add, self._lists.add, self._instances.add
        while stack:
            found = stack.pop()
            kind = type(found)
            if not found and kind in _COLLECTIONS:  # a third are empty
                self._empty.append(found)
                continue
            if kind in leaves or id(found) in seen:
                continue
            seen[id(found)] = found  # held, so that no other object gets its id
            if kind is dict:
                content = found.copy()
                note_dict(found, content)
                stack += [each for each in content if type(each) not in leaves]
            elif kind is list:
                items = found.copy()
                note_list(found, items)
                stack += [each for each in items if type(each) not in leaves]
                continue
            elif own[kind] is not None:
                content = found.__dict__.copy()
                for name in own[kind] or ():
                    content.pop(name, None)
                note_instance(found, content)
            else:
                stack += self._note_rare(found)
                continue
            stack += [each for each in content.values() if type(each) not in leaves]

    def _note_rare(self, found: Any) -> Iterable[Any]:
        """Note another kind of object, and say what to look at next."""
        if isinstance(found, _CONSTANT) or getattr(type(found), NEVER_CHANGES, False):
            _LEAVES.add(type(found))
            return ()
        inner: list[Any] = []
        match found:
            case dict():
                inner += self._dict(found)
            case list():
                items = list.copy(found)
                self._lists.add(found, items)
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
            self._dicts.add(found, items)
        return (*items, *items.values())

    def _instance(self, found: Any) -> Iterable[Any]:
        kind: Any = type(found)
        slots = slots_of(kind)
        content = getattr(found, "__dict__", None)
        if content is None and not slots:
            if not isinstance(found, _CONTAINERS) and kind is not object:
                self.unknown.add(kind)
            return ()
        own = _own_of(kind)
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
                self._instances.add(found, kept)
        return held


_HEAP: Final = 1 << 9  # of a class that is made in Python: Py_TPFLAGS_HEAPTYPE
_COLLECTIONS: Final = frozenset({dict, list, set})
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


def _plain(kind: Any) -> frozenset[str] | None:
    """The process's own attributes of a class whose objects are a `__dict__` and no more; None for others.

    Those are most objects, and none of what `_special` and `_instance` look for can be true of them.
    """
    special = (*MACHINERY, *_CONTAINERS, *_CALLABLES, *_SPECIAL, *_CONSTANT)
    if kind.__dictoffset__ == 0 or slots_of(kind) or _is_frozen(kind) or issubclass(kind, special):
        return None
    if kind.__module__.startswith(MACHINERY_MODULES) or getattr(kind, NEVER_CHANGES, False):
        return None
    return _own_of(kind)


@functools.cache
def _own_of(kind: Any) -> frozenset[str]:
    own: frozenset[str] = getattr(kind, NOT_STATE, frozenset())
    return own


class _Own(dict[type, "frozenset[str] | None"]):
    """`_plain` of each type, asked once."""

    def __missing__(self, kind: type) -> frozenset[str] | None:
        found = self[kind] = _plain(kind)
        return found


_OWN: Final = _Own()
_LEAVES: Final[set[type]] = set()
"""The types whose objects were found not to change."""


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
