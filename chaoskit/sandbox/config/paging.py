"""A page of a list, as APIs with a limit and a token hand it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MOST = 100


def page(
    items: Sequence[Any], params: Mapping[str, Any], *, limit: str, token: str
) -> tuple[list[Any], dict[str, str]]:
    """The items that a request is answered with, and the next token where there are more.

    Args:
        items: All of them.
        params: The request.
        limit: What the API calls the size of a page.
        token: What it calls the token, which here is the number of the next item.

    Raises:
        ApiError: `InvalidNextTokenException`, for a token that nobody was given.
    """
    given = str(params.get(token) or "0")
    if not given.isdecimal():
        raise ApiError("InvalidNextTokenException", "The specified next token is not valid.")
    start = int(given)
    end = start + min(int(params.get(limit) or _MOST) or _MOST, _MOST)
    return list(items[start:end]), ({token: str(end)} if end < len(items) else {})
