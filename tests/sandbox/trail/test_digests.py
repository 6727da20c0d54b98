from __future__ import annotations

import gzip
import json
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.aws import MEMBER, policy
from tests.sandbox.trail.delivered import Delivered
from tests.sandbox.trail.validation import Validation

if TYPE_CHECKING:
    from tests.sandbox.trail.audited import Audited
    from tests.sandbox.trail.validation import Findings

DIGESTS = f"AWSLogs/{MEMBER}/CloudTrail-Digest/us-east-1/"
FIELDS = [
    "awsAccountId",
    "digestStartTime",
    "digestEndTime",
    "digestS3Bucket",
    "digestS3Object",
    "digestPublicKeyFingerprint",
    "digestSignatureAlgorithm",
    "newestEventTime",
    "oldestEventTime",
    "previousDigestS3Bucket",
    "previousDigestS3Object",
    "previousDigestHashValue",
    "previousDigestHashAlgorithm",
    "previousDigestSignature",
    "logFiles",
]


class Validated(Delivered):
    """A trail with log file validation."""

    def __init__(self, aws: Audited, name: str) -> None:
        super().__init__(aws, name, EnableLogFileValidation=True)

    def hours(self, number: int = 1) -> None:
        """Let some hours pass, with something to log in the first."""
        self.aws.client("iam").list_users()
        self.flush()
        self.aws.served.cloud.clock.advance(3_600 * number)
        self.aws.settle()

    def digests(self) -> list[dict[str, Any]]:
        """The digests, oldest first."""
        return [self.read(key) for key in self.files("/CloudTrail-Digest/")]

    def validate(self) -> Findings:
        """What a validation finds of the last weeks."""
        now = self.aws.served.cloud.now()
        return Validation(self.s3, self.cloudtrail, self.bucket, now - timedelta(days=14), now).run(DIGESTS)

    def overwrite(self, key: str, content: dict[str, Any]) -> None:
        """Forge a file, its metadata kept."""
        kept = self.s3.head_object(Bucket=self.bucket, Key=key)["Metadata"]
        body = gzip.compress(json.dumps(content).encode())
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, Metadata=kept)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_digest_comes_every_hour_under_the_documented_key_with_the_documented_fields(aws: Audited) -> None:
    trail = Validated(aws, "hourly")
    trail.hours(3)
    digests = trail.digests()
    assert len(digests) == 3
    for digest in digests:
        assert list(digest) == FIELDS
        assert at(digest["digestEndTime"]) - at(digest["digestStartTime"]) == timedelta(hours=1)
        assert re.fullmatch(
            rf"{DIGESTS}\d{{4}}/\d\d/\d\d/"
            rf"{MEMBER}_CloudTrail-Digest_us-east-1_hourly_us-east-1_\d{{8}}T\d{{6}}Z\.json\.gz",
            digest["digestS3Object"],
        )
    assert digests[0]["digestEndTime"] == digests[1]["digestStartTime"]
    assert digests[0]["previousDigestS3Bucket"] is digests[0]["previousDigestSignature"] is None
    assert digests[1]["previousDigestS3Object"] == digests[0]["digestS3Object"]
    assert digests[0]["logFiles"]
    assert (digests[1]["logFiles"], digests[1]["newestEventTime"]) == ([], None)
    assert "LatestDigestDeliveryTime" in trail.status()


def test_every_log_file_is_in_one_digest_with_the_times_of_its_events(aws: Audited) -> None:
    trail = Validated(aws, "complete")
    for _ in range(3):
        trail.hours()
    trail.hours()
    listed = [log for digest in trail.digests() for log in digest["logFiles"]]
    assert sorted(log["s3Object"] for log in listed) == trail.files()
    for log in listed:
        times = [record["eventTime"] for record in trail.read(log["s3Object"])["Records"]]
        assert (log["oldestEventTime"], log["newestEventTime"]) == (min(times), max(times))


def test_what_was_delivered_validates(aws: Audited) -> None:
    trail = Validated(aws, "honest")
    for _ in range(3):
        trail.hours()
    found = trail.validate()
    assert found.problems == []
    assert len(found.digests) == 3
    assert found.logs
    assert found.gaps == 0


def test_a_changed_and_a_deleted_log_file_are_found(aws: Audited) -> None:
    trail = Validated(aws, "tampered")
    trail.hours()
    trail.hours()
    changed, deleted = (digest["logFiles"][0]["s3Object"] for digest in trail.digests()[:2])
    content = trail.read(changed)
    content["Records"] = content["Records"][1:]
    trail.overwrite(changed, content)
    trail.s3.delete_object(Bucket=trail.bucket, Key=deleted)
    assert sorted(trail.validate().problems) == [f"changed log: {changed}", f"missing log: {deleted}"]


