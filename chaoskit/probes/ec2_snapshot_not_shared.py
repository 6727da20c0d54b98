"""Looks whether a disk snapshot is used by its own account only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Query
from chaoskit.contract import Probe, probe
from chaoskit.probes._sharing import shared

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Observation, Trace


@probe("ec2.snapshot-not-shared")
class SnapshotNotShared(Probe):
    """No other account, and not everyone, may make volumes of the EBS snapshots of that name.

    Attributes:
        name: The snapshots' tag `Name`.
    """

    name: str

    reads = ("ec2:DescribeSnapshotAttribute", "ec2:DescribeSnapshots")

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read who may use them."""
        del trace
        own = {"OwnerIds": ["self"], "Filters": [{"Name": "tag:Name", "Values": [self.name]}]}
        found: set[str] = set()
        for snapshot in aws.read(Query("ec2", "DescribeSnapshots", own, "Snapshots[].SnapshotId")) or ():
            where: dict[str, Any] = {"SnapshotId": snapshot, "Attribute": "createVolumePermission"}
            select = "CreateVolumePermissions[].[UserId, Group][]"
            found.update(aws.read(Query("ec2", "DescribeSnapshotAttribute", where, select)) or ())
        return shared(f"snapshot {self.name}", sorted(found), aws)
