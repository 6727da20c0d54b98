"""Log groups and their events, as moto keeps them. Hold the sandbox's lock while using these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.detect.metric_filters import InvalidFilterPattern, compile_filter_pattern
from chaoskit.sandbox.state import backends
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from chaoskit.sandbox.detect.metric_filters import FilterPattern


def log_group(account: str, region: str, name: str) -> Any:
    """A log group, by name or ARN.

    Raises:
        ApiError: `ResourceNotFoundException`.
    """
    if name.startswith("arn:"):
        _, _, _, region, account, resource = name.split(":", 5)
        name = resource.removeprefix("log-group:").removesuffix(":*")
    group = backends("logs")[account][region].groups.get(name)
    if group is None:
        raise ApiError("ResourceNotFoundException", "The specified log group does not exist.")
    return group


def filter_pattern(text: str) -> FilterPattern:
    """A compiled filter pattern.

    Raises:
        ApiError: `InvalidParameterException`, with the place of the error.
    """
    try:
        return compile_filter_pattern(text)
    except InvalidFilterPattern as refused:
        raise ApiError("InvalidParameterException", str(refused)) from None


def page_start(token: object) -> int:
    """Where the page of a `nextToken` begins.

    Raises:
        ApiError: `InvalidParameterException`, when it is not a token that was handed out.
    """
    text = str(token or 0)
    if not text.isdigit():
        raise ApiError("InvalidParameterException", "The specified nextToken is invalid.")
    return int(text)
