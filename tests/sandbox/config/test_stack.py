from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.sandbox.aws import MEMBER, Aws

if TYPE_CHECKING:
    from chaoskit.sandbox.server import Served

TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "stack-history"}},
        "Recorder": {
            "Type": "AWS::Config::ConfigurationRecorder",
            "Properties": {
                "RoleARN": f"arn:aws:iam::{MEMBER}:role/config",
                "RecordingGroup": {"AllSupported": "true", "IncludeGlobalResourceTypes": True},
            },
        },
        "Channel": {
            "Type": "AWS::Config::DeliveryChannel",
            "DependsOn": "Recorder",
            "Properties": {"S3BucketName": {"Ref": "Bucket"}},
        },
        "Rule": {
            "Type": "AWS::Config::ConfigRule",
            "DependsOn": "Channel",
            "Properties": {
                "ConfigRuleName": "versioned",
                "Source": {"Owner": "AWS", "SourceIdentifier": "S3_BUCKET_VERSIONING_ENABLED"},
            },
        },
        "Analyzer": {
            "Type": "AWS::AccessAnalyzer::Analyzer",
            "Properties": {
                "AnalyzerName": "external",
                "Type": "ACCOUNT",
                "ArchiveRules": [{"RuleName": "r", "Filter": [{"Property": "isPublic", "Eq": ["false"]}]}],
            },
        },
    }
}


def test_a_stack_switches_both_detectors_on_and_off(served: Served) -> None:
    aws = Aws(served)
    stacks, config, analyzer = (aws.client(name) for name in ("cloudformation", "config", "accessanalyzer"))
    stacks.create_stack(StackName="detectors", TemplateBody=json.dumps(TEMPLATE))
    assert served.cloud.idle(20)
    (stack,) = stacks.describe_stacks(StackName="detectors")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE", stacks.describe_stack_events(StackName="detectors")
    (status,) = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    assert status["recording"] is True
    results = config.get_compliance_details_by_config_rule(ConfigRuleName="versioned")["EvaluationResults"]
    assert [one["ComplianceType"] for one in results] == ["NON_COMPLIANT"]
    assert len(analyzer.list_archive_rules(analyzerName="external")["archiveRules"]) == 1

    stacks.delete_stack(StackName="detectors")
    assert served.cloud.idle(20)
    assert config.describe_config_rules()["ConfigRules"] == []
    assert config.describe_configuration_recorders()["ConfigurationRecorders"] == []
    assert analyzer.list_analyzers()["analyzers"] == []
