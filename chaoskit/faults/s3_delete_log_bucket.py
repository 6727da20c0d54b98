"""The bucket with the trail's logs is to be deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from chaoskit.contract import Fault, fault
from chaoskit.faults._sessions import harmless

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("s3.delete-log-bucket", layer="data", attack=("T1685.002", "T1485"))
class DeleteLogBucket(Fault):
    """Ask to delete the bucket that holds a trail's logs, as one who has emptied it would.

    The call is never let through: see `harmless`.

    Detected by: CloudTrail DeleteBucket (denied).

    Attributes:
        role_arn: A role that the run may assume, which need not be allowed anything.
        bucket: The log bucket's name.
    """

    role_arn: str
    bucket: str

    example: ClassVar = {"role_arn": "arn:aws:iam::444455556666:role/a-role"}

    def changes(self, aws: Reader) -> Changes:
        """Ask in a session that is limited to nothing: it is refused with or without a guardrail."""
        del aws
        yield from harmless(self.role_arn, "s3", "DeleteBucket", Bucket=self.bucket)
