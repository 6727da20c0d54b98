"""How GuardDuty answers lists page by page, and how it refuses a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaoskit.sandbox.wire import ApiCall

MOST = 50
"""Items of a page, and findings that one request can name."""


def bad_request(what: str) -> ApiError:
    """GuardDuty's only refusal, with its reason."""
    return ApiError("BadRequestException", f"The request is rejected because {what}.")


def page(call: ApiCall, name: str, items: Sequence[str]) -> dict[str, Any]:
    """The page that a call asks for, under the name that the operation gives its list.

    Raises:
        ApiError: BadRequestException for a token that no page gave.
    """
    token = str(call.params.get("NextToken") or "")
    if token and not token.isdigit():
        raise bad_request("the input nextToken is invalid")
    start = int(token or 0)
    end = start + int(call.params.get("MaxResults") or MOST)
    answer: dict[str, Any] = {name: list(items[start:end])}
    return {**answer, "NextToken": str(end)} if end < len(items) else answer
