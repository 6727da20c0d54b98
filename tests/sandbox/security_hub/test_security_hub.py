from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.sandbox.security_hub import products
from chaoskit.sandbox.security_hub.filters import selects
from tests.sandbox.aws import MEMBER, allow, policy, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.sandbox.server import Served
    from tests.sandbox.aws import Aws

OWN = f"arn:aws:securityhub:us-east-1:{MEMBER}:product/{MEMBER}/default"
STAMP = "2026-03-01T12:00:00.000Z"
LATER = "2026-03-01T12:00:01.000Z"
PLACE = (MEMBER, "us-east-1", "default")


@pytest.fixture
def hub(aws: Aws) -> Iterator[Any]:
    """A client of an enabled hub without standards."""
    client = aws.client("securityhub")
    client.enable_security_hub(EnableDefaultStandards=False)
    yield client
    client.disable_security_hub()


def finding(id_: str = "one", **more: Any) -> dict[str, Any]:
    """A finding that Security Hub takes."""
    return {
        "SchemaVersion": "2018-10-08",
        "Id": id_,
        "ProductArn": OWN,
        "GeneratorId": "tests",
        "AwsAccountId": MEMBER,
        "Types": ["TTPs/Discovery"],
        "CreatedAt": STAMP,
        "UpdatedAt": STAMP,
        "Severity": {"Label": "HIGH"},
        "Title": "Something was found",
        "Description": "By a scanner.",
        "Resources": [{"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::a-bucket"}],
        **more,
    }


def kept(hub: Any, **filters: Any) -> list[dict[str, Any]]:
    """The findings that filters select."""
    return list(hub.get_findings(Filters=filters)["Findings"])


def test_nothing_can_be_asked_of_a_hub_that_is_not_enabled(aws: Aws) -> None:
    client = aws.client("securityhub")
    for ask in (client.describe_hub, client.get_findings, client.disable_security_hub):
        code, message, status = refusal(ask)
        assert (code, status) == ("InvalidAccessException", 401)
        assert "not subscribed" in message


def test_a_hub_is_enabled_once(hub: Any) -> None:
    assert hub.describe_hub()["HubArn"] == f"arn:aws:securityhub:us-east-1:{MEMBER}:hub/default"
    assert refusal(hub.enable_security_hub)[0] == "ResourceConflictException"


def test_what_is_imported_is_filled_in(hub: Any) -> None:
    answer = hub.batch_import_findings(Findings=[finding()])
    assert (answer["SuccessCount"], answer["FailedCount"]) == (1, 0)
    (one,) = kept(hub)
    assert one["Severity"] == {"Label": "HIGH", "Normalized": 70}
    assert one["Workflow"] == {"Status": "NEW"}
    assert one["RecordState"] == "ACTIVE"
    assert one["ProductFields"]["aws/securityhub/FindingId"] == f"{OWN}/one"


@pytest.mark.parametrize(
    ("wrong", "code", "named"),
    [
        ({"SchemaVersion": "2017-01-01"}, "InvalidInput", "SchemaVersion"),
        ({"UpdatedAt": "yesterday"}, "InvalidInput", "UpdatedAt"),
        ({"Types": ["Made Up/Type"]}, "InvalidInput", "Types[0]"),
        ({"Severity": {}}, "InvalidInput", "Severity"),
        ({"Title": "x" * 257}, "InvalidInput", "Title"),
        ({"Resources": []}, "InvalidInput", "Resources"),
        ({"ProductArn": "arn:aws:securityhub:us-east-1::product/aws/guardduty"}, "AccessDenied", "guardduty"),
        ({"AwsAccountId": "999999999999"}, "AccessDenied", "999999999999"),
    ],
)
def test_what_does_not_adhere_to_the_format_is_refused_and_the_rest_taken(
    hub: Any, wrong: dict[str, Any], code: str, named: str
) -> None:
    answer = hub.batch_import_findings(Findings=[finding("bad", **wrong), finding("good")])
    (failed,) = answer["FailedFindings"]
    assert (failed["Id"], failed["ErrorCode"]) == ("bad", code)
    assert named in failed["ErrorMessage"]
    assert [one["Id"] for one in kept(hub)] == ["good"]


