"""Looks whether it is kept what foundation models are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Probe, probe
from chaoskit.probes._invocation_log import logged

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Observation, Trace


@probe("bedrock.invocations-logged")
class InvocationsLogged(Probe):
    """The region's model invocation logging is on, with texts, and goes to the log group.

    Attributes:
        log_group: The log group.
    """

    log_group: str

    reads = ("bedrock:GetModelInvocationLoggingConfiguration",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the configuration."""
        del trace
        return logged(aws, self.log_group)
