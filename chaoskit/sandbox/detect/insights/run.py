"""Runs the commands of a query over records, one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chaoskit.sandbox.detect.insights import nodes
from chaoskit.sandbox.detect.insights.evaluate import Evaluator, aggregates
from chaoskit.sandbox.detect.insights.parser import MOST_ROWS
from chaoskit.sandbox.detect.insights.record import Record
from chaoskit.sandbox.detect.insights.values import Instant, Structure, as_value, sort_key, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chaoskit.sandbox.detect.insights.nodes import Command
    from chaoskit.sandbox.detect.insights.values import Value

    Row = dict[str, str | int | float]


@dataclass(frozen=True, slots=True)
class Result:
    """What a query found.

    Attributes:
        rows: A field's value by its name; a field that a record lacks is left out. Times are written as
            Logs Insights writes them, true and false are 1 and 0.
        matched: How many records passed its filters.
        scanned: How many records it looked at.
    """

    rows: list[Row]
    matched: int
    scanned: int


def run(
    commands: Iterable[Command],
    records: Iterable[Mapping[str, object]],
    *,
    now: int | None = None,
    limit: int = MOST_ROWS,
) -> Result:
    """Run a parsed query.

    Args:
        commands: What `parse` gave.
        records: Log records: `@timestamp` in milliseconds, `@message`, and any other fields.
        now: The time of the query in milliseconds, for `now()`.
        limit: The most rows, unless the query has a limit of its own.

    Raises:
        InvalidQuery: An expression cannot be evaluated, whatever the record.
    """
    pipeline = _Pipeline(Evaluator(now), sorted((Record(one) for one in records), key=_newest_first))
    scanned = len(pipeline.records)
    limited = False
    for command in commands:
        pipeline.apply(command)
        limited = limited or isinstance(command, nodes.Limit)
    if not limited:
        pipeline.records = pipeline.records[:limit]
    matched = len(pipeline.records) if pipeline.matched is None else pipeline.matched
    return Result(pipeline.rows(), matched, scanned)


@dataclass(slots=True)
class _Pipeline:
    evaluator: Evaluator
    records: list[Record]
    matched: int | None = None
    shown: list[str] = field(default_factory=list)
    displayed: list[str] | None = None
    aggregated: bool = False

    def apply(self, command: Command) -> None:
        if self.matched is None and isinstance(command, nodes.Stats | nodes.Limit | nodes.Dedup):
            self.matched = len(self.records)
        match command:
            case nodes.Fields():
                self._make(command.columns)
                self.shown += [one.name for one in command.columns if one.name not in self.shown]
            case nodes.Display():
                self._make(command.columns)
                self.displayed = [one.name for one in command.columns]
            case nodes.Filter():
                holds = self.evaluator.holds
                self.records = [one for one in self.records if holds(command.condition, one)]
            case nodes.Parse():
                self._parse(command)
            case nodes.Stats():
                self._stats(command)
            case nodes.Sort():
                self._sort(command)
            case nodes.Limit():
                self.records = self.records[: command.count]
            case nodes.Dedup():
                self._dedup(command)
            case _:
                self._unnest(command)

    def rows(self) -> list[Row]:
        names = self.displayed if self.displayed is not None else self.shown or ["@timestamp", "@message"]
        if not self.aggregated:
            names = [*names, "@ptr"]
        return [_row(record, names) for record in self.records]

    def _make(self, columns: tuple[nodes.Column, ...]) -> None:
        made = [one for one in columns if not isinstance(one.node, nodes.Field) or one.node.name != one.name]
        for record in self.records:
            for column in made:
                record.made[column.name] = self.evaluator.value(column.node, record)

    def _parse(self, command: nodes.Parse) -> None:
        for record in self.records:
            written = text(self.evaluator.value(command.source, record))
            found = command.pattern.search(written) if written is not None else None
            values = found.groups() if found else (None,) * len(command.names)
            record.made.update(zip(command.names, values, strict=True))

    def _stats(self, command: nodes.Stats) -> None:
        value = self.evaluator.value
        groups: dict[tuple[str | None, ...], tuple[list[Value], list[Record]]] = {}
        for record in self.records:
            keys = [value(key.node, record) for key in command.keys]
            groups.setdefault(tuple(map(text, keys)), (keys, []))[1].append(record)
        self.records = [self._group(command, keys, members) for keys, members in groups.values()]
        self.shown = [one.name for one in (*command.keys, *command.columns)]
        self.displayed = None
        self.aggregated = True

    def _group(self, command: nodes.Stats, keys: list[Value], members: list[Record]) -> Record:
        made = {key.name: found for key, found in zip(command.keys, keys, strict=True)}
        made |= {key.node.text: found for key, found in zip(command.keys, keys, strict=True)}
        for column in command.columns:
            made |= {call.text: self.evaluator.aggregate(call, members) for call in aggregates(column.node)}
        row = Record({}, made)
        for column in command.columns:
            # One by one: a column may compute with those before it.
            made[column.name] = self.evaluator.value(column.node, row)
        return row

    def _sort(self, command: nodes.Sort) -> None:
        for node, descending in reversed(command.keys):
            valued = [(self.evaluator.value(node, one), one) for one in self.records]
            present = [pair for pair in valued if pair[0] is not None]
            present.sort(key=lambda pair: sort_key(pair[0]), reverse=descending)
            self.records = [one for _, one in present] + [one for found, one in valued if found is None]

    def _dedup(self, command: nodes.Dedup) -> None:
        """Keep the first of equals; a record that lacks one of the fields equals no other."""
        seen: set[tuple[str | None, ...]] = set()
        kept: list[Record] = []
        for record in self.records:
            keys = tuple(text(self.evaluator.value(key, record)) for key in command.keys)
            if None not in keys:
                if keys in seen:
                    continue
                seen.add(keys)
            kept.append(record)
        self.records = kept

    def _unnest(self, command: nodes.Unnest) -> None:
        """A record for each item of a list; what is no list is a list of one, what is missing of none."""
        records = []
        for record in self.records:
            found = self.evaluator.value(command.source, record)
            items = found.held if isinstance(found, Structure) and isinstance(found.held, list) else [found]
            records += [record.copied(command.name, as_value(item)) for item in items if item is not None]
        self.records = records


def _newest_first(record: Record) -> int:
    at = record.get("@timestamp")
    return -at.milliseconds if isinstance(at, Instant) else 0


def _row(record: Record, names: list[str]) -> Row:
    row: Row = {}
    for name in names:
        match record.get(name):
            case None:
                continue
            case bool() as flag:
                row[name] = int(flag)
            case Instant() | Structure() as found:
                row[name] = str(found)
            case value:
                row[name] = value
    return row
