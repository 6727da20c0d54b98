"""Policy documents on their way to the policy engine, and what stands in for those that are not known.

What is not known becomes a statement under a condition key that the engine leaves undecided. So a
prediction is three-valued by the engine's own rules: what is certain all the same stays certain.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from chaoskit.policy import Kind, MalformedPolicyDocument

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chaoskit.policy import Policy, PolicyCache

_PLACEHOLDER: Final = re.compile(r"<[A-Za-z][^<>\s]*>")
_KEY: Final = "chaoskit:unknown/"
_WITH_PRINCIPAL: Final = frozenset({Kind.RESOURCE, Kind.TRUST, Kind.KEY, Kind.RCP, Kind.ENDPOINT})


def placeholder(text: str) -> str | None:
    """The first part of a text that stands for what AWS has yet to answer, or None."""
    found = _PLACEHOLDER.search(text)
    return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Document:
    """A policy with the name it is reported under.

    Attributes:
        text: The policy; None when it is not known.
        name: Its name or ARN; for what is not known, what that is, in words.
        effects: Of what is not known: what its statements may do.
    """

    name: str
    text: str | None
    effects: tuple[str, ...] = ("Allow", "Deny")

    @classmethod
    def of(cls, name: str, document: Any) -> Document:
        """From what AWS answers: JSON text, or what botocore made of it."""
        return cls(name, document if isinstance(document, str) else json.dumps(document))


def unknown(words: str, *, allows_only: bool = False) -> Document:
    """Stands for policies that are not known, called `words`."""
    return Document(words, None, ("Allow",) if allows_only else ("Allow", "Deny"))


@dataclass(slots=True)
class Compiler:
    """Compiles documents for one decision, and remembers what it left undecided.

    Attributes:
        resource: What the request acts on; parts of it may not be known yet.
        cache: Shared between decisions.
    """

    resource: str
    cache: PolicyCache
    _words: dict[str, str] = field(default_factory=dict)

    @property
    def keys(self) -> list[str]:
        """The keys that stand for what is not known."""
        return list(self._words)

    def words(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Condition keys as a person reads them."""
        return tuple(dict.fromkeys(self._words.get(key, key) for key in keys))

    def all(self, documents: Iterable[Document], kind: Kind) -> tuple[Policy, ...]:
        """Compile documents of one kind."""
        return tuple(self.one(document, kind) for document in documents)

    def one(self, document: Document, kind: Kind) -> Policy:
        """Compile a document; one that can't be understood counts as not known."""
        if document.text is not None:
            try:
                return self.cache.compile(self._vague(document.text), kind, name=document.name)
            except MalformedPolicyDocument:
                document = unknown(f"{document.name}, which can't be understood")
        doubtful = {"Condition": {"StringEquals": {self._key(document.name): "so"}}, "Action": "*"}
        if kind is not Kind.TRUST:
            doubtful["Resource"] = "*"
        if kind in _WITH_PRINCIPAL:
            doubtful["Principal"] = "*"
        if kind is Kind.TRUST:
            doubtful["Action"] = "sts:*"
        effects = ("Deny",) if kind is Kind.RCP else document.effects
        statements = [{"Effect": effect, **doubtful} for effect in effects]
        text = json.dumps({"Version": "2012-10-17", "Statement": statements})
        return self.cache.compile(text, kind, name=document.name)

    def _key(self, words: str) -> str:
        for key, known in self._words.items():
            if known == words:
                return key
        key = f"{_KEY}{len(self._words) + 1}"
        self._words[key] = words
        return key

    def _vague(self, text: str) -> str:
        """The same policy, where statements that only a yet unknown part of the resource decides are open."""
        missing = placeholder(self.resource)
        if missing is None:
            return text
        document = json.loads(text)
        statements = document.get("Statement", [])
        statements = statements if isinstance(statements, list) else [statements]
        start = self.resource.partition("<")[0]
        opened = [self._opened(statement, start, missing) for statement in statements]
        return json.dumps({**document, "Statement": [each for each in opened if each is not None]})

    def _opened(self, statement: dict[str, Any], start: str, missing: str) -> dict[str, Any] | None:
        element = next((name for name in ("Resource", "NotResource") if name in statement), None)
        if element is None:
            return statement
        given = statement[element]
        truths = [_begins(pattern, start) for pattern in (given if isinstance(given, list) else [given])]
        matches = True if True in truths else (None if None in truths else False)
        if element == "NotResource" and matches is not None:
            matches = not matches
        rest = {name: value for name, value in statement.items() if name != element}
        if matches is False:
            return None
        if matches is True:
            return {**rest, "Resource": "*"}
        condition: Mapping[str, Any] = rest.get("Condition") or {}
        equal = {**condition.get("StringEquals", {}), self._key(missing): "so"}
        return {**rest, "Resource": "*", "Condition": {**condition, "StringEquals": equal}}


def _begins(pattern: str, start: str) -> bool | None:
    """Whether a pattern matches a resource of which only the start is known; None when that can't be told."""
    head = re.split(r"[*?$]", pattern, maxsplit=1)[0]
    if not (head.startswith(start) or start.startswith(head)):
        return False
    if pattern == f"{head}*" and start.startswith(head):
        return True
    return None
