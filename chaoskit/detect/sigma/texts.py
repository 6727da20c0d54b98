"""Tests of one text: Sigma's wildcards and regular expressions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import re2  # type: ignore[import-untyped]  # comes with pySigma, and without types
from sigma.modifiers import SigmaEndswithModifier, SigmaStartswithModifier
from sigma.policy.regex_engine import PythonRegexEngine, RegexEngine
from sigma.types import Placeholder, SpecialChars

from chaoskit.detect.sigma.errors import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sigma.modifiers import SigmaModifier
    from sigma.policy.regex_engine import RegexPattern
    from sigma.types import SigmaRegularExpression, SigmaString

    Matches = Callable[[str], bool]

_LETTERS = {re.IGNORECASE: "i", re.MULTILINE: "m", re.DOTALL: "s"}


class EitherRegexEngine(RegexEngine):
    """RE2, which cannot run away; for what it lacks, lookaround and back-references, Python's engine."""

    def __init__(self) -> None:
        self._python = PythonRegexEngine()
        self._quiet = re2.Options()
        self._quiet.log_errors = False  # they are raised

    def __deepcopy__(self, memo: dict[int, object]) -> EitherRegexEngine:
        # pySigma copies detections together with their policy, and a module cannot be copied.
        return self

    def compile(self, pattern: str, flags: int = 0) -> RegexPattern:
        """Compile with the first engine that takes the expression.

        Raises:
            re.error: Neither does.
        """
        letters = "".join(letter for flag, letter in _LETTERS.items() if flags & flag)
        try:
            compiled: RegexPattern = re2.compile(
                f"(?{letters}){pattern}" if letters else pattern, self._quiet
            )
        except re2.error:
            return self._python.compile(pattern, flags)
        return compiled

    @property
    def error(self) -> type[re.error]:
        """What `compile` raises."""
        return re.error


def regex_test(
    value: SigmaRegularExpression, modifiers: Sequence[type[SigmaModifier[Any, Any]]], engine: RegexEngine
) -> Matches:
    """Whether a text has a match; with `startswith` and `endswith`, at its start and up to its end."""
    if value.contains_placeholder():
        raise Unsupported(_placeholder(value.regexp))
    flags = 0
    for flag in value.flags:
        flags |= value.sigma_to_python_flags[flag]
    compiled = engine.compile(str(value.regexp), flags)
    if SigmaEndswithModifier in modifiers:
        return lambda text: compiled.fullmatch(text) is not None
    if SigmaStartswithModifier in modifiers:
        return lambda text: compiled.match(text) is not None
    return lambda text: compiled.search(text) is not None


def exact(value: SigmaString) -> str | None:
    """The text that a value without wildcards stands for, or None.

    Raises:
        Unsupported: A placeholder is left in it.
    """
    parts = list(value.s)
    if any(isinstance(part, Placeholder) for part in parts):
        raise Unsupported(_placeholder(value))
    if any(not isinstance(part, str) for part in parts):
        return None
    return "".join(part for part in parts if isinstance(part, str))


def glob_test(value: SigmaString, *, cased: bool, anywhere: bool = False) -> Matches:
    """Whether a text matches `*` and `?`; unless `cased`, the text is given in lower case.

    Args:
        value: The text with its wildcards.
        cased: Whether case counts.
        anywhere: Whether to look for it within the text, as for keywords.
    """
    exact(value)
    pieces: list[list[str | None]] = [[]]
    if anywhere:
        pieces.append([])
    for part in value.s:
        if part is SpecialChars.WILDCARD_MULTI:
            pieces.append([])
        else:
            pieces[-1].append((part if cased else part.lower()) if isinstance(part, str) else None)
    if anywhere:
        pieces.append([])
    first, *middle, last = pieces if len(pieces) > 1 else [pieces[0], []]
    plain = _joined(first), _joined(last), [_joined(piece) for piece in middle if piece]
    match plain:
        case (str(head), str(), []) if len(pieces) == 1:
            return lambda text: text == head
        case (str(head), "", []):
            return lambda text: text.startswith(head)
        case ("", str(tail), []):
            return lambda text: text.endswith(tail)
        case ("", "", [str(inner)]):
            return lambda text: inner in text
        case _:
            return _globbing(pieces)


def _globbing(pieces: list[list[str | None]]) -> Matches:
    first, *rest = map(_expression, pieces)
    if not rest:
        whole = re.compile(first, re.DOTALL)
    else:
        # Taking each middle piece at its earliest place is enough; the atomic group never tries another.
        middle = "".join(f"(?>.*?{piece})" for piece in rest[:-1] if piece)
        whole = re.compile(f"{first}{middle}.*{rest[-1]}", re.DOTALL)
    return lambda text: whole.fullmatch(text) is not None


def _joined(piece: list[str | None]) -> str | None:
    texts = [part for part in piece if part is not None]
    return "".join(texts) if len(texts) == len(piece) else None


def _expression(piece: list[str | None]) -> str:
    return "".join("." if part is None else re.escape(part) for part in piece)


def _placeholder(value: SigmaString) -> str:
    names = ", ".join(f"%{part.name}%" for part in value.s if isinstance(part, Placeholder))
    return f"the placeholder {names} has no value here: write the values into the rule instead of |expand"
