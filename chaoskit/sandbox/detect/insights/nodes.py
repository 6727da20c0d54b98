"""What a query means: its commands and their expressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re

    from chaoskit.sandbox.detect.insights.values import Value


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant; `quoted` texts compare as text even where they look like numbers."""

    value: Value
    quoted: bool
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a record, discovered or made by the query."""

    name: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Period:
    """A span of time: a count of milliseconds, or of calendar months."""

    milliseconds: int
    months: int
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function of its arguments, its name in lower case."""

    function: str
    arguments: tuple[Node, ...]
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Operation:
    """A symbol or keyword over operands: arithmetic, comparison, `and`, `or`, `not`."""

    operator: str
    operands: tuple[Node, ...]
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Membership:
    """`value in [...]`."""

    value: Node
    options: tuple[Node, ...]
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Likeness:
    """`value like "part"` or `value like /regular expression/`."""

    value: Node
    part: str | re.Pattern[str]
    text: str
    at: int


Node = Literal | Field | Period | Call | Operation | Membership | Likeness


@dataclass(frozen=True, slots=True)
class Column:
    """An expression and the name its values get: the alias, or else its own text."""

    node: Node
    name: str


@dataclass(frozen=True, slots=True)
class Fields:
    """`fields a, b as c`."""

    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Display:
    """`display a, b`."""

    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Parse:
    """`parse field PATTERN`: the pattern's groups become the fields of these names."""

    source: Node
    pattern: re.Pattern[str]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """`filter condition`."""

    condition: Node


@dataclass(frozen=True, slots=True)
class Stats:
    """`stats aggregates by keys`."""

    columns: tuple[Column, ...]
    keys: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    """`sort a desc, b`: each key and whether it descends."""

    keys: tuple[tuple[Node, bool], ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """`limit n`."""

    count: int


@dataclass(frozen=True, slots=True)
class Dedup:
    """`dedup a, b`."""

    keys: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Unnest:
    """`unnest list into item`: a record for each item of a list."""

    source: Node
    name: str


Command = Fields | Display | Parse | Filter | Stats | Sort | Limit | Dedup | Unnest
