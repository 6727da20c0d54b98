"""A sandbox's state as JSON: account, service, region, resource, fields. Made to be compared.

Left out is what merely records what happened: event history, log events, messages, last uses. Secrets are
there as hashes. Ids that AWS draws at random stay: two descriptions of one sandbox can be compared, those of
two sandboxes hardly.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from moto.core.base_backend import BaseBackend, backend_lock
from moto.iam.models import AWSManagedPolicy

from chaoskit.sandbox.snapshot.checkpoint import MACHINERY, MACHINERY_MODULES, NOT_STATE, slots_of
from chaoskit.sandbox.state import stores

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from chaoskit.sandbox.cloud import Sandbox

    Regions = dict[str, dict[str, Any]]
    Accounts = dict[str, dict[str, Regions]]

FORMAT: Final = 1
"""Of the description: a reader refuses others."""
_EVERYWHERE: Final = "all"
_ACCOUNT: Final = re.compile(r"\d{12}")
_SECRET: Final = re.compile(
    r"secret|password|token|private|material|seed|credential|certificate_body", re.IGNORECASE
)
# What only records what happened, by the attribute's name.
_RECORDS: Final = re.compile(
    r"last_used|last_accessed|latest_|_sequence_token|stored_bytes|messages$|^streams$|^metric_data$|inflight"
    r"|^approximate_|sent_notifications|instances_tracked|credential_report|^history$|_prefix$|executions$|invocations"
    r"|^tokens$|^queries$|^in_transit$|^running$|^counts$|^failures$|^state_updated|^state_reason"
    r"|^account_summary$|_regex$|^events$"
)
# What AWS itself offers, and what every backend says of itself.
_OFFERED: Final = frozenset({"config_schema", "account_id", "partition", "region_name"})
# Of these it offers hundreds in every region, beside the account's own.
_OWNED: Final = frozenset({"amis", "snapshots"})
# Who tells whom, and what is on its way.
_PLUMBING: Final = frozenset(
    {
        "places",
        "subscribers",
        "listeners",
        "watchers",
        "chains",
        "gathered",
        "held",
        "waiting",
        "sessions",
        "filed",
    }
)
_DEEPEST: Final = 12
_NAMES: Final = 1 << 16
_LEVELS: Final = 4  # accounts, services, regions and resources
_TELLS_ITSELF: Final = frozenset({bool, int, float})
_SHOWN_HASH: Final = 16


def describe(cloud: Sandbox, services: Collection[str] | None = None) -> dict[str, Any]:
    """Describe everything that moto and the sandbox's own services keep. Hold the sandbox's lock.

    Args:
        cloud: The sandbox.
        services: Leave out all others; by default none.

    Returns:
        `{"format": 1, "accounts": {ACCOUNT: {SERVICE: {REGION: {RESOURCE: FIELDS}}}}}`; a resource is named
        `COLLECTION/KEY`, and what belongs to no region or account is under `all`.
    """
    found: Accounts = {}

    def put(account: str, service: str, region: str, resources: dict[str, Any]) -> None:
        if resources:
            found.setdefault(account, {}).setdefault(service, {}).setdefault(region, {}).update(resources)

    with backend_lock:
        for store in stores():
            if services is not None and store.service_name not in services:
                continue
            for account, region, backend in store.iter_backends():
                put(account, store.service_name, region, _resources(backend))
    for provider in cloud.gateway.providers:
        if services is not None and provider.service not in services:
            continue
        for place, name, value in _native(cloud, provider):
            put(place[0], provider.service, place[1], {name: _Plain().of(value, name)})
    return {"format": FORMAT, "accounts": _sorted(found, _LEVELS)}


def _resources(backend: Any) -> dict[str, Any]:
    """What a backend of moto's holds, by `COLLECTION/KEY`."""
    found: dict[str, Any] = {}
    for attribute, held in vars(backend).items():
        if _left_out(attribute):
            continue
        collection = attribute.lstrip("_")
        for key, _, value in _items(held):
            if collection in _OWNED and getattr(value, "owner_id", None) != backend.account_id:
                continue
            if isinstance(value, AWSManagedPolicy):  # there are a thousand, and nobody can change them
                if value.attachment_count and collection == "managed_policies":
                    found[f"{collection}/{key}"] = {"attachment_count": value.attachment_count}
                continue
            found[f"{collection}/{key}"] = _Plain().of(value, collection)
    return found


def _native(cloud: Sandbox, provider: Any) -> Iterator[tuple[tuple[str, str], str, Any]]:
    """What a provider and its helpers hold: the place, the name and the thing."""
    shared = {id(one) for one in vars(cloud).values()} | {id(cloud)}
    waiting, seen = [provider], set(shared)
    while waiting:
        holder = waiting.pop()
        seen.add(id(holder))
        for attribute, value in _attributes(holder):
            if _left_out(attribute) or attribute.strip("_") in _PLUMBING:
                continue
            if isinstance(value, dict | list | set):
                for label, key, item in _items(value):
                    yield _place(key, item), f"{attribute.lstrip('_')}/{label}", item
            elif type(value).__module__.startswith("chaoskit.sandbox.") and id(value) not in seen:
                waiting.append(value)