def test_an_import_leaves_alone_what_customers_set(hub: Any) -> None:
    hub.batch_import_findings(Findings=[finding()])
    hub.batch_update_findings(
        FindingIdentifiers=[{"Id": "one", "ProductArn": OWN}, {"Id": "none", "ProductArn": OWN}],
        Workflow={"Status": "SUPPRESSED"},
        Note={"Text": "known", "UpdatedBy": "me"},
        Severity={"Label": "LOW"},
    )
    hub.batch_import_findings(Findings=[finding(Title="Found again", UpdatedAt=LATER)])
    (one,) = kept(hub)
    assert one["Title"] == "Found again"
    assert one["Workflow"]["Status"] == "SUPPRESSED"
    assert one["Note"]["Text"] == "known"
    assert one["Severity"]["Label"] == "LOW"


def test_an_import_that_is_no_newer_is_ignored(hub: Any) -> None:
    hub.batch_import_findings(Findings=[finding()])
    answer = hub.batch_import_findings(Findings=[finding(Title="The same again")])
    assert answer["FailedCount"] == 0
    assert kept(hub)[0]["Title"] == finding()["Title"]


def test_an_update_of_what_is_not_there_is_answered_for_each(hub: Any) -> None:
    answer = hub.batch_update_findings(FindingIdentifiers=[{"Id": "none", "ProductArn": OWN}])
    assert answer["UnprocessedFindings"][0]["ErrorCode"] == "FindingNotFound"


def test_what_was_resolved_and_comes_back_is_new(hub: Any) -> None:
    hub.batch_import_findings(Findings=[finding(RecordState="ARCHIVED")])
    hub.batch_update_findings(
        FindingIdentifiers=[{"Id": "one", "ProductArn": OWN}], Workflow={"Status": "RESOLVED"}
    )
    hub.batch_import_findings(Findings=[finding(RecordState="ACTIVE", UpdatedAt=LATER)])
    assert kept(hub)[0]["Workflow"]["Status"] == "NEW"


def test_update_findings_changes_those_that_filters_select(hub: Any) -> None:
    hub.batch_import_findings(Findings=[finding("one"), finding("two")])
    hub.update_findings(Filters={"Id": [{"Value": "two", "Comparison": "EQUALS"}]}, RecordState="ARCHIVED")
    assert {one["Id"]: one["RecordState"] for one in kept(hub)} == {"one": "ACTIVE", "two": "ARCHIVED"}


@pytest.mark.parametrize(
    ("filters", "selected"),
    [
        ({"Title": [{"Value": "Some", "Comparison": "PREFIX"}]}, True),
        ({"Title": [{"Value": "thing", "Comparison": "CONTAINS"}]}, True),
        ({"Title": [{"Value": "thing", "Comparison": "CONTAINS_WORD"}]}, False),
        ({"Title": [{"Value": "Some", "Comparison": "PREFIX_NOT_EQUALS"}]}, False),
        ({"Title": [{"Value": "found", "Comparison": "NOT_CONTAINS"}]}, False),
        ({"Id": [{"Value": "x", "Comparison": "EQUALS"}, {"Value": "one", "Comparison": "EQUALS"}]}, True),
        (
            {
                "Id": [
                    {"Value": "x", "Comparison": "NOT_EQUALS"},
                    {"Value": "one", "Comparison": "NOT_EQUALS"},
                ]
            },
            False,
        ),
        ({"ResourceId": [{"Value": "arn:aws:s3:::a-bucket", "Comparison": "EQUALS"}]}, True),
        ({"SeverityNormalized": [{"Gte": 40, "Lte": 80}]}, True),
        ({"SeverityNormalized": [{"Gt": 70}]}, False),
        ({"UpdatedAt": [{"Start": "2026-03-01T00:00:00Z", "End": "2026-03-02T00:00:00Z"}]}, True),
        ({"UpdatedAt": [{"DateRange": {"Value": 1, "Unit": "DAYS"}}]}, True),
        ({"CreatedAt": [{"DateRange": {"Value": 1, "Unit": "DAYS"}}]}, False),
        ({"ProductFields": [{"Key": "team", "Value": "ml", "Comparison": "EQUALS"}]}, True),
        ({"ProductFields": [{"Key": "team", "Value": "ml", "Comparison": "NOT_EQUALS"}]}, False),
        ({"Keyword": [{"Value": "A-BUCKET"}]}, True),
        ({"Sample": [{"Value": False}]}, True),
        (
            {
                "Title": [{"Value": "Some", "Comparison": "PREFIX"}],
                "Region": [{"Value": "x", "Comparison": "EQUALS"}],
            },
            False,
        ),
    ],
)
def test_filters_select_by_text_number_date_map_and_word(filters: dict[str, Any], selected: bool) -> None:
    one = finding(
        CreatedAt="2020-01-01T00:00:00Z",
        Severity={"Label": "HIGH", "Normalized": 70},
        ProductFields={"team": "ml"},
        Sample=False,
        Region="us-east-1",
    )
    assert selects(filters, one, datetime(2026, 3, 1, 18, tzinfo=UTC)) is selected


