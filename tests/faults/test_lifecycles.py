"""Lifecycle rules: what stands beside them is kept during a fault and after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.faults.s3_expire_objects import ExpireObjects
from chaoskit.faults.s3_shorten_log_retention import ShortenLogRetention
from tests.faults import shapes
from tests.sandbox.aws import refusal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.between import Account

faults = pytest.mark.parametrize("fault", [ExpireObjects, ShortenLogRetention])
ARCHIVED = {
    "ID": "archived",
    "Status": "Enabled",
    "Filter": {"And": {"Prefix": "data/", "ObjectSizeGreaterThan": 500}},
    "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}],
    "NoncurrentVersionExpiration": {"NoncurrentDays": 90, "NewerNoncurrentVersions": 2},
}


def test_a_put_takes_all_that_a_get_tells() -> None:
    told = shapes.operation("s3", "GetBucketLifecycleConfiguration").output_shape.members.keys()
    assert told == {"Rules", "TransitionDefaultMinimumObjectSize"}


@faults
@pytest.mark.parametrize("size", ["varies_by_storage_class", "all_storage_classes_128K"])
def test_the_size_from_which_objects_are_moved_is_kept(
    place: Account, tmp_path: Path, fault: type[ExpireObjects | ShortenLogRetention], size: str
) -> None:
    s3, bucket = place.client("s3"), f"{fault.about.name}-{size}".replace("_", "-").lower()
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={"Rules": [ARCHIVED]},
        TransitionDefaultMinimumObjectSize=size,
    )
    during: list[Any] = []

    def told() -> tuple[Any, str]:
        found = s3.get_bucket_lifecycle_configuration(Bucket=bucket)
        return found["Rules"], found["TransitionDefaultMinimumObjectSize"]

    (undone,) = place.undone(fault(bucket=bucket), tmp_path, lambda: during.extend(told()))
    assert undone.ok
    rules, kept = during
    assert ([each["ID"] for each in rules][:-1], kept) == (["archived"], size)
    assert told() == ([ARCHIVED], size)


@faults
def test_a_bucket_without_rules_has_none_afterwards(
    place: Account, tmp_path: Path, fault: type[ExpireObjects | ShortenLogRetention]
) -> None:
    s3, bucket = place.client("s3"), f"{fault.about.name}-bare"
    s3.create_bucket(Bucket=bucket)
    (undone,) = place.undone(fault(bucket=bucket), tmp_path)
    assert undone.ok
    none = refusal(s3.get_bucket_lifecycle_configuration, Bucket=bucket)
    assert none[0] == "NoSuchLifecycleConfiguration"
