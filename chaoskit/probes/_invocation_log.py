"""Whether Bedrock keeps what foundation models are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaoskit.aws import Query
from chaoskit.contract import Observation

if TYPE_CHECKING:
    from chaoskit.aws import Reader

_LOGGING: Final = Query("bedrock", "GetModelInvocationLoggingConfiguration", {}, "loggingConfig")


def logged(aws: Reader, log_group: str) -> Observation:
    """Whether the region's model invocation log is on, with texts, and goes to the log group."""
    found = aws.read(_LOGGING) or {}
    group = (found.get("cloudWatchConfig") or {}).get("logGroupName")
    texts = bool(found.get("textDataDeliveryEnabled"))
    holds = texts and group == log_group
    return Observation(
        holds=holds,
        summary=f"model invocations are {'' if holds else 'not '}logged with texts to {log_group}",
        evidence={"log_group": group, "texts": texts},
    )
