"""Why a query is refused."""

from __future__ import annotations


class InvalidQuery(ValueError):  # noqa: N818 - named as InvalidEventPattern beside it is
    """A query that Logs Insights refuses (MalformedQueryException).

    Attributes:
        reason: What is wrong.
        at: The character where it is wrong, counted from 0.
    """

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(f"{reason} (character {at + 1} of the query)")
        self.reason = reason
        self.at = at
