"""Reading located nodes as the types that parameters declare; what is wrong is collected, not raised."""

from __future__ import annotations

import difflib
import re
import types
from typing import TYPE_CHECKING, Any, Final, Literal, Union, get_args, get_origin

from chaoskit.contract import LATER, Template
from chaoskit.errors import Problem
from chaoskit.slo import Duration
from chaoskit.spec.document import Mapping, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from collections.abc import Mapping as MappingType

    from chaoskit.spec.document import Node

_VARIABLE: Final = re.compile(r"(\$?)\$\{([^}]*)\}")
_INTEGER: Final = re.compile(r"-?\d{1,15}")
_NUMBER: Final = re.compile(r"-?\d{1,15}(\.\d{1,15})?")
_DURATION: Final = re.compile(r"(\d+(\.\d+)?(ms|s|m|h|d))+")
_LONGEST: Final = Duration.parse("3650d")
"""Of what is longer no calendar has the end."""
_LONGEST_SHOWN: Final = 60
_MOST_LISTED: Final = 200


class Bad:
    """Stands for a value that was refused: its problem has been said, so nothing more is."""


BAD: Final = Bad()


class Reader:
    """Reads one file's nodes."""

    def __init__(self, path: str, variables: MappingType[str, str], problems: list[Problem]) -> None:
        """Collect into `problems`; `variables` fill `${...}`."""
        self.path = path
        self._variables = variables
        self._problems = problems

    def say(self, node: Node, message: str) -> Bad:
        """Note what is wrong at a node."""
        self._problems.append(Problem(self.path, node.line, node.column, message))
        return BAD

    def value(self, node: Node, kind: Any, what: str) -> Any:
        """Read a node as an annotation: str, int, float, bool, Duration, Literal, tuple[X, ...], X | None."""
        origin, arguments = get_origin(kind), get_args(kind)
        if origin in (types.UnionType, Union):
            kinds = [argument for argument in arguments if argument is not type(None)]
            return self.value(node, kinds[0], what)
        if origin is tuple:
            return self.sequence(
                node, what, lambda item: self.value(item, arguments[0], f"an item of {what}")
            )
        if not isinstance(node, Scalar):
            return self.say(node, f"{what} must be {_expected(kind)}, not a {type(node).__name__.lower()}")
        text = self._filled(node, LATER if kind is Template else ())
        if isinstance(text, Bad):
            return BAD
        if origin is Literal:
            if text in arguments:
                return text
            return self.say(node, f"{what} can't be {shown(text)}{one_of(text, arguments)}")
        return self._scalar(node, text, kind, what)

    def sequence(self, node: Node, what: str, read: Callable[[Node], Any]) -> Any:
        """Read a list, item by item."""
        if not isinstance(node, Sequence):
            return self.say(node, f"{what} must be a list: put `- ` before each item")
        items = tuple(read(item) for item in node.items)
        return BAD if any(isinstance(item, Bad) for item in items) else items

    def mapping(
        self,
        node: Node,
        what: str,
        known: Iterable[str],
        required: Iterable[str] = (),
    ) -> dict[str, Node] | Bad:
        """The keys of a mapping with their values; unknown and missing ones are noted."""
        if not isinstance(node, Mapping):
            return self.say(node, f"{what} must be a mapping of `key: value` lines")
        known = list(known)
        found = {}
        for key, value in node.items:
            if key.text in known:
                found[key.text] = value
            else:
                self.say(key, f"{what} has no {shown(key.text)}{one_of(key.text, known)}")
        missing = [name for name in required if name not in found]
        if missing:
            self.say(node, f"{what} lacks {', '.join(missing)}")
        return found

    def _filled(self, node: Scalar, later: tuple[str, ...]) -> str | Bad:
        bad: list[str] = []

        def fill(match: re.Match[str]) -> str:
            escaped, name = match.groups()
            if escaped:
                return match.group()[1:]
            if later and name.startswith(later):
                return match.group()
            if name not in self._variables:
                bad.append(name)
            return self._variables.get(name, "")

        text = _VARIABLE.sub(fill, node.text)
        for name in bad:
            hint = one_of(name, self._variables)
            self.say(node, f"nothing is called ${{{shown(name)[1:-1]}}}{hint} (write $${{ for a literal ${{)")
        return BAD if bad else text

    def _scalar(self, node: Scalar, text: str, kind: Any, what: str) -> Any:
        if kind is Duration:
            return self._duration(node, text, what)
        if kind is bool and text in ("true", "false"):
            return text == "true"
        if kind is int and _INTEGER.fullmatch(text):
            return int(text)
        if kind is float and _NUMBER.fullmatch(text):
            return float(text)
        if kind in (str, Template) and not (node.plain and text in ("", "~", "null")):
            return text
        return self.say(node, f"{what} must be {_expected(kind)}, not {shown(text) if text else 'empty'}")

    def _duration(self, node: Node, text: str, what: str) -> Any:
        if not _DURATION.fullmatch(text):
            return self.say(node, f"{what} must be a duration such as 60s or 1h30m, not {shown(text)}")
        try:
            found = Duration.parse(text)
        except ValueError:  # more digits than a duration has
            found = None
        if found is None or found > _LONGEST:
            return self.say(
                node, f"{what} {shown(text)} is too long: at most {_LONGEST}, and nine digits a number"
            )
        return found


def shown(text: str) -> str:
    """A text as it can stand in a message."""
    return repr(text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…")


def one_of(text: str, names: Iterable[Any]) -> str:
    """A hint: the name that was meant, or the names there are."""
    candidates = [str(name) for name in names]
    close = difflib.get_close_matches(text[:_LONGEST_SHOWN], candidates, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]}?"
    if not 0 < len(candidates) <= _MOST_LISTED:
        return ""
    return f"; known are {', '.join(sorted(candidates))}"


def _expected(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(get_args(kind))
    words = {
        str: "a text",
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        Duration: "a duration such as 60s",
    }
    return words.get(kind, "a value")
