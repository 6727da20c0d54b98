from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.aws import MEMBER, allow, refusal

if TYPE_CHECKING:
    from tests.sandbox.config.conftest import Recorded

SOURCE = """
import json, boto3

def handler(event, context):
    notice = json.loads(event["invokingEvent"])
    item = notice.get("configurationItem")
    if item is None:
        kind, name, said = "AWS::::Account", event["accountId"], "COMPLIANT"
    elif item["configurationItemStatus"] == "ResourceDeleted":
        kind, name, said = item["resourceType"], item["resourceId"], "NOT_APPLICABLE"
    else:
        kind, name = item["resourceType"], item["resourceId"]
        tagged = json.loads(event["ruleParameters"])["tag"] in item["tags"]
        said = "COMPLIANT" if tagged else "NON_COMPLIANT"
    boto3.client("config").put_evaluations(
        Evaluations=[{
            "ComplianceResourceType": kind,
            "ComplianceResourceId": name,
            "ComplianceType": said,
            "Annotation": notice["messageType"],
            "OrderingTimestamp": notice["notificationCreationTime"],
        }],
        ResultToken=event["resultToken"],
    )
"""
LAMBDA = {
    "Effect": "Allow",
    "Principal": {"Service": "lambda.amazonaws.com"},
    "Action": "sts:AssumeRole",
}


@pytest.fixture(scope="module")
def function(recorded: Recorded) -> str:
    """A function that calls buckets without a tag non-compliant, and lets AWS Config invoke it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", SOURCE)
    functions = recorded.client("lambda")
    made = functions.create_function(
        FunctionName="tagged",
        Runtime="python3.12",
        Role=recorded.role("tagged", LAMBDA, allow("config:PutEvaluations")),
        Handler="index.handler",
        Code={"ZipFile": packed.getvalue()},
    )
    functions.add_permission(
        FunctionName="tagged",
        StatementId="config",
        Action="lambda:InvokeFunction",
        Principal="config.amazonaws.com",
        SourceAccount=MEMBER,
    )
    return str(made["FunctionArn"])


def put(recorded: Recorded, name: str, function: str, *messages: str, **more: Any) -> None:
    details = [{"EventSource": "aws.config", "MessageType": message} for message in messages]
    source = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": function, "SourceDetails": details}
    recorded.config.put_config_rule(ConfigRule={"ConfigRuleName": name, "Source": source, **more})


def test_a_function_of_the_account_is_shown_each_changed_resource_and_its_word_is_the_compliance(
    recorded: Recorded, function: str
) -> None:
    s3 = recorded.client("s3")
    s3.create_bucket(Bucket="owned")
    scope = {"ComplianceResourceTypes": ["AWS::S3::Bucket"], "ComplianceResourceId": "owned"}
    put(
        recorded,
        "owned",
        function,
        "ConfigurationItemChangeNotification",
        Scope=scope,
        InputParameters='{"tag": "owner"}',
    )
    assert recorded.said("owned") == {"owned": "NON_COMPLIANT"}
    s3.put_bucket_tagging(Bucket="owned", Tagging={"TagSet": [{"Key": "owner", "Value": "ml"}]})
    assert recorded.said("owned") == {"owned": "COMPLIANT"}
    (told,) = recorded.config.get_compliance_details_by_config_rule(ConfigRuleName="owned")[
        "EvaluationResults"
    ]
    assert told["Annotation"] == "ConfigurationItemChangeNotification"
    assert told["ConfigRuleInvokedTime"] <= told["ResultRecordedTime"]
    s3.delete_bucket(Bucket="owned")
    assert recorded.said("owned") == {}


def test_a_periodic_custom_rule_is_asked_about_the_account_at_its_frequency(
    recorded: Recorded, function: str
) -> None:
    put(recorded, "hourly", function, "ScheduledNotification", MaximumExecutionFrequency="One_Hour")
    assert recorded.said("hourly") == {MEMBER: "COMPLIANT"}

    def asked() -> Any:
        (said,) = recorded.config.get_compliance_details_by_config_rule(ConfigRuleName="hourly")[
            "EvaluationResults"
        ]
        return said["ConfigRuleInvokedTime"]

    first = asked()
    recorded.served.cloud.clock.advance(3601)
    recorded.settle()
    assert asked() > first


def test_a_function_that_config_may_not_invoke_makes_no_rule(recorded: Recorded, function: str) -> None:
    missing = function.replace(":tagged", ":nobody")
    details = [{"EventSource": "aws.config", "MessageType": "ScheduledNotification"}]
    source = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": missing, "SourceDetails": details}
    made = refusal(
        recorded.config.put_config_rule, ConfigRule={"ConfigRuleName": "missing", "Source": source}
    )
    assert made[0] == "InsufficientPermissionsException"
    assert "cannot be invoked" in made[1]


def test_what_is_no_custom_rule_or_no_evaluation_is_refused(recorded: Recorded, function: str) -> None:
    def source(identifier: str, *details: dict[str, str]) -> dict[str, Any]:
        told = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": identifier, "SourceDetails": list(details)}
        return {"ConfigRuleName": "x", "Source": {k: v for k, v in told.items() if v}}

    one = {"EventSource": "aws.config", "MessageType": "ScheduledNotification"}
    for wrong, words in (
        (source(function), "SourceDetails"),
        (source("S3_BUCKET_LOGGING_ENABLED", one), "ARN of a Lambda function"),
    ):
        code, message, _ = refusal(recorded.config.put_config_rule, ConfigRule=wrong)
        assert code == "InvalidParameterValueException"
        assert words in message
    assert refusal(recorded.config.put_evaluations, ResultToken="made-up")[0] == "InvalidResultTokenException"


def test_a_custom_rule_of_a_function_whose_permission_is_gone_says_so(
    recorded: Recorded, function: str
) -> None:
    put(recorded, "orphan", function, "ScheduledNotification")
    recorded.settle()
    recorded.client("lambda").remove_permission(FunctionName="tagged", StatementId="config")
    assert json.dumps(recorded.again("orphan"))
    (status,) = recorded.config.describe_config_rule_evaluation_status(ConfigRuleNames=["orphan"])[
        "ConfigRulesEvaluationStatus"
    ]
    assert status["LastErrorCode"] == "AccessDeniedException"