def test_a_field_that_the_sandbox_cannot_filter_by_is_refused_not_ignored(hub: Any) -> None:
    code, message, _ = refusal(
        hub.get_findings, Filters={"ProcessName": [{"Value": "sh", "Comparison": "EQUALS"}]}
    )
    assert code == "InvalidInputException"
    assert "ProcessName" in message


def test_imports_and_updates_are_told_to_eventbridge(aws: Aws, hub: Any) -> None:
    arn = f"arn:aws:sqs:us-east-1:{MEMBER}:hub-news"
    sent = allow("sqs:SendMessage", arn, Principal={"Service": "events.amazonaws.com"})
    queue = aws.client("sqs").create_queue(QueueName="hub-news", Attributes={"Policy": policy(sent)})[
        "QueueUrl"
    ]
    pattern = {
        "source": ["aws.securityhub"],
        "detail-type": ["Security Hub Findings - Imported"],
        "detail": {"findings": {"Severity": {"Label": ["HIGH"]}}},
    }
    aws.client("events").put_rule(Name="hub-news", EventPattern=json.dumps(pattern))
    aws.client("events").put_targets(Rule="hub-news", Targets=[{"Id": "queue", "Arn": arn}])
    hub.batch_import_findings(Findings=[finding()])
    named = [{"Id": "one", "ProductArn": OWN}]
    hub.batch_update_findings(FindingIdentifiers=named, Workflow={"Status": "NOTIFIED"})
    assert aws.served.cloud.idle(10)
    got = aws.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    events = [json.loads(message["Body"]) for message in got]
    told = {event["detail"]["findings"][0]["Workflow"]["Status"] for event in events}
    assert told == {"NEW", "NOTIFIED"}
    assert {resource for event in events for resource in event["resources"]} == {f"{OWN}/one"}


def test_a_guardduty_finding_flows_in(aws: Aws, hub: Any) -> None:
    guardduty = aws.client("guardduty")
    detector = guardduty.create_detector(Enable=True)["DetectorId"]
    guardduty.create_sample_findings(
        DetectorId=detector, FindingTypes=["Stealth:IAMUser/CloudTrailLoggingDisabled"]
    )
    guardduty.delete_detector(DetectorId=detector)
    (one,) = kept(hub, ProductName=[{"Value": "GuardDuty", "Comparison": "EQUALS"}])
    assert one["Types"] == ["TTPs/Stealth:IAMUser-CloudTrailLoggingDisabled"]
    assert one["Sample"] is True
    assert one["Severity"]["Label"] == "LOW"
    assert one["ProductFields"]["aws/guardduty/service/action/actionType"] == "AWS_API_CALL"


def bus(aws: Aws) -> Any:
    """EventBridge, as other services of the sandbox reach it."""
    handlers: Any = aws.served.cloud.gateway._handlers
    return handlers["events", "PutEvents"].__self__


def config_event(compliance: str) -> dict[str, Any]:
    """AWS Config Developer Guide, "Monitoring AWS Config with Amazon EventBridge"."""
    return {
        "version": "0",
        "id": "1",
        "detail-type": "Config Rules Compliance Change",
        "source": "aws.config",
        "account": MEMBER,
        "time": "2026-03-01T12:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "resourceId": "a-bucket",
            "awsRegion": "us-east-1",
            "awsAccountId": MEMBER,
            "configRuleName": "no-public-read",
            "configRuleARN": f"arn:aws:config:us-east-1:{MEMBER}:config-rule/config-rule-abc",
            "messageType": "ComplianceChangeNotification",
            "newEvaluationResult": {"complianceType": compliance, "resultRecordedTime": STAMP},
            "resourceType": "AWS::S3::Bucket",
        },
    }


