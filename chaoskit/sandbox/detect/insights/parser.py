"""Reads a query: commands separated by pipes.

Source: CloudWatch Logs User Guide, "CloudWatch Logs Insights language query syntax".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chaoskit.sandbox.detect.insights import nodes
from chaoskit.sandbox.detect.insights.errors import InvalidQuery
from chaoskit.sandbox.detect.insights.expressions import Expressions
from chaoskit.sandbox.detect.insights.lexer import Kind, tokens
from chaoskit.sandbox.detect.insights.regexes import regular_expression

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaoskit.sandbox.detect.insights.lexer import Token
    from chaoskit.sandbox.detect.insights.nodes import Column, Command, Node

MOST_ROWS = 10_000
"""Rows that a query may return, and the default."""
LONGEST = 10_000
"""Characters of a query (CloudWatch Logs API Reference, StartQuery)."""

_ELSEWHERE = ("anomaly", "diff", "join", "lookup", "pattern", "subquery")
"""Commands of the language that are not evaluated here."""


def parse(query: str) -> tuple[Command, ...]:
    """The commands of a query.

    Raises:
        InvalidQuery: With what is wrong and at which character.
    """
    if len(query) > LONGEST:
        raise InvalidQuery(f"the query is longer than {LONGEST} characters", LONGEST)
    return _Commands(query).read()


class _Commands(Expressions):
    def __init__(self, query: str) -> None:
        super().__init__(query, tokens(query))
        self._made: set[str] = set()
        self._readers: dict[str, Callable[[], Command]] = {
            "fields": self._fields,
            "display": self._display,
            "filter": lambda: nodes.Filter(self.expression()),
            # The guide: it reads only what an index points to, and finds the same.
            "filterindex": lambda: nodes.Filter(self.expression()),
            "parse": self._parse,
            "stats": self._stats,
            "sort": self._sort,
            "limit": self._limit,
            # What older queries of the console have for limit.
            "head": self._limit,
            "dedup": self._dedup,
            "unnest": self._unnest,
        }

    def read(self) -> tuple[Command, ...]:
        commands: list[Command] = []
        self.take("|")
        self._sources()
        while True:
            start = self.token.start
            word = self.take(*self._readers)
            if not word and self.token.says(*_ELSEWHERE):
                raise InvalidQuery(f"the embedded sandbox does not evaluate {self.token.value}", start)
            if not word:
                raise self.mismatch("{" + ", ".join(self._readers) + "}")
            if commands and isinstance(commands[-1], nodes.Dedup) and not word.says("limit"):
                raise InvalidQuery("only limit may follow dedup", start)
            commands.append(self._readers[word.value.lower()]())
            if self.token.kind is Kind.END:
                return tuple(commands)
            self.expect("|")

    def _sources(self) -> None:
        """Pass over `SOURCE 'group' |`, which names the log groups that the records are from."""
        while self.take("source"):
            while not self.token.says("|") and self.token.kind is not Kind.END:
                self.advance()
            self.expect("|")

    def _columns(self) -> tuple[Column, ...]:
        columns = [self._column()]
        while self.take(","):
            columns.append(self._column())
        return tuple(columns)

    def _column(self) -> Column:
        node = self.expression()
        if not self.take("as"):
            return nodes.Column(node, node.name if isinstance(node, nodes.Field) else node.text)
        name = self._name()
        self._make(name)
        return nodes.Column(node, name.value)

    def _name(self) -> Token:
        if self.token.kind is not Kind.NAME:
            raise self.mismatch("a field's name")
        return self.advance()

    def _make(self, name: Token) -> None:
        if name.value in self._made:
            raise InvalidQuery(f"the field {name.value} has been made already", name.start)
        self._made.add(name.value)

    def _fields(self) -> Command:
        return nodes.Fields(self._columns())

    def _display(self) -> Command:
        return nodes.Display(self._columns())

    def _parse(self) -> Command:
        source: Node = nodes.Field("@message", "@message", self.token.start)
        if self.token.kind not in {Kind.TEXT, Kind.REGEX}:
            source = self.expression()
        token = self.advance()
        match token.kind:
            case Kind.TEXT:
                pattern = _glob(token.value)
            case Kind.REGEX:
                pattern = regular_expression(token)
            case _:
                raise InvalidQuery("parse needs a quoted glob or a /regular expression/", token.start)
        names = [name for name, _ in sorted(pattern.groupindex.items(), key=lambda item: item[1])]
        if self.take("as"):
            made = [self._name()]
            while self.take(","):
                made.append(self._name())
            for name in made:
                self._make(name)
            if len(made) != pattern.groups:
                raise InvalidQuery(
                    f"parse extracts {pattern.groups} values but names {len(made)}", made[0].start
                )
            names = [name.value for name in made]
        elif not names or len(names) != pattern.groups:
            raise InvalidQuery("parse needs a name for each value it extracts", token.start)
        return nodes.Parse(source, pattern, tuple(names))

    def _stats(self) -> Command:
        self._made = set()
        self.aggregates = True
        columns = self._columns()
        self.aggregates = False
        keys = self._columns() if self.take("by") else ()
        # After stats an aggregate's text is the name of its column.
        self.aggregates = True
        return nodes.Stats(columns, keys)

    def _sort(self) -> Command:
        keys = [self._sort_key()]
        while self.take(","):
            keys.append(self._sort_key())
        return nodes.Sort(tuple(keys))

    def _sort_key(self) -> tuple[Node, bool]:
        node = self.expression()
        direction = self.take("asc", "desc")
        return node, direction is not None and direction.says("desc")

    def _limit(self) -> Command:
        token = self.token
        if token.kind is not Kind.NUMBER or not token.value.isdigit():
            raise self.mismatch("a whole number")
        self.advance()
        count = int(token.value)
        if not 1 <= count <= MOST_ROWS:
            raise InvalidQuery(f"limit is from 1 to {MOST_ROWS}", token.start)
        return nodes.Limit(count)

    def _dedup(self) -> Command:
        keys = [self.expression()]
        while self.take(","):
            keys.append(self.expression())
        return nodes.Dedup(tuple(keys))

    def _unnest(self) -> Command:
        source = self.expression()
        self.expect("into")
        name = self._name()
        self._make(name)
        return nodes.Unnest(source, name.value)


def _glob(pattern: str) -> re.Pattern[str]:
    """A glob's asterisks take as little as they can, one at the very end all that is left.

    Taking each part at its earliest place is enough; an atomic group never tries another.
    """
    first, *rest = (re.escape(part) for part in pattern.split("*"))
    last = rest.pop() if rest and not rest[-1] else None
    source = first + "".join(f"(?>(.*?){part})" for part in rest) + ("(.*)" if last is not None else "")
    return re.compile(source, re.DOTALL)
