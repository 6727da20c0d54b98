from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.aws import Call
from chaoskit.aws.calls import Credentials
from chaoskit.contract import Trace
from chaoskit.probes._security_findings import Traits, basis, names, tied
from chaoskit.probes.guardduty_finding import Finding as GuardDutyFinding
from chaoskit.probes.securityhub_finding import Finding as HubFinding
from tests.answers import Answers
from tests.samples import ACCOUNT, NOW, REGION, attempt

if TYPE_CHECKING:
    from tests.probes.conftest import Account

ID = "20260301T120000-abc123.1"
KEY = "AKIAIOSFODNN7EXAMPLE"
BUCKET = "ml-research-training-data-444455556666"
ARN = f"arn:aws:s3:::{BUCKET}"
TYPE = "Policy:S3/BucketAnonymousAccessGranted"
SEEN = f"{NOW:%Y-%m-%dT%H:%M:%S}.000Z"
NOBODY = Traits(
    principal="", access_key="", user_agent="", api="PutBucketAcl", resources=frozenset(), last_seen=SEEN
)


def run(number: int = 1) -> Trace:
    """A run that opened a bucket with a leaked key, half a second after a full one."""
    call = Call("s3", "PutBucketAcl", Bucket=BUCKET, signed_by=Credentials(KEY, "secret"))
    made = attempt(call=call, request_id="req-1", at=NOW + timedelta(seconds=0.5))
    return Trace(f"20260301T120000-abc123.{number}", NOW, (made,))


MARKS: list[tuple[str, dict[str, Any]]] = [
    ("user agent", {"user_agent": f"[Boto3/1 run/{ID}]"}),
    ("session name", {"principal": f"AROAEXAMPLE:chaoskit-{ID}"}),
    ("access key id", {"access_key": KEY}),
    ("resource", {"resources": frozenset({ARN})}),
]


@pytest.mark.parametrize(("by", "mark"), MARKS)
def test_each_key_ties_a_finding_and_is_named(by: str, mark: dict[str, Any]) -> None:
    found = tied(replace(NOBODY, **mark), run())
    assert found is not None
    assert found[1] == by


@pytest.mark.parametrize(("by", "mark"), MARKS)
def test_a_finding_of_activity_before_the_fault_does_not_count(by: str, mark: dict[str, Any]) -> None:
    del by
    before = f"{NOW - timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}.000Z"
    assert tied(replace(NOBODY, **mark, last_seen=before), run()) is None
    assert tied(replace(NOBODY, **mark, last_seen=""), run()) is None


def test_nobodys_finding_is_not_tied() -> None:
    assert tied(NOBODY, run()) is None


def test_ten_runs_at_once_on_one_bucket_each_see_their_own_only() -> None:
    runs = [run(number) for number in range(1, 11)]
    for own in runs:
        traits = replace(NOBODY, principal=f"AROAEXAMPLE:chaoskit-{own.trace_id}", resources=frozenset({ARN}))
        assert [each.trace_id for each in runs if tied(traits, each)] == [own.trace_id]


def test_another_call_on_the_same_bucket_does_not_count() -> None:
    traits = replace(NOBODY, api="PutBucketPolicy", resources=frozenset({ARN}))
    assert tied(traits, run()) is None


@pytest.mark.parametrize(
    ("api", "operation"),
    [
        ("PutBucketPublicAccessBlock", "PutPublicAccessBlock"),
        ("DeleteAccountPublicAccessBlock", "DeletePublicAccessBlock"),
        ("AddPermission20150331v2", "AddPermission"),
    ],
)
def test_operations_are_known_by_the_names_that_cloudtrail_gives_them(api: str, operation: str) -> None:
    made = attempt(call=Call("s3", operation, Bucket=BUCKET), at=NOW)
    assert tied(replace(NOBODY, api=api, resources=frozenset({ARN})), Trace(ID, NOW, (made,))) is not None


def test_a_name_is_not_the_beginning_or_end_of_another() -> None:
    assert names(BUCKET, ARN)
    assert names("training", "arn:aws:iam::444455556666:role/training")
    assert not names("training", "arn:aws:iam::444455556666:role/my-training")
    assert not names("", ARN)


def test_what_a_finding_rests_on_is_told() -> None:
    assert basis("Stealth:IAMUser/CloudTrailLoggingDisabled", sample=False) == "rule"
    assert basis("Exfiltration:S3/AnomalousBehavior", sample=False) == "anomaly model"
    assert basis("Exfiltration:S3/AnomalousBehavior", sample=True) == "sample"


