"""The log of model invocations goes on, without what was asked and answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "bedrock.mute-invocation-logging",
    layer="application",
    attack=("T1685.002",),
    atlas=("AML.T0034", "AML.T0040"),
)
class MuteInvocationLogging(Fault):
    """Stop the delivery of texts to the model invocation log: it still looks switched on.

    Detected by: CloudTrail PutModelInvocationLoggingConfiguration.
    """

    def changes(self, aws: Reader) -> Changes:
        """Write it without texts; undone by the prior configuration. Without texts already, it is left."""
        logging = Query("bedrock", "GetModelInvocationLoggingConfiguration", {}, "loggingConfig")
        prior = aws.read(logging) or {}
        if not prior.get("textDataDeliveryEnabled"):
            return
        put = "PutModelInvocationLoggingConfiguration"
        muted = {**prior, "textDataDeliveryEnabled": False}
        yield Change(
            do=Call("bedrock", put, loggingConfig=muted),
            undo=(Call("bedrock", put, loggingConfig=prior),),
            state=logging,
        )
