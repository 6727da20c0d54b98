"""CloudWatch Logs filter patterns, as metric filters, subscription filters and FilterLogEvents use them.

Source: CloudWatch Logs User Guide, "Filter pattern syntax for metric filters, subscription filters, filter
log events, and Live Tail". A pattern in braces is for JSON events, one in brackets for space-delimited
events, any other for plain text.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from chaoskit.sandbox.detect.metric_filters.delimited_pattern import DelimitedPattern
from chaoskit.sandbox.detect.metric_filters.json_pattern import JsonPattern
from chaoskit.sandbox.detect.metric_filters.operand import number_of, text_of
from chaoskit.sandbox.detect.metric_filters.scan import InvalidFilterPattern
from chaoskit.sandbox.detect.metric_filters.text_pattern import TextPattern

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "FilterPattern",
    "InvalidFilterPattern",
    "compile_filter_pattern",
    "match_metric_filter",
    "number_of",
    "text_of",
]

LONGEST = 1024
"""Characters of a pattern (CloudWatch Logs API Reference, PutMetricFilter)."""


class FilterPattern(Protocol):
    """A compiled filter pattern.

    Attributes:
        structured: Whether events have fields for it, so that metrics may have dimensions.
        regexes: How many regular expressions it has.
    """

    structured: bool
    regexes: int

    def matches(self, event: object) -> bool:
        """Whether a log event, its text or a JSON object, matches."""
        ...

    def extract(self, event: object) -> dict[str, str]:
        """The values of the fields that the pattern names, as TestMetricFilter shows them."""
        ...

    def value(self, event: object, reference: str) -> object:
        """The scalar that `$.selector` or `$field` stands for in an event, or None."""
        ...


@lru_cache(maxsize=512)
def compile_filter_pattern(pattern: str) -> FilterPattern:
    """Compile a pattern once for many events.

    Raises:
        InvalidFilterPattern: With what is wrong and at which character.
    """
    if len(pattern) > LONGEST:
        raise InvalidFilterPattern(f"it is longer than {LONGEST} characters", LONGEST)
    match pattern.lstrip()[:1]:
        case "{":
            return JsonPattern(pattern)
        case "[":
            return DelimitedPattern(pattern)
        case _:
            return TextPattern(pattern)


def match_metric_filter(pattern: str, event: Mapping[str, object] | str) -> bool:
    """Whether CloudWatch Logs would match a log event: its message, or the JSON object it holds.

    Raises:
        InvalidFilterPattern: CloudWatch Logs would refuse the pattern.
    """
    return compile_filter_pattern(pattern).matches(event)