def test_a_config_rules_evaluation_flows_in_and_its_repair_archives_the_finding(aws: Aws, hub: Any) -> None:
    put = bus(aws).put
    put(PLACE, config_event("NON_COMPLIANT"))
    (one,) = kept(hub, ProductName=[{"Value": "Config", "Comparison": "EQUALS"}])
    assert one["Compliance"]["Status"] == "FAILED"
    assert one["Resources"][0]["Id"] == "arn:aws:s3:::a-bucket"
    put(PLACE, config_event("COMPLIANT"))
    (one,) = kept(hub, ProductName=[{"Value": "Config", "Comparison": "EQUALS"}])
    assert (one["Compliance"]["Status"], one["RecordState"]) == ("PASSED", "ARCHIVED")


def test_an_evaluation_that_does_not_apply_is_no_finding() -> None:
    assert products.finding(config_event("NOT_APPLICABLE")) is None


def test_an_access_analyzer_finding_flows_in(aws: Aws, hub: Any) -> None:
    event = {
        "version": "0",
        "id": "1",
        "detail-type": "Access Analyzer Finding",
        "source": "aws.access-analyzer",
        "account": MEMBER,
        "time": "2026-03-01T12:00:00Z",
        "region": "us-east-1",
        "resources": [f"arn:aws:access-analyzer:us-east-1:{MEMBER}:analyzer/outside"],
        "detail": {
            "version": "1.0",
            "id": "22222222-dcba-4444-dcba-333333333333",
            "status": "ACTIVE",
            "resourceType": "AWS::S3::Bucket",
            "resource": "arn:aws:s3:::a-bucket",
            "createdAt": STAMP,
            "analyzedAt": STAMP,
            "updatedAt": STAMP,
            "accountId": MEMBER,
            "region": "us-east-1",
            "isPublic": True,
        },
    }
    bus(aws).put(PLACE, event)
    (one,) = kept(hub, ProductName=[{"Value": "IAM Access Analyzer", "Comparison": "EQUALS"}])
    assert one["Severity"]["Label"] == "HIGH"
    assert one["Resources"][0]["Type"] == "AwsS3Bucket"


def test_callers_cannot_forge_a_services_finding(aws: Aws, hub: Any) -> None:
    event = config_event("NON_COMPLIANT")
    entry = {
        "Source": "aws.config",
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]),
    }
    assert aws.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 1
    assert kept(hub) == []


def test_standards_are_enabled_listed_and_in_the_end_disabled(served: Served, hub: Any) -> None:
    (arn, *_) = [each["StandardsArn"] for each in hub.describe_standards()["Standards"]]
    made = hub.batch_enable_standards(StandardsSubscriptionRequests=[{"StandardsArn": arn}])
    (subscription,) = [each["StandardsSubscriptionArn"] for each in made["StandardsSubscriptions"]]
    assert [each["StandardsArn"] for each in hub.get_enabled_standards()["StandardsSubscriptions"]] == [arn]
    assert hub.describe_standards_controls(StandardsSubscriptionArn=subscription)["Controls"] == []
    hub.batch_disable_standards(StandardsSubscriptionArns=[subscription])
    (ending,) = hub.get_enabled_standards(StandardsSubscriptionArns=[subscription])["StandardsSubscriptions"]
    assert ending["StandardsStatus"] == "DELETING"
    for call, params in (
        (hub.batch_disable_standards, {"StandardsSubscriptionArns": [subscription]}),
        (hub.batch_enable_standards, {"StandardsSubscriptionRequests": [{"StandardsArn": arn}]}),
    ):
        code, message, _ = refusal(call, **params)
        assert code == "InvalidInputException"
        assert message.startswith("StandardsSubscription(s) in state DELETING, please try later")
    served.cloud.clock.advance(5)
    assert hub.get_enabled_standards()["StandardsSubscriptions"] == []
    code, _, _ = refusal(hub.batch_disable_standards, StandardsSubscriptionArns=[subscription])
    assert code == "ResourceNotFoundException"
