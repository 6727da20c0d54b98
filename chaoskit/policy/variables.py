"""Policy variables: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, and `${*}`, `${?}`, `${$}`.

Source: IAM User Guide, "IAM policy elements: Variables and tags". They exist only in Version 2012-10-17.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chaoskit.policy.globs import split_wildcards
from chaoskit.policy.truth import UNKNOWN

if TYPE_CHECKING:
    from chaoskit.policy.globs import Parts, Wild
    from chaoskit.policy.truth import Lookup

_VARIABLE: Final = re.compile(r"\$\{\s*([^{}]*?)\s*\}")
_REFERENCE: Final = re.compile(r"([\w.-]+:[^,'{}]*?)(?:\s*,\s*'([^']*)')?")


@dataclass(frozen=True, slots=True)
class Variable:
    """A place that a request fills: the condition key, and the text used when the request has no value."""

    key: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Template:
    """A policy's text, cut into literals, wildcards and variables."""

    parts: tuple[str | Wild | Variable, ...]

    @property
    def fixed(self) -> Parts | None:
        """The pattern, when no variable is in it."""
        parts = tuple(part for part in self.parts if not isinstance(part, Variable))
        return parts if len(parts) == len(self.parts) else None

    def resolve(self, lookup: Lookup) -> Parts | frozenset[str] | None:
        """The pattern for this request; the unknown keys it needs; or None when a variable has no value.

        A key with several values has none here: a variable stands for a single value.
        """
        resolved: list[str | Wild] = []
        unknown: set[str] = set()
        for part in self.parts:
            if not isinstance(part, Variable):
                resolved.append(part)
                continue
            values = lookup(part.key.lower())
            if values is UNKNOWN:
                unknown.add(part.key)
            elif values is not None and len(values) == 1:
                resolved.append(values[0])
            elif part.default is not None:
                resolved.append(part.default)
            else:
                return None
        return frozenset(unknown) or tuple(resolved)


def literal_template(text: str, *, wildcards: bool) -> Template:
    """Text in which `${...}` means nothing special."""
    return Template(split_wildcards(text) if wildcards else (text,))


def template(text: str, *, wildcards: bool) -> Template:
    """Cut `text` at its variables; `wildcards` says whether `*` and `?` outside them are wildcards."""
    parts: list[str | Wild | Variable] = []
    literal = ""

    def flush() -> None:
        nonlocal literal
        if literal:
            parts.extend(split_wildcards(literal) if wildcards else (literal,))
        literal = ""

    place = 0
    for found in _VARIABLE.finditer(text):
        literal += text[place : found.start()]
        place = found.end()
        name = found.group(1)
        reference = _REFERENCE.fullmatch(name)
        if name in {"*", "?", "$"}:
            flush()
            parts.append(name)
        elif reference is not None:
            flush()
            parts.append(Variable(reference.group(1).strip(), reference.group(2)))
        else:
            literal += found.group(0)
    literal += text[place:]
    flush()
    return Template(tuple(parts) or ("",))
