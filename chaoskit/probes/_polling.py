"""Waiting for a query service to end what it was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaoskit.aws import Query, Reader

_POLL_S: Final = 0.25


def polled(aws: Reader, query: Query, running: Callable[[Any], bool], most: int) -> Any:
    """What a query answers once it is not `running` any more, or after the `most`th look.

    Raises:
        AwsError: It can't be read.
    """
    from tenacity import (  # noqa: PLC0415 - probes are scanned by every command, and this takes a while
        Retrying,
        retry_if_result,
        stop_after_attempt,
        wait_fixed,
    )

    again = Retrying(
        retry=retry_if_result(running),
        wait=wait_fixed(_POLL_S),
        stop=stop_after_attempt(most),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    return again(aws.read, query)
