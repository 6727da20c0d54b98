"""Cuts a query into tokens. `/` begins a regular expression after `like`, `=~` and in `parse`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from chaoskit.sandbox.detect.insights.errors import InvalidQuery


class Kind(StrEnum):
    """What a token is."""

    NAME = "name"
    NUMBER = "number"
    PERIOD = "period"
    TEXT = "text"
    REGEX = "regular expression"
    SYMBOL = "symbol"
    END = "end of the query"


@dataclass(frozen=True, slots=True)
class Token:
    """A token, its value without quotes, and where it stands in the query.

    Attributes:
        bare: A name without backticks, which may be a keyword or a function.
    """

    kind: Kind
    value: str
    start: int
    end: int
    bare: bool = False

    def says(self, *words: str) -> bool:
        """Whether this is one of these keywords (in lower case here) or symbols."""
        if self.kind is Kind.SYMBOL:
            return self.value in words
        return self.bare and self.value.lower() in words


_BLANK = re.compile(r"(\s+|#[^\n]*)+")
# A place in a list is `list[0]` or `list.0`; `in[1, 2]` is none.
_NAME = re.compile(
    r"(@{0,2}[A-Za-z_][\w:]*|@{1,2}[\w:]+|`[^`]+`)(\.([\w@:]+|`[^`]+`)|(?<!\bin)(?<!\bIN)\[\d+\])*"
)
_PLACE = re.compile(r"\[(\d+)\]")
_PERIOD = re.compile(
    r"(\d+)(ms|milliseconds?|msec|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?|mon?|months?"
    r"|q|qtrs?|quarters?|y|yrs?|years?)(?![\w])"
)
_NUMBER = re.compile(r"(\d+(\.\d+)?|\.\d+)([eE][+-]?\d+)?(?![\w])")
_SYMBOL = re.compile(r"=~|!=|<=|>=|[=<>|,()\[\]+\-*/^%]")


def tokens(query: str) -> list[Token]:
    """The tokens of a query, the last of kind END.

    Raises:
        InvalidQuery: A character belongs to no token, or a quotation is not closed.
    """
    found: list[Token] = []
    at = _skip(query, 0)
    while at < len(query):
        token = _next(query, at, found)
        found.append(token)
        at = _skip(query, token.end)
    found.append(Token(Kind.END, "", len(query), len(query)))
    return found


def _skip(query: str, at: int) -> int:
    blank = _BLANK.match(query, at)
    return blank.end() if blank else at


def _next(query: str, at: int, before: list[Token]) -> Token:
    char = query[at]
    if char in "\"'":
        return _quoted(query, at)
    if char == "/" and _regex_may_begin(before):
        return _regex(query, at)
    for kind, pattern in ((Kind.PERIOD, _PERIOD), (Kind.NUMBER, _NUMBER), (Kind.SYMBOL, _SYMBOL)):
        match = pattern.match(query, at)
        if match:
            return Token(kind, match.group(), at, match.end())
    match = _NAME.match(query, at)
    if match:
        raw = match.group()
        name = raw.replace("`", "") if raw.startswith("`") else _PLACE.sub(r".\1", raw.replace("`", ""))
        return Token(Kind.NAME, name, at, match.end(), bare="`" not in raw)
    raise InvalidQuery(f"unexpected character '{char}'", at)


def _regex_may_begin(before: list[Token]) -> bool:
    if before and before[-1].says("like", "=~"):
        return True
    for token in reversed(before):
        if token.says("|"):
            return False
        if token.says("parse"):
            return True
    return False


def _quoted(query: str, at: int) -> Token:
    quote = query[at]
    read: list[str] = []
    place = at + 1
    while place < len(query):
        char = query[place]
        if char == "\\" and query[place + 1 : place + 2] in {quote, "\\"}:
            place += 1
            char = query[place]
        elif char == quote:
            return Token(Kind.TEXT, "".join(read), at, place + 1)
        read.append(char)
        place += 1
    raise InvalidQuery("a quotation mark is not closed", at)


def _regex(query: str, at: int) -> Token:
    place = at + 1
    while place < len(query):
        if query[place] == "/":
            return Token(Kind.REGEX, query[at + 1 : place].replace("\\/", "/"), at, place + 1)
        place += 2 if query[place] == "\\" else 1
    raise InvalidQuery("the regular expression's closing / is missing", at)
