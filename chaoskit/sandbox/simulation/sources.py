"""The policies that go into a simulation, statement by statement, each with its place in the text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoskit.policy import compile_policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from chaoskit.policy import Kind, Policy

_SPACE = re.compile(r"[ \t\r\n]*")
_VARIABLE = re.compile(r"\$\{\s*([\w.-]+:[^,{}']*?)\s*(?:,[^{}]*)?\}")
_decode = json.JSONDecoder().raw_decode


@dataclass(frozen=True, slots=True)
class Source:
    """A policy as the simulator names it.

    Attributes:
        id: E.g. `PolicyInputList.1`, or the name of a managed policy.
        type: `IAM Policy` or `Resource Policy`.
        text: The document.
    """

    id: str
    type: str
    text: str

    def whole(self, kind: Kind) -> Policy:
        """The policy, compiled.

        Raises:
            MalformedPolicyDocument: it is none of this kind.
        """
        return compile_policy(self.text, kind, self.id)

    def statements(self, kind: Kind) -> Iterator[tuple[Policy, dict[str, Any]]]:
        """Each statement as a policy of its own, and what the simulator says of it when it matches."""
        document = json.loads(self.text)
        for start, end in spans(self.text):
            statement, _ = _decode(self.text, _skip(self.text, start))
            alone = {**document, "Statement": [statement]}
            yield (
                compile_policy(alone, kind, self.id),
                {
                    "SourcePolicyId": self.id,
                    "SourcePolicyType": self.type,
                    "StartPosition": _position(self.text, start),
                    "EndPosition": _position(self.text, end),
                },
            )


def spans(text: str) -> list[tuple[int, int]]:
    """Where a valid policy's statements are: as IAM counts, each begins where the token before it ends."""
    at = _skip(text, 0) + 1
    while True:
        name, at = _decode(text, _skip(text, at))
        value = _skip(text, at) + 1  # after the colon
        if name == "Statement":
            return _elements(text, value)
        _, at = _decode(text, _skip(text, value))
        at = _skip(text, at) + 1  # after the comma


def _elements(text: str, at: int) -> list[tuple[int, int]]:
    begins = _skip(text, at)
    if text[begins] != "[":
        return [(at, _decode(text, begins)[1])]
    found = []
    at = begins
    while text[at] != "]":
        start = at + 1
        _, end = _decode(text, _skip(text, start))
        found.append((start, end))
        at = _skip(text, end)
    return found


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _position(text: str, offset: int) -> dict[str, int]:
    """Line and column, both counted from one."""
    before = text[:offset]
    return {"Line": before.count("\n") + 1, "Column": offset - before.rfind("\n")}


def context_keys(texts: Iterable[str]) -> list[str]:
    """The condition keys and policy variables of valid policies, each once, in the order of the text."""
    found: dict[str, str] = {}
    for text in texts:
        statements = json.loads(text)["Statement"]
        for statement in statements if isinstance(statements, list) else [statements]:
            for key in _keys_of(statement):
                found.setdefault(key.lower(), key)
    return list(found.values())


def _keys_of(statement: Mapping[str, Any]) -> Iterator[str]:
    for element, value in statement.items():
        if element == "Condition":
            for operands in value.values():
                yield from operands
        if element in {"Condition", "Resource", "NotResource"}:
            yield from _VARIABLE.findall(json.dumps(value))
