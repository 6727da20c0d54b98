"""Training data is poisoned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaoskit.contract import Fault, fault
from chaoskit.faults._canaries import TRAINING, altered

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

# Plausible rows with the label turned round: no check of form or size would notice.
_POISONED: Final = b"x1,x2,label\n" + b"".join(b"%d.00,%d.50,%d\n" % (n, n % 7, n < 12) for n in range(24))  # noqa: PLR2004 - half of them


@fault(
    "s3.poison-training-data",
    layer="data",
    attack=("T1565.001",),
    atlas=("AML.T0020",),
    owasp_ml=("ML02",),
)
class PoisonTrainingData(Fault):
    """Write other rows over the training-data canary, which no model is trained on.

    Detected by: CloudTrail PutObject, a data event; an integrity check by hash.

    Attributes:
        bucket: The bucket's name; it must keep versions, and let the new one be deleted again: one with MFA
            delete, with a default retention or that replicates the canary is refused.
        key: The canary's key, under `canary/`.
    """

    bucket: str
    key: str = TRAINING

    def changes(self, aws: Reader) -> Changes:
        """Put the rows; undone by deleting every version that is new."""
        yield from altered(aws, "PutObject", self.bucket, self.key, Body=_POISONED)