def test_a_changed_and_a_deleted_digest_are_found(aws: Audited) -> None:
    trail = Validated(aws, "forged")
    trail.hours(4)
    _, forged, deleted, _ = (digest["digestS3Object"] for digest in trail.digests())
    trail.overwrite(forged, {**trail.read(forged), "logFiles": []})
    trail.s3.delete_object(Bucket=trail.bucket, Key=deleted)
    found = trail.validate()
    assert found.problems == [f"missing digest: {deleted}", f"forged digest: {forged}"]
    assert len(found.digests) == 2


def test_a_stopped_trail_gets_a_final_digest_and_a_new_start_a_new_chain(aws: Audited) -> None:
    trail = Validated(aws, "resumed")
    trail.hours()
    trail.cloudtrail.stop_logging(Name="resumed")
    aws.served.cloud.clock.advance(2)
    aws.settle()
    final = trail.digests()[-1]
    last_log = trail.read(final["logFiles"][-1]["s3Object"])
    assert last_log["Records"][-1]["eventName"] == "StopLogging"
    aws.served.cloud.clock.advance(3 * 3_600)
    aws.settle()
    assert trail.digests()[-1] == final
    trail.cloudtrail.start_logging(Name="resumed")
    trail.hours()
    assert trail.digests()[-1]["previousDigestS3Object"] is None
    found = trail.validate()
    assert (found.problems, found.gaps, len(found.digests)) == ([], 1, 3)


def test_validation_switched_on_later_covers_what_comes_later_and_ends_when_switched_off(
    aws: Audited,
) -> None:
    trail = Delivered(aws, "switched")
    aws.client("iam").list_users()
    early = trail.files()
    trail.cloudtrail.update_trail(Name="switched", EnableLogFileValidation=True)
    trail.flush()
    aws.served.cloud.clock.advance(3_700)
    [digest] = [trail.read(key) for key in trail.files("/CloudTrail-Digest/")]
    assert not {log["s3Object"] for log in digest["logFiles"]} & set(early)
    trail.cloudtrail.update_trail(Name="switched", EnableLogFileValidation=False)
    aws.served.cloud.clock.advance(2 * 3_600)
    assert len(trail.files("/CloudTrail-Digest/")) == 1


def test_a_digest_that_the_bucket_refuses_is_reported_and_its_files_are_in_the_next(aws: Audited) -> None:
    trail = Validated(aws, "delayed")
    trail.flush()
    [statement] = json.loads(trail.s3.get_bucket_policy(Bucket=trail.bucket)["Policy"])["Statement"]
    only_logs = {**statement, "Resource": f"arn:aws:s3:::{trail.bucket}/AWSLogs/{MEMBER}/CloudTrail/*"}
    trail.s3.put_bucket_policy(Bucket=trail.bucket, Policy=policy(only_logs))
    trail.hours()
    status = trail.status()
    assert status["LatestDigestDeliveryError"] == "AccessDenied"
    assert "LatestDeliveryError" not in status
    assert trail.digests() == []
    trail.open()
    trail.hours()
    [digest] = trail.digests()
    assert at(digest["digestEndTime"]) - at(digest["digestStartTime"]) == timedelta(hours=2)
    assert "LatestDigestDeliveryError" not in trail.status()
    assert trail.validate().problems == []


def test_public_keys_are_those_of_the_time_range_and_change_after_a_month(aws: Audited) -> None:
    cloudtrail = aws.client("cloudtrail")
    [current] = cloudtrail.list_public_keys()["PublicKeyList"]
    now = aws.served.cloud.now()
    assert current["ValidityStartTime"] <= now < current["ValidityEndTime"]
    aws.served.cloud.clock.advance(31 * 86_400)
    [later] = cloudtrail.list_public_keys()["PublicKeyList"]
    assert later["Fingerprint"] != current["Fingerprint"]
    both = cloudtrail.list_public_keys(StartTime=now)["PublicKeyList"]
    assert [key["Fingerprint"] for key in both] == [current["Fingerprint"], later["Fingerprint"]]
    with pytest.raises(ClientError) as refused:
        cloudtrail.list_public_keys(StartTime=now, EndTime=now - timedelta(days=1))
    assert refused.value.response["Error"]["Code"] == "InvalidTimeRangeException"
