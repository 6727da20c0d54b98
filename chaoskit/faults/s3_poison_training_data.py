"""Training data is poisoned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaoskit.aws import Call
from chaoskit.contract import Change, Fault, fault
from chaoskit.errors import GuardError
from chaoskit.faults._versions import delete_new, keeps_versions, versions

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_POISONED: Final = b"x1,x2,label\n0.00,0.00,1\n0.25,3.50,1\n5.50,11.50,0\n5.75,8.00,0\n"
"""Labels the other way round."""


@fault(
    "s3.poison-training-data", layer="data", attack=("T1565.001",), atlas=("AML.T0020",), owasp_ml=("ML02",)
)
class PoisonTrainingData(Fault):
    """Replace a training-data canary with rows whose labels are flipped, as an intruder poisons a model.

    Only a canary, an object that no training job reads, is replaced.
    The bucket must keep versions: the undo deletes the version that the fault made, by its id.

    Detected by: PutObject (a data event).

    Attributes:
        bucket: The bucket's name.
        key: The canary's key.
    """

    bucket: str
    key: str = "canary/training-data.csv"

    def changes(self, aws: Reader) -> Changes:
        """Put other content; undone by deleting every version that was not there before."""
        if aws.read(keeps_versions(self.bucket)) != "Enabled":
            raise GuardError(f"{self.bucket} keeps no versions, so {self.key} could not be put back")
        yield Change(
            do=Call("s3", "PutObject", Bucket=self.bucket, Key=self.key, Body=_POISONED),
            undo=(delete_new(self.bucket, self.key),),
            state=versions(self.bucket, self.key),
        )
