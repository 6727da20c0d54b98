from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.sandbox.aws import MEMBER, allow, policy, refusal

if TYPE_CHECKING:
    from tests.sandbox.config.conftest import Recorded

VERSIONING = "S3_BUCKET_VERSIONING_ENABLED"
BLOCKS = "S3_ACCOUNT_LEVEL_PUBLIC_ACCESS_BLOCKS_PERIODIC"


def test_a_change_is_evaluated_only_while_the_recorder_runs(recorded: Recorded) -> None:
    s3, config = recorded.client("s3"), recorded.config
    s3.create_bucket(Bucket="changing")
    rule = recorded.rule(VERSIONING)
    assert recorded.said(rule)["changing"] == "NON_COMPLIANT"
    config.stop_configuration_recorder(ConfigurationRecorderName="default")
    s3.put_bucket_versioning(Bucket="changing", VersioningConfiguration={"Status": "Enabled"})
    assert recorded.again(rule)["changing"] == "NON_COMPLIANT"
    config.start_configuration_recorder(ConfigurationRecorderName="default")
    assert recorded.again(rule)["changing"] == "COMPLIANT"


def test_a_periodic_rule_goes_on_without_a_recorder_and_at_its_frequency(recorded: Recorded) -> None:
    rule = recorded.rule(BLOCKS, MaximumExecutionFrequency="One_Hour")
    assert recorded.said(rule)[MEMBER] == "NON_COMPLIANT"
    recorded.config.stop_configuration_recorder(ConfigurationRecorderName="default")
    everything = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    control = recorded.s3control()
    control.put_public_access_block(AccountId=MEMBER, PublicAccessBlockConfiguration=everything)
    assert recorded.said(rule)[MEMBER] == "NON_COMPLIANT"
    recorded.served.cloud.clock.advance(3601)
    assert recorded.said(rule)[MEMBER] == "COMPLIANT"
    control.delete_public_access_block(AccountId=MEMBER)
    recorded.config.start_configuration_recorder(ConfigurationRecorderName="default")


def test_a_change_of_compliance_is_an_event_and_the_same_result_is_none(recorded: Recorded) -> None:
    sqs, events, s3 = recorded.client("sqs"), recorded.client("events"), recorded.client("s3")
    arn = f"arn:aws:sqs:us-east-1:{MEMBER}:compliance"
    sent = allow("sqs:SendMessage", arn, Principal={"Service": "events.amazonaws.com"})
    url = sqs.create_queue(QueueName="compliance", Attributes={"Policy": policy(sent)})["QueueUrl"]
    s3.create_bucket(Bucket="told")
    rule = recorded.rule(VERSIONING)
    recorded.settle()
    pattern = {"source": ["aws.config"], "detail": {"resourceId": ["told"]}}
    events.put_rule(Name="compliance", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="compliance", Targets=[{"Id": "queue", "Arn": arn}])
    s3.put_bucket_versioning(Bucket="told", VersioningConfiguration={"Status": "Enabled"})
    recorded.again(rule)
    recorded.settle()
    (message,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    event = json.loads(message["Body"])
    detail = event["detail"]
    assert event["detail-type"] == "Config Rules Compliance Change"
    assert detail["messageType"] == "ComplianceChangeNotification"
    assert detail["oldEvaluationResult"]["complianceType"] == "NON_COMPLIANT"
    assert detail["newEvaluationResult"]["complianceType"] == "COMPLIANT"


def test_a_resource_that_is_gone_is_forgotten_and_a_rule_without_any_has_insufficient_data(
    recorded: Recorded,
) -> None:
    recorded.client("s3").create_bucket(Bucket="short-lived")
    rule = recorded.rule(VERSIONING, Scope={"ComplianceResourceId": "short-lived"})
    assert recorded.said(rule) == {"short-lived": "NON_COMPLIANT"}
    recorded.client("s3").delete_bucket(Bucket="short-lived")
    assert recorded.said(rule) == {}
    (said,) = recorded.config.describe_compliance_by_config_rule(ConfigRuleNames=[rule])[
        "ComplianceByConfigRules"
    ]
    assert said["Compliance"] == {"ComplianceType": "INSUFFICIENT_DATA"}


def test_what_can_not_be_evaluated_is_refused_with_the_reason(recorded: Recorded) -> None:
    put = recorded.config.put_config_rule
    unknown = {"ConfigRuleName": "x", "Source": {"Owner": "AWS", "SourceIdentifier": "NO_SUCH_RULE"}}
    code, message, _ = refusal(put, ConfigRule=unknown)
    assert code == "InvalidParameterValueException"
    assert "NO_SUCH_RULE" in message
    source = {"Owner": "AWS", "SourceIdentifier": VERSIONING}
    wrong = {"ConfigRuleName": "x", "Source": source, "InputParameters": '{"nope": "1"}'}
    assert "nope" in refusal(put, ConfigRule=wrong)[1]
    read = recorded.config.get_compliance_details_by_config_rule
    assert refusal(read, ConfigRuleName="nobody")[0] == "NoSuchConfigRuleException"
    delete = recorded.config.delete_delivery_channel
    assert refusal(delete, DeliveryChannelName="default")[0] == "LastDeliveryChannelDeleteFailedException"


def test_nothing_works_before_there_is_a_recorder(recorded: Recorded) -> None:
    config = recorded.client("config", "management")
    source = {"Owner": "AWS", "SourceIdentifier": VERSIONING}
    put = refusal(config.put_config_rule, ConfigRule={"ConfigRuleName": "x", "Source": source})
    assert put[0] == "NoAvailableConfigurationRecorderException"
    role = "arn:aws:iam::111122223333:role/config"
    config.put_configuration_recorder(ConfigurationRecorder={"name": "default", "roleARN": role})
    start = refusal(config.start_configuration_recorder, ConfigurationRecorderName="default")
    assert start[0] == "NoAvailableDeliveryChannelException"
