"""Nobody keeps what foundation models are asked any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "bedrock.disable-invocation-logging",
    layer="application",
    attack=("T1685.002",),
    atlas=("AML.T0034", "AML.T0040"),
)
class DisableInvocationLogging(Fault):
    """Delete the region's model invocation logging, as those who use models at other people's cost do first.

    Detected by: CloudTrail DeleteModelInvocationLoggingConfiguration.
    """

    def changes(self, aws: Reader) -> Changes:
        """Delete it; undone by the prior configuration. Where none is, there is nothing to do."""
        logging = Query("bedrock", "GetModelInvocationLoggingConfiguration", {}, "loggingConfig")
        prior = aws.read(logging)
        if not prior:
            return
        put = Call("bedrock", "PutModelInvocationLoggingConfiguration", loggingConfig=prior)
        yield Change(
            do=Call("bedrock", "DeleteModelInvocationLoggingConfiguration"), undo=(put,), state=logging
        )
