"""Calls that do no harm when they are made twice, tried again while what keeps them from success may pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from chaoskit.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Aws, Call

_TRIES: Final = 6
_FIRST_WAIT_S: Final = 0.1
_LONGEST_WAIT_S: Final = 5.0


def steadily(aws: Aws, call: Call) -> Mapping[str, Any]:
    """Make a call that may be made twice; its answer.

    Raises:
        AwsError: It did not succeed, however often it was tried.
    """
    retrying = Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, AwsError) and error.transient),
        wait=wait_random_exponential(multiplier=_FIRST_WAIT_S, max=_LONGEST_WAIT_S),
        stop=stop_after_attempt(_TRIES),
        reraise=True,
    )
    return retrying(aws.send, call)