def guardduty(type_: str = TYPE, additional: str = "{}", count: int = 1, **call: Any) -> Answers:
    """An account with one finding of GuardDuty's about this run's call; the sandbox knows no baselines."""
    service = {
        "Action": {"AwsApiCallAction": {"Api": "PutBucketAcl", "AffectedResources": {}, **call}},
        "AdditionalInfo": {"Value": additional},
        "EventLastSeen": SEEN,
        "Count": count,
    }
    finding = {
        "Arn": "arn:finding",
        "Type": type_,
        "Severity": 8.0,
        "Title": "t",
        "UpdatedAt": SEEN,
        "Resource": {"S3BucketDetails": [{"Arn": ARN}]},
        "Service": service,
    }
    return Answers(
        ListDetectors={"DetectorIds": ["d"]},
        ListFindings={"FindingIds": ["f"]},
        GetFindings={"Findings": [finding]},
    )


def test_a_finding_of_an_anomaly_model_is_labelled_in_evidence_and_summary() -> None:
    kind = "Exfiltration:S3/AnomalousBehavior"
    seen = GuardDutyFinding(type=kind).look(guardduty(kind), run())
    assert seen.holds is True
    assert seen.evidence["basis"] == "anomaly model"
    assert "anomaly model" in seen.summary


def test_a_sample_never_counts_and_the_summary_says_so() -> None:
    seen = GuardDutyFinding(type=TYPE).look(guardduty(additional=json.dumps({"sample": True})), run())
    assert seen.holds is False
    assert seen.evidence["samples"] == 1
    assert "samples" in seen.summary


def test_a_finding_about_another_resource_than_the_expected_does_not_count() -> None:
    assert GuardDutyFinding(type=TYPE, resource=BUCKET).look(guardduty(), run()).holds is True
    assert GuardDutyFinding(type=TYPE, resource="other").look(guardduty(), run()).holds is False


@pytest.mark.parametrize(
    ("agent", "count", "found"),
    [
        ("", 1, True),
        (f"[Boto3/1 run/{ID}]", 1, True),
        ("[console.amazonaws.com]", 1, False),
        (f"[Boto3/1 run/{ID}0]", 1, False),
        ("[console.amazonaws.com]", 2, None),
        (f"[Boto3/1 run/{ID}]", 2, True),
    ],
    ids=["of-nobody", "own", "another's", "another-run's", "of-several-calls", "own-of-several"],
)
def test_a_finding_with_anothers_user_agent_is_not_tied_by_the_resource(
    agent: str, count: int, found: bool | None
) -> None:
    seen = GuardDutyFinding(type=TYPE, resource=BUCKET).look(guardduty(UserAgent=agent, count=count), run())
    assert seen.holds is found


def test_without_a_detector_nothing_can_be_told() -> None:
    account = Answers(ListDetectors={"DetectorIds": []})
    assert GuardDutyFinding(type=TYPE).look(account, run()).holds is None
    assert GuardDutyFinding(type=TYPE).ready(account).holds is False


@pytest.mark.parametrize(
    ("criterion", "ready"),
    [
        ({"type": {"Eq": ["Other:Type/X"]}}, True),
        ({"type": {"Equals": [TYPE]}}, False),
        ({"severity": {"Lt": 9}}, False),
        ({"type": {"Neq": [TYPE]}}, True),
    ],
)
def test_only_a_suppression_rule_that_may_archive_the_type_makes_it_unready(
    criterion: dict[str, Any], ready: bool
) -> None:
    account = Answers(
        ListDetectors={"DetectorIds": ["d"]},
        GetDetector={"Status": "ENABLED"},
        ListFilters={"FilterNames": ["rule"]},
        GetFilter={"Action": "ARCHIVE", "FindingCriteria": {"Criterion": criterion}},
    )
    assert GuardDutyFinding(type=TYPE).ready(account).holds is ready


def hub(**more: Any) -> Answers:
    """An account whose Security Hub has one finding about this run's bucket."""
    finding = {
        "Id": "one",
        "ProductArn": "arn:aws:securityhub:us-east-1::product/aws/config",
        "ProductName": "Config",
        "Title": "no-public-read",
        "CreatedAt": SEEN,
        "UpdatedAt": SEEN,
        "Resources": [{"Type": "AwsS3Bucket", "Id": ARN}],
        **more,
    }
    return Answers(GetFindings={"Findings": [finding]})


