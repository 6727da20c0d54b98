"""A log record as a query sees it: system fields, fields discovered in its message, and made ones.

Source: CloudWatch Logs User Guide, "Supported logs and discovered fields".
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from chaoskit.sandbox.detect.insights.values import Instant, Structure, as_value, instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.sandbox.detect.insights.values import Value

_LAMBDA = re.compile(r"(START|END|REPORT) RequestId: (\S+)")
_LAMBDA_FIELDS = {
    "@duration": re.compile(r"\tDuration: ([\d.]+) ms"),
    "@billedDuration": re.compile(r"\tBilled Duration: ([\d.]+) ms"),
    "@memorySize": re.compile(r"\tMemory Size: (\d+) MB"),
    "@maxMemoryUsed": re.compile(r"\tMax Memory Used: (\d+) MB"),
    "@initDuration": re.compile(r"\tInit Duration: ([\d.]+) ms"),
}
_MEMORY_FIELDS = {"@memorySize", "@maxMemoryUsed"}
_BYTES = 1_000_000
_TIMES = {"@timestamp", "@ingestionTime"}


class Record:
    """One record: its fields by name, found when asked for.

    Args:
        given: `@timestamp` in milliseconds since the epoch, `@message` as text or a JSON object, and any
            other fields. Without a message it is the JSON object that was logged, at its `eventTime`.
        made: Fields that the query made; they hide others of the same name.
    """

    __slots__ = ("_document", "_given", "_parsed", "made")

    def __init__(self, given: Mapping[str, object], made: dict[str, Value] | None = None) -> None:
        self.made: dict[str, Value] = {} if made is None else made
        self._given = given
        self._parsed = False
        self._document: object = None

    def get(self, name: str) -> Value:
        """A field's value, or None."""
        if name in self.made:
            return self.made[name]
        if name == "@message":
            return self.message
        if name in self._given:
            value = _scalar(self._given[name])
            return instant(value) if name in _TIMES else value
        if name == "@timestamp" and "@message" not in self._given:
            return instant(self._given.get("eventTime"))
        if name.startswith("@") and not name.startswith("@@"):
            return self._of_lambda(name)
        found = _scalar(_find(self.document, name.removeprefix("@")))
        return found if found is not None or not self.made else self._within(name)

    def _within(self, name: str) -> Value:
        """What is inside a map or list that the query made."""
        at = name.find(".")
        while at >= 0:
            made = self.made.get(name[:at])
            if isinstance(made, Structure):
                return as_value(_find(made.held, name[at + 1 :]))
            at = name.find(".", at + 1)
        return None

    def copied(self, name: str, value: Value) -> Record:
        """The same record with one more field made."""
        return Record(self._given, {**self.made, name: value})

    @property
    def message(self) -> str | None:
        """The message as text; an object as compact JSON."""
        message = self._given.get("@message", self._given)
        if message is None or isinstance(message, str):
            return message
        return json.dumps(message, separators=(",", ":"), default=str)

    @property
    def document(self) -> object:
        """The JSON of the message, if it is JSON."""
        if not self._parsed:
            self._parsed = True
            message = self._given.get("@message", self._given)
            self._document = _json(message) if isinstance(message, str) else message
        return self._document

    def _of_lambda(self, name: str) -> Value:
        found = _LAMBDA.match(self.message or "")
        if found is None:
            return None
        if name == "@type":
            return found.group(1)
        if name == "@requestId":
            return found.group(2)
        pattern = _LAMBDA_FIELDS.get(name)
        told = pattern.search(self.message or "") if pattern else None
        if told is None:
            return None
        # Lambda writes megabytes, Logs Insights shows bytes.
        return float(told.group(1)) * (_BYTES if name in _MEMORY_FIELDS else 1)


def _json(message: str) -> object:
    if not message.lstrip().startswith("{"):
        return None
    try:
        return json.loads(message)
    except (ValueError, RecursionError):
        return None


def _find(node: object, name: str) -> object:
    """The value at a dotted name; keys may have dots themselves, and numbers are places in arrays."""
    match node:
        case dict():
            if name in node:
                return node[name]
            at = name.find(".")
            while at >= 0:
                if name[:at] in node:
                    found = _find(node[name[:at]], name[at + 1 :])
                    if found is not None:
                        return found
                at = name.find(".", at + 1)
        case list():
            head, _, rest = name.partition(".")
            if head.isdigit() and int(head) < len(node):
                item = node[int(head)]
                return _find(item, rest) if rest else item
    return None


def _scalar(value: object) -> Value:
    return value if isinstance(value, str | int | float | bool | Instant) else None
