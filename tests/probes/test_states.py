"""What probes of a state take for sound, and what only looks so."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.contract import Trace
from chaoskit.errors import AwsError
from chaoskit.probes.access_analyzer_finding import AnalyzerFinding
from chaoskit.probes.cloudtrail_trail_sound import TrailSound
from chaoskit.probes.cloudwatch_alarm import Alarm
from chaoskit.probes.ec2_endpoint_in_place import EndpointInPlace
from chaoskit.probes.ec2_flow_log_active import FlowLogActive
from chaoskit.probes.events_rule_enabled import RuleEnabled
from chaoskit.probes.iam_policy_default_version import PolicyDefaultVersion
from chaoskit.probes.iam_trust_is_tight import TrustIsTight
from chaoskit.probes.lambda_function_closed import FunctionClosed
from chaoskit.probes.s3_log_retention import LogRetention
from chaoskit.probes.s3_trail_may_write import TrailMayWrite
from chaoskit.probes.sagemaker_model_group_not_shared import ModelGroupNotShared
from chaoskit.probes.sns_subscribed import Subscribed
from tests.answers import Answers
from tests.samples import ACCOUNT, NOW, REGION, attempt, trace

if TYPE_CHECKING:
    from tests.probes.conftest import Account

NOTHING = Trace("t", NOW)
BUCKET = "logs-of-the-probes"
STRANGER = "999999999999"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def field(name: str, *values: str, operator: str = "Equals") -> dict[str, Any]:
    return {"Field": name, operator: list(values)}


@pytest.fixture(scope="module")
def bucket(account: Account) -> str:
    account.client("s3").create_bucket(Bucket=BUCKET)
    return BUCKET


@pytest.fixture(scope="module")
def trail(account: Account) -> str:
    s3, trails = account.client("s3"), account.client("cloudtrail")
    s3.create_bucket(Bucket="trail-of-the-probes")
    s3.put_bucket_policy(
        Bucket="trail-of-the-probes",
        Policy=document(
            {
                "Effect": "Allow",
                "Principal": {"Service": "cloudtrail.amazonaws.com"},
                "Action": ["s3:GetBucketAcl", "s3:PutObject"],
                "Resource": ["arn:aws:s3:::trail-of-the-probes", "arn:aws:s3:::trail-of-the-probes/*"],
            }
        ),
    )
    trails.create_trail(Name="probed", S3BucketName="trail-of-the-probes", EnableLogFileValidation=True)
    trails.start_logging(Name="probed")
    return "probed"


MANAGEMENT = field("eventCategory", "Management")
KMS, RDS = "kms.amazonaws.com", "rdsdata.amazonaws.com"


@pytest.mark.parametrize(
    ("fields", "sound"),
    [
        ([MANAGEMENT], True),
        ([MANAGEMENT, field("readOnly", "false")], True),
        ([MANAGEMENT, field("eventSource", KMS, RDS, operator="NotEquals")], True),
        ([MANAGEMENT, field("readOnly", "true")], False),
        ([MANAGEMENT, field("eventSource", "iam.amazonaws.com", operator="NotEquals")], False),
        ([MANAGEMENT, field("eventSource", KMS)], False),
        ([MANAGEMENT, field("userIdentity.arn", "arn:aws:iam::1:user/u", operator="NotEquals")], False),
        ([field("eventCategory", "Data"), field("resources.type", "AWS::Lambda::Function")], False),
    ],
    ids=[
        "everything",
        "writes",
        "without-kms-and-rds-data",
        "reads-only",
        "without-iam",
        "kms-only",
        "without-a-caller",
        "data-only",
    ],
)
def test_a_trail_takes_changes_only_by_a_selector_of_management_writes(
    account: Account, trail: str, fields: list[dict[str, Any]], sound: bool
) -> None:
    account.client("cloudtrail").put_event_selectors(
        TrailName=trail, AdvancedEventSelectors=[{"FieldSelectors": fields}]
    )
    assert TrailSound(trail=trail).look(account.reader, NOTHING).holds is sound


@pytest.mark.parametrize(("kind", "sound"), [("All", True), ("WriteOnly", True), ("ReadOnly", False)])
def test_a_basic_selector_counts_by_what_it_takes(
    account: Account, trail: str, kind: str, sound: bool
) -> None:
    selector = {"ReadWriteType": kind, "IncludeManagementEvents": True}
    account.client("cloudtrail").put_event_selectors(TrailName=trail, EventSelectors=[selector])
    assert TrailSound(trail=trail).look(account.reader, NOTHING).holds is sound


@pytest.mark.parametrize(
    ("expiration", "kept"),
    [
        ({"Days": 90}, True),
        ({"Days": 1}, False),
        ({"ExpiredObjectDeleteMarker": True}, True),
        ({"Date": datetime(2020, 1, 1, tzinfo=UTC)}, False),
        ({"Date": datetime(2099, 1, 1, tzinfo=UTC)}, False),
    ],
)
def test_logs_are_kept_long_enough_unless_a_rule_ends_them_early_or_on_a_date(
    account: Account, bucket: str, expiration: dict[str, Any], kept: bool
) -> None:
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": expiration}
    account.client("s3").put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": [rule]}
    )
    seen = LogRetention(bucket=bucket).look(account.reader, NOTHING)
    assert seen.holds is kept
    assert json.loads(json.dumps(dict(seen.evidence))) == seen.evidence


LETS = {
    "Sid": "Let",
    "Effect": "Allow",
    "Principal": {"Service": "cloudtrail.amazonaws.com"},
    "Action": "s3:PutObject",
    "Resource": f"arn:aws:s3:::{BUCKET}/AWSLogs/{ACCOUNT}/*",
}
DENIES = {
    "Sid": "Deny",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": f"arn:aws:s3:::{BUCKET}/*",
}
CLEAR = {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize(
    ("denial", "may"),
    [
        ({}, False),
        ({"Principal": {"AWS": "*"}, "Action": "s3:Put*"}, False),
        ({"Principal": {"Service": "cloudtrail.amazonaws.com"}}, False),
        ({"Principal": None, "NotPrincipal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}, False),
        ({"Action": None, "NotAction": "s3:GetObject"}, False),
        ({"Condition": CLEAR}, True),
        ({"Action": "s3:DeleteObject"}, True),
        ({"Action": None, "NotAction": "s3:Put*"}, True),
        ({"Resource": f"arn:aws:s3:::{BUCKET}/reports/*"}, True),
        ({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}, True),
    ],
    ids=[
        "everyone-everything",
        "everyone-puts",
        "the-service",
        "everyone-but-the-account",
        "everything-but-reads",
        "without-tls",
        "deletions",
        "everything-but-puts",
        "another-folder",
        "the-account",
    ],
)
def test_a_trail_may_write_unless_a_statement_takes_it_back(
    account: Account, bucket: str, denial: dict[str, Any], may: bool
) -> None:
    denies = {name: value for name, value in {**DENIES, **denial}.items() if value is not None}
    answers = Answers(GetBucketPolicy={"Policy": document(LETS, denies)})
    assert TrailMayWrite(bucket=bucket).look(answers, NOTHING).holds is may
    account.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(LETS))
    assert TrailMayWrite(bucket=bucket).look(account.reader, NOTHING).holds is True


@pytest.mark.parametrize(
    ("resource", "limits"),
    [
        ("*", False),
        ("arn:aws:s3:::*", False),
        ("arn:aws:s3:::*/*", False),
        ("arn:aws:sagemaker:*:*:endpoint/*", False),
        (["arn:aws:s3:::ours", "arn:aws:s3:::*"], False),
        ("arn:aws:s3:::ours/*", True),
        (f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/*", True),
        ("arn:aws:sagemaker:*:*:endpoint/ours", True),
    ],
)
def test_an_endpoints_policy_limits_nothing_if_it_names_no_resource(
    resource: str | list[str], limits: bool
) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": resource}
    found = {"VpcEndpointId": "vpce-1", "PolicyDocument": document(statement)}
    answers = Answers(DescribeVpcEndpoints={"VpcEndpoints": [found]})
    assert EndpointInPlace(vpc="vpc-1").look(answers, NOTHING).holds is limits


@pytest.mark.parametrize(
    ("action", "narrow"), [("*", False), ("*:*", False), (["s3:Get*", "*:*"], False), ("s3:*", True)]
)
def test_an_action_of_wildcards_only_is_every_action(action: str | list[str], narrow: bool) -> None:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    answers = Answers(
        ListPolicyVersions={"Versions": [{"VersionId": "v1", "IsDefaultVersion": True}]},
        GetPolicyVersion={"PolicyVersion": {"Document": {"Statement": statement}}},
    )
    assert PolicyDefaultVersion(policy="arn").look(answers, NOTHING).holds is narrow


@pytest.mark.parametrize(
    ("principal", "tight"),
    [
        (f"arn:aws:iam::{ACCOUNT}:role/deploy", True),
        (ACCOUNT, True),
        (f"arn:aws:iam::{STRANGER}:role/deploy-{ACCOUNT}", False),
        (f"arn:aws:iam::{STRANGER}:role/:{ACCOUNT}:/deploy", False),
        ("*", False),
    ],
)
def test_a_stranger_with_our_account_id_in_his_name_is_a_stranger(principal: str, tight: bool) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    trust = Answers(GetRole={"Role": {"AssumeRolePolicyDocument": {"Statement": statement}}})
    assert TrustIsTight(role="r").look(trust, NOTHING).holds is tight
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
    function = Answers(
        GetFunctionConfiguration={"FunctionArn": arn},
        GetFunctionUrlConfig=AwsError("lambda:GetFunctionUrlConfig", "ResourceNotFoundException", "none"),
        GetPolicy={"Policy": {"Statement": {**statement, "Action": "lambda:InvokeFunction"}}},
    )
    assert FunctionClosed(function="f").look(function, NOTHING).holds is tight


@pytest.mark.parametrize(("status", "active"), [("SUCCESS", True), (None, True), ("FAILED", False)])
def test_a_flow_log_that_cant_be_delivered_is_none(status: str | None, active: bool) -> None:
    log = {"FlowLogId": "fl-1", "FlowLogStatus": "ACTIVE", "TrafficType": "ALL", "DeliverLogsStatus": status}
    answers = Answers(DescribeFlowLogs={"FlowLogs": [log]})
    assert FlowLogActive(vpc="vpc-1").look(answers, NOTHING).holds is active


@pytest.mark.parametrize("error", ["ACCESS_DENIED", "INTERNAL_ERROR", None])
def test_a_resource_that_could_not_be_analyzed_is_no_external_access(error: str | None) -> None:
    analyzer = {"arn": "arn", "name": "n", "status": "ACTIVE", "type": "ACCOUNT"}
    finding = {"id": "1", "resource": f"arn:aws:iam::{ACCOUNT}:role/training", "updatedAt": NOW.isoformat()}
    finding |= {"error": error} if error else {}
    answers = Answers(ListAnalyzers={"analyzers": [analyzer]}, ListFindings={"findings": [finding]})
    probe = AnalyzerFinding(resource="training")
    assert probe.look(answers, trace(attempt())).holds is (error is None)
    assert probe.look(answers, NOTHING).holds is (error is None)


@pytest.mark.parametrize(
    ("arn", "subscribed"),
    [("arn:aws:sns:us-east-1:444455556666:t:1", True), ("PendingConfirmation", False), ("Deleted", False)],
)
def test_an_endpoint_that_has_not_confirmed_is_not_subscribed(arn: str, subscribed: bool) -> None:
    answers = Answers(
        ListSubscriptionsByTopic={"Subscriptions": [{"Endpoint": "a@b.example", "SubscriptionArn": arn}]}
    )
    assert Subscribed(topic="t", endpoint="a@b.example").look(answers, NOTHING).holds is subscribed


@pytest.mark.parametrize("state", ["ENABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", "DISABLED"])
def test_a_rule_that_hears_of_reads_too_is_enabled(account: Account, state: str) -> None:
    events = account.client("events")
    events.put_rule(Name="probed", EventPattern='{"source": ["aws.iam"]}', State=state)
    events.put_targets(Rule="probed", Targets=[{"Id": "1", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"}])
    assert RuleEnabled(rule="probed").look(account.reader, NOTHING).holds is (state != "DISABLED")


def test_whether_a_model_group_that_is_not_there_is_shared_cant_be_told(account: Account) -> None:
    with pytest.raises(AwsError, match="does not exist"):
        ModelGroupNotShared(group="nobody").look(account.reader, NOTHING)
    account.client("sagemaker").create_model_package_group(ModelPackageGroupName="ours")
    assert ModelGroupNotShared(group="ours").look(account.reader, NOTHING).holds is True


def test_a_composite_alarm_is_asked_for_by_its_type_and_found() -> None:
    def described(query: Any) -> dict[str, Any]:
        types = query.params.get("AlarmTypes", ["MetricAlarm"])
        alarms = [{"StateValue": "ALARM"}] if "CompositeAlarm" in types else []
        return {"MetricAlarms": [], "CompositeAlarms": alarms}

    assert Alarm(name="both").look(Answers(DescribeAlarms=described), NOTHING).holds is True
