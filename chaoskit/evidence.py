"""Evidence as a hash chain: whoever edits one result of a kept document is noticed.

The chain has no key: it shows an edit, an omission and a new order, but not a document that somebody made
up as a whole. Against that, compare the head with one kept elsewhere (`chaoskit report verify` does so with
this machine's history).
"""

from __future__ import annotations

import hashlib
import json
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

KEY: Final = "evidence"
"""Where a document keeps its chain."""
LISTS: Final = ("results", "controls")
"""What a document may be a list of; each item is a link."""
GENESIS: Final = "0" * 64


def link(previous: str, content: Any) -> str:
    """The hash of a content that follows another: SHA-256, in hexadecimal."""
    return hashlib.sha256(f"{previous}\n{canonical(content)}".encode()).hexdigest()


def canonical(content: Any) -> str:
    """The one text of what JSON can say: keys sorted, no spaces, ASCII only."""
    plain = json.loads(json.dumps(content, default=repr))
    return json.dumps(plain, sort_keys=True, separators=(",", ":"))


def sealed(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with its chain: a link for each item of its list, and a head over all the rest."""
    chain = _links(_items(document))
    head = link(chain[-1] if chain else GENESIS, _rest(document))
    return {**document, KEY: {"algorithm": "sha256", "links": chain, "head": head}}


def problems(document: Mapping[str, Any]) -> list[str]:
    """What shows that a document is not as it was written; empty when nothing does."""
    kept = document.get(KEY)
    if not isinstance(kept, dict) or not isinstance(kept.get("links"), list):
        return ["it holds no chain of evidence, so an edit can't be told"]
    items, links = _items(document), kept["links"]
    if len(items) != len(links):
        return [f"it was written with {len(links)} items and has {len(items)}"]
    before = [GENESIS, *links]
    found = [
        f"item {number}{_named(item)} is not as it was written"
        for number, item in enumerate(items, 1)
        if link(before[number - 1], item) != links[number - 1]
    ]
    if not found and link(before[-1], _rest(document)) != kept.get("head"):
        found = ["what stands beside the items is not as it was written"]
    return found


def read(text: str) -> Mapping[str, Any]:
    """The document in a JSON file, or in an HTML report's element `<script type="application/json">`.

    Raises:
        ValueError: There is none, or it says something twice.
    """
    told = text.lstrip("\ufeff \t\r\n")
    if told.startswith("<"):
        parser = _Embedded()
        parser.feed(told)
        told = "".join(parser.parts)
    document = json.loads(told, object_pairs_hook=_once)
    if not isinstance(document, dict):
        raise ValueError("it is not a document of chaoskit")  # noqa: TRY004 - a wrong text, not a wrong argument
    return document


class _Embedded(HTMLParser):
    """Finds the first JSON that a page carries."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._inside = self._done = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See `HTMLParser`."""
        self._inside = not self._done and tag == "script" and ("type", "application/json") in attrs

    def handle_data(self, data: str) -> None:
        """See `HTMLParser`."""
        if self._inside:
            self.parts.append(data)

    def handle_endtag(self, tag: str) -> None:
        """See `HTMLParser`."""
        if self._inside and tag == "script":
            self._inside, self._done = False, True


def _links(items: Iterable[Any]) -> list[str]:
    chain: list[str] = []
    for item in items:
        chain.append(link(chain[-1] if chain else GENESIS, item))
    return chain


def _items(document: Mapping[str, Any]) -> Sequence[Any]:
    return next((document[name] for name in LISTS if isinstance(document.get(name), list)), ())


def _rest(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in (KEY, *LISTS)}


def _named(item: Any) -> str:
    names = (item.get(key) for key in ("experiment", "control")) if isinstance(item, dict) else ()
    return next((f" ({name})" for name in names if isinstance(name, str)), "")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers could take a different one of two values."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("it says something twice")
    return made
