"""A disk snapshot is shared with a foreign account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._documents import STRANGER

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("ec2.share-snapshot", layer="data", attack=("T1537",), atlas=("AML.T0025",), owasp_ml=("ML03",))
class ShareSnapshot(Fault):
    """Let a foreign account make volumes of an EBS snapshot, such as of a notebook's disk.

    Detected by: CloudTrail ModifySnapshotAttribute.

    Attributes:
        name: The snapshot's tag `Name`. The deployment's canary snapshots are of empty disks.
        account: The foreign account's id. On AWS it must exist.
    """

    name: str
    account: str = STRANGER

    def changes(self, aws: Reader) -> Changes:
        """Add the account to those who may; undone by removing it. Among them already, it is not ours."""
        own = {"OwnerIds": ["self"], "Filters": [{"Name": "tag:Name", "Values": [self.name]}]}
        for snapshot in aws.read(Query("ec2", "DescribeSnapshots", own, "Snapshots[].SnapshotId")) or ():
            where: dict[str, Any] = {"SnapshotId": snapshot, "Attribute": "createVolumePermission"}
            select = f"CreateVolumePermissions[?UserId=='{self.account}'].UserId"
            state = Query("ec2", "DescribeSnapshotAttribute", where, select)
            if aws.read(state):
                continue
            modify, who = "ModifySnapshotAttribute", [{"UserId": self.account}]
            do, undo = (
                Call("ec2", modify, **where, CreateVolumePermission={kind: who}) for kind in ("Add", "Remove")
            )
            yield Change(do=do, undo=(undo,), state=state)