def _place(key: Any, item: Any) -> tuple[str, str]:
    """The account and region that a thing belongs to, by its own word or that of its key."""
    parts = key if isinstance(key, tuple) else ()
    parts = (getattr(item, "account", None), getattr(item, "region", None), *parts)
    texts = [part for part in parts if isinstance(part, str)]
    account = next((text for text in texts if _ACCOUNT.fullmatch(text)), _EVERYWHERE)
    region = next((text for text in texts if re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", text)), _EVERYWHERE)
    return account, region


class _Plain:
    """Turns objects into JSON; one that contains itself is told by its type."""

    def __init__(self) -> None:
        self._above: list[int] = []

    def of(self, value: Any, name: str) -> Any:
        """A value, as JSON; `name` says whether it is a secret."""
        if value is None or type(value) in _TELLS_ITSELF:  # most are
            return value
        match value:
            case int() | float():
                return value
            case str():
                return _hashed(value.encode()) if value and _is_secret(name) else _document(value)
            case bytes() | bytearray():
                return _hashed(bytes(value)) if value else ""
            case date():
                return value.isoformat()
        if callable(value) or isinstance(value, (*MACHINERY, BaseBackend)):
            return None
        if id(value) in self._above or len(self._above) > _DEEPEST:
            return f"({type(value).__name__})"
        self._above.append(id(value))
        try:
            return self._inside(value, name)
        finally:
            self._above.pop()

    def _inside(self, value: Any, name: str) -> Any:
        if isinstance(value, Enum):
            return self.of(value.value, name)
        if isinstance(value, dict):
            kept = ((str(key), inner) for key, inner in dict.items(value) if not _left_out(str(key)))
            return {text: self.of(inner, f"{name}.{text}") for text, inner in sorted(kept, key=_first)}
        if isinstance(value, list | tuple):
            return [self.of(inner, name) for inner in value]
        if isinstance(value, set | frozenset):
            return sorted((self.of(inner, name) for inner in value), key=repr)
        if type(value).__module__.startswith((*MACHINERY_MODULES, "tempfile")):
            return self._content(value)
        told = {
            attribute.lstrip("_"): inner
            for attribute, inner in _attributes(value)
            if not _left_out(attribute)
        }
        if isinstance(value, AWSManagedPolicy):
            return {"arn": value.arn}
        secret = "SecureString" in {str(told.get("type")), str(told.get("parameter_type"))}
        plain = {key: self.of(told[key], f"secret {key}" if secret else key) for key in sorted(told)}
        return {key: inner for key, inner in plain.items() if inner is not None}

    def _content(self, value: Any) -> Any:
        """A file's; nothing else of the kind has any."""
        if not hasattr(value, "seek") or value.closed:
            return None
        value.seek(0)
        return _hashed(value.read())


def _items(held: Any) -> list[tuple[str, Any, Any]]:
    """A collection's things by name and key; anything else is one thing, without a name."""
    if isinstance(held, dict):
        told = (("/".join(key) if _is_texts(key) else str(key), key, item) for key, item in dict.items(held))
        return sorted(told, key=_first)
    if isinstance(held, list | set):
        return [(str(_name(item) or number), None, item) for number, item in enumerate(held)]
    plain = _Plain().of(held, "")
    return [("", None, held)] if plain not in (None, {}, "", 0, False) else []


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    """What a thing holds of its state, by name."""
    kind: Any = type(value)
    own: frozenset[str] = getattr(kind, NOT_STATE, frozenset())
    yield from sorted(each for each in getattr(value, "__dict__", {}).items() if each[0] not in own)
    for slot in slots_of(kind):
        if hasattr(value, slot.__name__) and slot.__name__ not in own:
            yield slot.__name__, getattr(value, slot.__name__)


def _name(item: Any) -> str | None:
    for attribute in ("arn", "id", "name"):
        found = item.get(attribute) if isinstance(item, dict) else getattr(item, attribute, None)
        if isinstance(found, str) and found:
            return found
    return None


@functools.lru_cache(_NAMES)
def _is_secret(name: str) -> bool:
    return bool(_SECRET.search(name))


@functools.lru_cache(_NAMES)
def _left_out(name: str) -> bool:
    bare = name.lstrip("_")
    return bare in _OFFERED or bool(_RECORDS.search(bare)) or "AWSLogs/" in name


def _hashed(secret: bytes) -> str:
    return f"sha256:{hashlib.sha256(secret).hexdigest()[:_SHOWN_HASH]} ({len(secret)} bytes)"


def _document(text: str) -> Any:
    """A JSON document by what it says, not by how it is spaced."""
    return _parsed(text) if text[:1] in {"{", "["} else text


@functools.lru_cache(_NAMES)
def _parsed(text: str) -> Any:
    """Shared by all descriptions that have it: nobody may change it."""
    try:
        return _sorted(json.loads(text))
    except ValueError:
        return text


def _first(pair: tuple[Any, ...]) -> Any:
    return pair[0]


def _is_texts(key: Any) -> bool:
    return isinstance(key, tuple) and all(isinstance(part, str) for part in key)


def _sorted(value: Any, levels: int = -1) -> Any:
    """With its keys in order, so many levels deep or all the way; what `_Plain` makes is so already."""
    if not levels or not isinstance(value, dict):
        return value
    return {key: _sorted(value[key], levels - 1) for key in sorted(value)}
