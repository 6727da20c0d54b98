"""Reads expressions: `or` binds least, then `and`, `not`, comparisons, `+ -`, `* / %`, `^`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.sandbox.detect.insights.aggregates import AGGREGATE_NAMES, PERCENTILES
from chaoskit.sandbox.detect.insights.errors import InvalidQuery
from chaoskit.sandbox.detect.insights.functions import FUNCTIONS
from chaoskit.sandbox.detect.insights.lexer import Kind
from chaoskit.sandbox.detect.insights.nodes import (
    Call,
    Field,
    Likeness,
    Literal,
    Membership,
    Operation,
    Period,
)
from chaoskit.sandbox.detect.insights.regexes import regular_expression

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from chaoskit.sandbox.detect.insights.lexer import Token
    from chaoskit.sandbox.detect.insights.nodes import Node

_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
# Far more than a query needs, far less than would exhaust the stack.
_DEEPEST = 30
_LONGEST_CHAIN = 50
_UNITS = {
    "ms": (1, 0),
    "s": (1000, 0),
    "m": (60_000, 0),
    "h": (3_600_000, 0),
    "d": (86_400_000, 0),
    "w": (604_800_000, 0),
    "mo": (0, 1),
    "q": (0, 3),
    "y": (0, 12),
}


class Expressions:
    """A place among a query's tokens, and the reading of expressions from there."""

    def __init__(self, query: str, found: list[Token]) -> None:
        self.query = query
        self.aggregates = False
        """Whether aggregates may be used here."""
        self._tokens = found
        self._place = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        """The token that comes next."""
        return self._tokens[self._place]

    def advance(self) -> Token:
        """Take the next token, whatever it is."""
        token = self.token
        if token.kind is not Kind.END:
            self._place += 1
        return token

    def take(self, *words: str) -> Token | None:
        """Take the next token if it is one of these keywords or symbols."""
        return self.advance() if self.token.says(*words) else None

    def mismatch(self, expected: str) -> InvalidQuery:
        """Why the query is refused: the next token is not what must come."""
        token = self.token
        seen = f"'{self.query[token.start : token.end]}'" if token.kind is not Kind.END else "<EOF>"
        return InvalidQuery(f"mismatched input {seen} expecting {expected}", token.start)

    def expect(self, word: str) -> Token:
        """Take a keyword or symbol that must come next."""
        token = self.take(word)
        if token is None:
            raise self.mismatch(f"'{word}'")
        return token

    def written(self, start: int) -> str:
        """The query's text from `start` to the last token taken, blanks made single."""
        return " ".join(self.query[start : self._tokens[self._place - 1].end].split())

    def expression(self) -> Node:
        """Read one expression."""
        return self._nested(lambda: self._joined(self._conjunction, "or"))

    def _nested(self, read: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise InvalidQuery("the expression is nested too deeply", self.token.start)
        node = read()
        self._depth -= 1
        return node

    def _joined(self, operand: Callable[[], Node], word: str) -> Node:
        start = self.token.start
        operands = [operand()]
        while self.take(word):
            operands.append(operand())
        return (
            operands[0]
            if len(operands) == 1
            else Operation(word, tuple(operands), self.written(start), start)
        )

    def _conjunction(self) -> Node:
        return self._joined(self._negation, "and")

    def _negation(self) -> Node:
        start = self.token.start
        if self.take("not"):
            inner = self._nested(self._negation)
            return Operation("not", (inner,), self.written(start), start)
        return self._comparison()

    def _comparison(self) -> Node:
        start = self.token.start
        left = self._sum()
        operator = self.take(*_COMPARISONS)
        if operator:
            right = self._sum()
            return Operation(operator.value, (left, right), self.written(start), start)
        negated = self.token.says("not") and self._tokens[self._place + 1].says("like", "in")
        if negated:
            self.advance()
        found: Node
        if self.take("like", "=~"):
            found = Likeness(left, self._part(), self.written(start), start)
        elif self.take("in"):
            found = Membership(left, self._options(), self.written(start), start)
        else:
            return left
        return Operation("not", (found,), self.written(start), start) if negated else found

    def _part(self) -> str | re.Pattern[str]:
        token = self.token
        match token.kind:
            case Kind.TEXT:
                return self.advance().value
            case Kind.REGEX:
                self.advance()
                return regular_expression(token)
            case _:
                raise self.mismatch("a quoted text or a /regular expression/")

    def _options(self) -> tuple[Node, ...]:
        self.expect("[")
        options = [self.expression()]
        while self.take(","):
            options.append(self.expression())
        self.expect("]")
        return tuple(options)

    def _sum(self) -> Node:
        return self._chain(self._product, "+", "-")

    def _product(self) -> Node:
        return self._chain(self._power, "*", "/", "%")

    def _power(self) -> Node:
        return self._chain(self._unary, "^")

    def _chain(self, operand: Callable[[], Node], *operators: str) -> Node:
        start = self.token.start
        node = operand()
        length = 0
        while operator := self.take(*operators):
            length += 1
            if length > _LONGEST_CHAIN:
                raise InvalidQuery("the expression is too long", operator.start)
            node = Operation(operator.value, (node, operand()), self.written(start), start)
        return node

    def _unary(self) -> Node:
        start = self.token.start
        if self.take("-"):
            inner = self._nested(self._unary)
            return Operation("negate", (inner,), self.written(start), start)
        return self._primary()

    def _primary(self) -> Node:
        token = self.token
        if self.take("("):
            inner = self.expression()
            self.expect(")")
            return inner
        match token.kind:
            case Kind.NUMBER:
                self.advance()
                number = int(token.value) if token.value.isdigit() else float(token.value)
                return Literal(number, quoted=False, text=token.value, at=token.start)
            case Kind.TEXT:
                self.advance()
                return Literal(token.value, quoted=True, text=self.written(token.start), at=token.start)
            case Kind.PERIOD:
                self.advance()
                return _period(token)
            case Kind.NAME:
                self.advance()
                if token.bare and self.token.says("("):
                    return self._call(token)
                if token.bare and token.value.lower() in {"true", "false"}:
                    return Literal(token.value.lower() == "true", False, token.value, token.start)
                return Field(token.value, self.written(token.start), token.start)
            case _:
                raise self.mismatch("a field, a value or a function")

    def _call(self, name: Token) -> Node:
        self.expect("(")
        function = name.value.lower()
        arguments: list[Node] = []
        if function in AGGREGATE_NAMES:
            arguments = self._aggregate_arguments(name)
        elif not self.take(")"):
            arguments.append(self.expression())
            while self.take(","):
                arguments.append(self.expression())
            self.expect(")")
        text = self.written(name.start)
        if function == "bin" and len(arguments) == 1 and isinstance(arguments[0], Period):
            timestamp = Field("@timestamp", "@timestamp", name.start)
            return Call("datefloor", (timestamp, arguments[0]), text, name.start)
        self._check(name, function, len(arguments))
        return Call(function, tuple(arguments), text, name.start)

    def _aggregate_arguments(self, name: Token) -> list[Node]:
        if not self.aggregates:
            raise InvalidQuery(f"the aggregate {name.value} can only be used in stats", name.start)
        if self.take(")"):
            return []
        if name.value.lower() == "count" and self.take("*"):
            self.expect(")")
            return []
        self.aggregates = False
        arguments = [self.expression()]
        while self.take(","):
            arguments.append(self.expression())
        self.aggregates = True
        self.expect(")")
        return arguments

    def _check(self, name: Token, function: str, given: int) -> None:
        if function in AGGREGATE_NAMES:
            fewest = 2 if function in PERCENTILES else int(function != "count")
            most = max(fewest, 1)
        elif function == "now":
            fewest = most = 0
        elif function == "bin":
            raise InvalidQuery("bin takes one period, such as 5m", name.start)
        elif function in FUNCTIONS:
            fewest, most, _ = FUNCTIONS[function]
        else:
            raise InvalidQuery(f"unknown function {name.value}", name.start)
        if not fewest <= given <= most:
            wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
            raise InvalidQuery(f"{name.value} takes {wanted} arguments, not {given}", name.start)


def _period(token: Token) -> Period:
    digits = token.value.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = token.value[len(digits) :]
    # `min`, `mins`, `minutes` are minutes; `mo`, `month` are months; `ms`, `milliseconds` are their own.
    if unit.startswith(("ms", "mil")):
        short = "ms"
    elif unit.startswith("mo"):
        short = "mo"
    else:
        short = unit[0]
    milliseconds, months = _UNITS[short]
    count = int(digits)
    if count == 0:
        raise InvalidQuery("a period is longer than nothing", token.start)
    return Period(count * milliseconds, count * months, token.value, token.start)
