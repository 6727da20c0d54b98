"""Bedrock: guardrails that really block, and a simulated model behind them that repeats what it is asked.

`guardrails.Guardrails` and `access.ModelAccess` answer the control plane, `runtime.Runtime` the
invocations; what a guardrail makes of a text is decided in `assessment`, by `lexicon`. moto keeps the rest,
the logging configuration among it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.sandbox.bedrock.access import ModelAccess
from chaoskit.sandbox.bedrock.guardrails import Guardrails
from chaoskit.sandbox.bedrock.runtime import Runtime

if TYPE_CHECKING:
    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.metrics import CloudWatch
    from chaoskit.sandbox.wire import Provider

__all__ = ["providers"]


def providers(cloud: Sandbox, cloudwatch: CloudWatch) -> tuple[Provider, ...]:
    """What answers `bedrock` and `bedrock-runtime`."""
    guardrails = Guardrails(cloud)
    return guardrails, ModelAccess(), Runtime(cloud, cloudwatch, guardrails)