@pytest.mark.parametrize(
    ("product", "origin"),
    [
        ("arn:aws:securityhub:us-east-1::product/aws/config", "rule"),
        ("arn:aws:securityhub:us-east-1:444455556666:product/444455556666/default", "imported"),
    ],
)
def test_who_found_it_is_told(product: str, origin: str) -> None:
    seen = HubFinding().look(hub(ProductArn=product), run())
    assert seen.holds is True
    assert seen.evidence["origin"] == origin
    assert origin in seen.summary


def test_a_sample_in_security_hub_never_counts() -> None:
    assert HubFinding().look(hub(Sample=True), run()).holds is False


CLOSED: list[dict[str, Any]] = [
    {"Compliance": {"Status": "PASSED"}},
    {"Compliance": {"Status": "NOT_AVAILABLE"}},
    {"Compliance": {"Status": "WARNING"}},
    {"Compliance": {"Status": "FAILED"}, "Workflow": {"Status": "RESOLVED"}},
    {"Sample": True},
]
OPEN: list[dict[str, Any]] = [{}, {"Compliance": {"Status": "FAILED"}, "Workflow": {"Status": "NEW"}}]


@pytest.mark.parametrize(
    ("more", "open_"), [*((each, False) for each in CLOSED), *((each, True) for each in OPEN)]
)
@pytest.mark.parametrize("attempts", [run().attempts, ()], ids=["after the fault", "before it"])
def test_a_finding_counts_if_it_says_that_something_is_wrong(
    attempts: Any, more: dict[str, Any], open_: bool
) -> None:
    trace = replace(run(), attempts=attempts)
    assert HubFinding(resource=BUCKET).look(hub(**more), trace).holds is open_


def test_a_finding_of_a_call_before_the_fault_leaves_the_fault_to_be_found() -> None:
    call = {"AwsApiCallAction": {"Api": "PutBucketAcl"}}
    assert HubFinding(resource=BUCKET).look(hub(Action=call), replace(run(), attempts=())).holds is False


def test_without_a_resource_an_older_finding_leaves_it_open_whether_it_has_changed() -> None:
    older = hub(CreatedAt="2025-06-01T00:00:00Z", Compliance={"Status": "FAILED"})
    assert HubFinding().look(older, run()).holds is None
    assert HubFinding(resource=BUCKET).look(older, run()).holds is True
    assert HubFinding().look(hub(Compliance={"Status": "FAILED"}), run()).holds is True


def test_what_failed_before_the_fault_is_seen_before_it_and_what_fails_anew_after_it(
    account: Account,
) -> None:
    hub = account.client("securityhub")
    hub.enable_security_hub(EnableDefaultStandards=False)
    probe, before = HubFinding(resource=BUCKET), replace(run(), attempts=())

    def checked(status: str, at: str) -> None:
        product = f"arn:aws:securityhub:{REGION}:{ACCOUNT}:product/{ACCOUNT}/default"
        finding = {
            "SchemaVersion": "2018-10-08",
            "Id": "control",
            "ProductArn": product,
            "GeneratorId": "control",
            "AwsAccountId": ACCOUNT,
            "CreatedAt": "2025-06-01T00:00:00Z",
            "UpdatedAt": at,
            "Severity": {"Label": "HIGH"},
            "Title": "Buckets are closed",
            "Description": "Buckets are closed",
            "Resources": [{"Type": "AwsS3Bucket", "Id": ARN}],
            "Compliance": {"Status": status},
        }
        assert hub.batch_import_findings(Findings=[finding])["FailedCount"] == 0

    checked("FAILED", "2025-06-01T00:00:00Z")
    assert probe.look(account.reader, before).holds is True
    checked("PASSED", "2026-02-01T00:00:00Z")
    assert probe.look(account.reader, before).holds is False
    checked("PASSED", "2026-03-01T12:00:01Z")
    assert probe.look(account.reader, run()).holds is False
    checked("FAILED", "2026-03-01T12:00:02Z")
    assert probe.look(account.reader, run()).holds is True


def test_a_finding_from_before_the_run_does_not_count_in_security_hub() -> None:
    assert HubFinding().look(hub(UpdatedAt="2026-03-01T11:59:00Z"), run()).holds is False
