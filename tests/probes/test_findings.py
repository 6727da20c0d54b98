from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chaoskit.aws import Call
from chaoskit.aws.calls import Credentials
from chaoskit.contract import Trace
from chaoskit.probes._findings import moment, opened, tied
from tests.samples import NOW, attempt

ID = "20260301T120000-abc123.1"
OTHER = "20260301T120000-ddd444.1"
KEY = "AKIAIOSFODNN7EXAMPLE"
LATER = NOW + timedelta(seconds=30)
BUCKET = "ml-research-training-data-444455556666"


def trace(number: int = 1) -> Trace:
    """A run that opened a bucket with a leaked key."""
    call = Call("s3", "PutBucketAcl", Bucket=BUCKET, signed_by=Credentials(KEY, "secret"))
    made = attempt(call=call, request_id="req-1")
    return Trace(f"20260301T120000-abc123.{number}", NOW, (made,))


def record(**fields: Any) -> dict[str, Any]:
    """A CloudTrail record of the same operation by somebody else."""
    return {
        "eventName": "PutBucketAcl",
        "eventTime": "2026-03-01T12:00:01Z",
        "userAgent": "aws-cli/2",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::444455556666:user/someone"},
        "requestParameters": {"bucketName": BUCKET},
        **fields,
    }


MARKS = [
    ("user agent", f"Boto3/1 chaoskit/1 run/{ID}"),
    ("session name", f"arn:aws:sts::444455556666:assumed-role/chaoskit-harness/chaoskit-{ID}"),
    ("access key id", KEY),
    ("request id", "req-1"),
    ("ARN", f"arn:aws:s3:::{BUCKET}"),
]


@pytest.mark.parametrize(("by", "text"), MARKS)
def test_each_key_ties_a_finding_and_is_named(by: str, text: str) -> None:
    tie = tied({"title": "found", "details": [{"text": text}]}, trace(), LATER)
    assert tie is not None
    assert tie.by == by


@pytest.mark.parametrize("weakest", range(1, len(MARKS)))
def test_the_strongest_key_that_a_finding_carries_is_named(weakest: int) -> None:
    finding = dict(MARKS[weakest - 1 :])
    tie = tied(finding, trace(), LATER)
    assert tie is not None
    assert tie.by == MARKS[weakest - 1][0]


@pytest.mark.parametrize(("by", "text"), MARKS)
def test_a_finding_older_than_the_fault_does_not_count(by: str, text: str) -> None:
    del by
    assert tied({"text": text}, trace(), NOW - timedelta(minutes=1)) is None


@pytest.mark.parametrize("mark", [f"run/{OTHER}", f"assumed-role/chaoskit-harness/chaoskit-{OTHER}"])
def test_a_finding_of_another_run_on_the_same_resource_does_not_count(mark: str) -> None:
    assert tied({"by": mark, "resource": f"arn:aws:s3:::{BUCKET}"}, trace(), LATER) is None


def test_a_name_alone_does_not_tie_a_finding_without_a_time() -> None:
    assert tied({"resource": f"arn:aws:s3:::{BUCKET}"}, trace()) is None


def test_a_longer_name_is_another_resource() -> None:
    assert tied({"resource": f"arn:aws:s3:::{BUCKET}-logs"}, trace(), LATER) is None


def test_a_cloudtrail_record_in_a_finding_decides_even_if_the_finding_names_the_resource() -> None:
    finding = {"resource": f"arn:aws:s3:::{BUCKET}", "_raw": json.dumps(record())}
    assert tied(finding, trace(), LATER) is None
    mine = {**finding, "_raw": json.dumps(record(requestID="req-1"))}
    tie = tied(mine, trace(), LATER)
    assert tie is not None
    assert tie.by == "request id"


def test_a_record_of_a_key_used_before_the_fault_does_not_count() -> None:
    identity = {"type": "IAMUser", "accessKeyId": KEY}
    assert trace().caused(record(userIdentity=identity)) is not None
    assert trace().caused(record(userIdentity=identity, eventTime="2026-03-01T11:00:00Z")) is None


def test_ten_runs_at_once_each_see_their_own_only() -> None:
    runs = [trace(number) for number in range(1, 11)]
    for own in runs:
        finding = {"text": f"agent run/{own.trace_id} was here", "resource": f"arn:aws:s3:::{BUCKET}"}
        logged = record(userAgent=f"[Boto3/1 run/{own.trace_id}]")
        seen_by = [run.trace_id for run in runs if tied(finding, run, LATER)]
        assert seen_by == [own.trace_id]
        assert [run.trace_id for run in runs if run.caused(logged)] == [own.trace_id]


def test_before_the_first_call_nothing_is_of_the_run() -> None:
    assert tied({"text": f"run/{ID}"}, Trace(ID, NOW), LATER) is None


@pytest.mark.parametrize(
    "written",
    ["2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000+00:00", 1772366400, "1772366400.0", 1772366400000],
)
def test_times_are_read_as_services_write_them(written: object) -> None:
    assert moment(written) == datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("written", [None, True, "yesterday", [], 1e300])
def test_what_is_no_time_is_none(written: object) -> None:
    assert moment(written) is None


def test_what_sns_wrapped_is_unwrapped() -> None:
    envelope = {"Type": "Notification", "Message": json.dumps({"a": 1})}
    assert opened(json.dumps(envelope)) == {"a": 1}
    assert opened("plain words") == "plain words"
