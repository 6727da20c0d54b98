"""Objects that faults put and delete: nothing stays of them, and a bucket that would keep it is refused."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.errors import GuardError
from chaoskit.faults.s3_exfiltrate_through_endpoint import ExfiltrateThroughEndpoint
from chaoskit.faults.s3_poison_training_data import PoisonTrainingData
from chaoskit.faults.s3_ransom_canary import RansomCanary
from chaoskit.faults.s3_swap_model_artifact import SwapModelArtifact

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chaoskit.aws import Query, Reader
    from chaoskit.contract import Fault
    from tests.faults.between import Account

NUMBERS = count(1)
KEYS = ("canary/training-data.csv", "canary/model.tar.gz")


def exfiltrate(bucket: str) -> Fault:
    return ExfiltrateThroughEndpoint(endpoint="vpce-0123456789abcdef0", bucket=bucket)


def poison(bucket: str) -> Fault:
    return PoisonTrainingData(bucket=bucket)


def swap(bucket: str) -> Fault:
    return SwapModelArtifact(bucket=bucket)


def ransom(bucket: str) -> Fault:
    return RansomCanary(bucket=bucket)


puts = pytest.mark.parametrize("fault", [exfiltrate, poison, swap])
writes = pytest.mark.parametrize("fault", [exfiltrate, poison, ransom, swap])


class Bucket:
    """A new bucket with the canaries in it."""

    def __init__(self, place: Account, versioning: str | None = "Enabled", *, lock: bool = False) -> None:
        self.s3, self.name = place.client("s3"), f"kept-{next(NUMBERS)}"
        self.s3.create_bucket(Bucket=self.name, ObjectLockEnabledForBucket=lock)
        if versioning:
            self.s3.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": versioning})

    def fill(self) -> None:
        for key in KEYS:
            self.s3.put_object(Bucket=self.name, Key=key, Body=b"the canary")

    def replicate(self, **more: Any) -> None:
        rule = {
            "ID": "copies",
            "Priority": 1,
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": {"Bucket": "arn:aws:s3:::the-copy"},
            **more,
        }
        told = {"Role": "arn:aws:iam::444455556666:role/copies", "Rules": [rule]}
        told["Rules"] = [{name: each for name, each in rule.items() if each is not None}]
        self.s3.put_bucket_replication(Bucket=self.name, ReplicationConfiguration=told)

    def retain(self) -> None:
        rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
        self.s3.put_object_lock_configuration(
            Bucket=self.name, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
        )

    def versions(self) -> list[tuple[str, str, bool]]:
        found = self.s3.list_object_versions(Bucket=self.name)
        listed = [*found.get("Versions", ()), *found.get("DeleteMarkers", ())]
        return [(each["Key"], each["VersionId"], each["IsLatest"]) for each in listed]


class WithMfaDelete:
    """An account whose buckets have MFA delete on, which only a root user with a device could switch on."""

    def __init__(self, place: Account) -> None:
        self.account, self.region, self._place = place.account, place.region, place

    def read(self, query: Query) -> Any:
        return "Enabled" if query.select == "MFADelete" else self._place.read(query)

    def messages(self, queue_url: str) -> list[Any]:
        raise NotImplementedError(queue_url)


def refused(fault: Fault, aws: Reader, why: str) -> None:
    with pytest.raises(GuardError, match=f"{why}.*name another bucket"):
        next(fault.changes(aws))


@pytest.mark.parametrize("versioning", [None, "Enabled", "Suspended"])
def test_no_version_of_what_was_carried_out_stays_in_the_strangers_bucket(
    place: Account, tmp_path: Path, versioning: str | None
) -> None:
    bucket = Bucket(place, versioning)
    during: list[Any] = []
    (undone,) = place.undone(exfiltrate(bucket.name), tmp_path, lambda: during.extend(bucket.versions()))
    assert undone.ok
    assert [key for key, *_ in during] == ["chaoskit-canary"]
    assert bucket.versions() == []


def test_a_version_that_lies_hidden_in_the_strangers_bucket_is_not_written_over(place: Account) -> None:
    bucket = Bucket(place)
    which = {"Bucket": bucket.name, "Key": "chaoskit-canary"}
    bucket.s3.put_object(**which, Body=b"theirs")
    bucket.s3.delete_object(**which)
    assert list(exfiltrate(bucket.name).changes(place.aws)) == []


@pytest.mark.parametrize("fault", [poison, ransom, swap])
def test_what_was_done_to_a_canary_is_taken_away_version_by_version(
    place: Account, tmp_path: Path, fault: Callable[[str], Fault]
) -> None:
    bucket = Bucket(place)
    bucket.fill()
    before = bucket.versions()
    during: list[Any] = []
    (undone,) = place.undone(fault(bucket.name), tmp_path, lambda: during.extend(bucket.versions()))
    assert undone.ok
    assert len(during) == len(before) + 1
    assert bucket.versions() == before


@writes
def test_a_bucket_in_which_only_root_may_delete_a_version_is_refused(
    place: Account, fault: Callable[[str], Fault]
) -> None:
    refused(fault(Bucket(place).name), WithMfaDelete(place), "has MFA delete on")


@puts
def test_a_bucket_that_locks_new_objects_is_refused(place: Account, fault: Callable[[str], Fault]) -> None:
    bucket = Bucket(place, lock=True)
    bucket.retain()
    refused(fault(bucket.name), place.aws, "locks each new object")


def test_a_delete_marker_is_taken_away_from_a_bucket_that_locks_objects(
    place: Account, tmp_path: Path
) -> None:
    bucket = Bucket(place, lock=True)
    bucket.retain()
    bucket.fill()
    before = bucket.versions()
    (undone,) = place.undone(ransom(bucket.name), tmp_path)
    assert undone.ok
    assert bucket.versions() == before


@puts
@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"Filter": {}},
        {"Filter": {"And": {"Prefix": "c", "Tags": [{"Key": "a", "Value": "b"}]}}},
        {"Filter": None, "DeleteMarkerReplication": None, "Prefix": "c"},
    ],
)
def test_a_bucket_that_copies_what_is_put_is_refused(
    place: Account, fault: Callable[[str], Fault], rule: dict[str, Any]
) -> None:
    bucket = Bucket(place)
    bucket.replicate(**rule)
    refused(fault(bucket.name), place.aws, "replicates")


@pytest.mark.parametrize("rule", [{"Status": "Disabled"}, {"Filter": {"Prefix": "logs/"}}])
@writes
def test_a_bucket_that_copies_other_keys_or_has_ceased_to_is_not_refused(
    place: Account, fault: Callable[[str], Fault], rule: dict[str, Any]
) -> None:
    bucket = Bucket(place)
    bucket.replicate(**rule)
    assert len(list(fault(bucket.name).changes(place.aws))) == 1


@pytest.mark.parametrize(
    "rule",
    [
        {"DeleteMarkerReplication": {"Status": "Enabled"}},
        {"Filter": None, "DeleteMarkerReplication": None, "Prefix": ""},
    ],
)
def test_a_delete_marker_that_would_be_copied_is_not_made(place: Account, rule: dict[str, Any]) -> None:
    bucket = Bucket(place)
    bucket.replicate(**rule)
    refused(ransom(bucket.name), place.aws, "replicates")


def test_a_delete_marker_that_is_not_copied_may_be_made(place: Account) -> None:
    bucket = Bucket(place)
    bucket.replicate()
    assert len(list(ransom(bucket.name).changes(place.aws))) == 1
