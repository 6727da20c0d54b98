"""A model artifact is swapped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaoskit.contract import Fault, fault
from chaoskit.faults._canaries import MODEL, altered

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

# Nothing that could be loaded, let alone run: a model archive may carry code.
_SWAPPED: Final = b"chaoskit: not a model\n"


@fault(
    "s3.swap-model-artifact",
    layer="data",
    attack=("T1565.001", "T1195.002"),
    atlas=("AML.T0018", "AML.T0010"),
    owasp_ml=("ML06", "ML07", "ML10"),
)
class SwapModelArtifact(Fault):
    """Write something else over the model canary, which no endpoint serves.

    Detected by: CloudTrail PutObject, a data event; an integrity check by hash.

    Attributes:
        bucket: The bucket's name; it must keep versions, and let the new one be deleted again: one with MFA
            delete, with a default retention or that replicates the canary is refused.
        key: The canary's key, under `canary/`.
    """

    bucket: str
    key: str = MODEL

    def changes(self, aws: Reader) -> Changes:
        """Put it; undone by deleting every version that is new."""
        yield from altered(aws, "PutObject", self.bucket, self.key, Body=_SWAPPED)
