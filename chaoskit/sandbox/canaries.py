"""Canaries: data that nobody has a reason to change, so that any change of it is an attack.

CloudFormation has no resource for an object or a snapshot, so the deployment puts them beside the stack. The
objects' hashes are the manifest that the workload's integrity detector compares with.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Mapping

TRAINING: Final = "canary/training-data.csv"
MODEL: Final = "canary/model.tar.gz"
_ROWS: Final = 24
_SNAPSHOTS: Final = {
    "production-feature-cache": "production",
    "research-feature-cache": "research",
}


def digests() -> dict[str, str]:
    """The template parameters that tell the stack what the canaries hash to (SHA-256, hexadecimal)."""
    return {
        "TrainingCanarySha256": hashlib.sha256(_training_data()).hexdigest(),
        "ModelCanarySha256": hashlib.sha256(_model()).hexdigest(),
    }


def publish(s3: Any, made: Mapping[str, str]) -> None:
    """Put the canaries into the buckets of a deployed data layer; those that are there already stay.

    Args:
        s3: A boto3 client that may write to the buckets.
        made: The workload's outputs.
    """
    for output in ("ConfidentialBucket", "RestrictedBucket"):
        for key, body in ((TRAINING, _training_data()), (MODEL, _model())):
            if output in made and not _is_there(s3, made[output], key):
                s3.put_object(Bucket=made[output], Key=key, Body=body, ChecksumAlgorithm="SHA256")


def snapshot(ec2: Any) -> None:
    """Have a snapshot of an empty disk in each tier; those that are there already stay.

    Args:
        ec2: A boto3 client that may make and delete volumes and snapshots.
    """
    for name, tier in _SNAPSHOTS.items():
        if not _snapshots(ec2, name):
            zone = ec2.describe_availability_zones()["AvailabilityZones"][0]["ZoneName"]
            volume = ec2.create_volume(AvailabilityZone=zone, Size=1, VolumeType="gp3")["VolumeId"]
            ec2.get_waiter("volume_available").wait(VolumeIds=[volume])
            tags = [{"Key": "Name", "Value": name}, {"Key": "tier", "Value": tier}]
            made = ec2.create_snapshot(
                VolumeId=volume,
                Description="A canary of chaoskit: an empty disk",
                TagSpecifications=[{"ResourceType": "snapshot", "Tags": tags}],
            )
            ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[made["SnapshotId"]])
            ec2.delete_volume(VolumeId=volume)


def discard(ec2: Any) -> None:
    """Delete the snapshots."""
    for name in _SNAPSHOTS:
        for each in _snapshots(ec2, name):
            ec2.delete_snapshot(SnapshotId=each)


def _snapshots(ec2: Any, name: str) -> list[str]:
    named = [{"Name": "tag:Name", "Values": [name]}]
    found = ec2.describe_snapshots(OwnerIds=["self"], Filters=named)["Snapshots"]
    return [each["SnapshotId"] for each in found]


def _is_there(s3: Any, bucket: str, key: str) -> bool:
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchKey", "NotFound"):
            raise
        return False
    return True


def _training_data() -> bytes:
    """Rows of two features and a label that follows from them."""
    rows = [f"{n * 0.25:.2f},{(n * 7 % _ROWS) * 0.5:.2f},{int(n * 2 > _ROWS)}" for n in range(_ROWS)]
    return "\n".join(["x1,x2,label", *rows, ""]).encode()


def _model() -> bytes:
    """A `model.tar.gz` with the weights of a linear classifier, the same bytes each time."""
    weights = b'{"weights": [0.5, 0.0], "bias": -1.5}\n'
    entry = tarfile.TarInfo("weights.json")
    entry.size = len(weights)
    out = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=out, mode="wb", mtime=0, compresslevel=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as archive,
    ):
        archive.addfile(entry, io.BytesIO(weights))
    return out.getvalue()
