"""A served sandbox in which AWS Config records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.aws import MEMBER, Aws

if TYPE_CHECKING:
    from chaoskit.sandbox.server import Served

ROLE = f"arn:aws:iam::{MEMBER}:role/config"


class Recorded(Aws):
    """boto3 against a sandbox whose member account has a recorder, and short ways to rules."""

    def __init__(self, served: Served) -> None:
        super().__init__(served)
        self.config = self.client("config")
        self.client("s3").create_bucket(Bucket="config-history")
        group = {"allSupported": True, "includeGlobalResourceTypes": True}
        recorder = {"name": "default", "roleARN": ROLE, "recordingGroup": group}
        self.config.put_configuration_recorder(ConfigurationRecorder=recorder)
        channel = {"name": "default", "s3BucketName": "config-history"}
        self.config.put_delivery_channel(DeliveryChannel=channel)
        self.config.start_configuration_recorder(ConfigurationRecorderName="default")

    def rule(self, identifier: str, **more: Any) -> str:
        """Put a managed rule under its identifier's name."""
        source = {"Owner": "AWS", "SourceIdentifier": identifier}
        self.config.put_config_rule(ConfigRule={"ConfigRuleName": identifier, "Source": source, **more})
        return identifier

    def settle(self) -> None:
        """Let background work finish."""
        assert self.served.cloud.idle(10)

    def said(self, rule: str) -> dict[str, str]:
        """What a rule says, by resource id."""
        self.settle()
        pages = self.config.get_paginator("get_compliance_details_by_config_rule").paginate(
            ConfigRuleName=rule
        )
        results = [one for page in pages for one in page["EvaluationResults"]]
        return {
            one["EvaluationResultIdentifier"]["EvaluationResultQualifier"]["ResourceId"]: one[
                "ComplianceType"
            ]
            for one in results
        }

    def again(self, rule: str) -> dict[str, str]:
        """What a rule says when it is evaluated anew."""
        self.settle()
        self.config.start_config_rules_evaluation(ConfigRuleNames=[rule])
        return self.said(rule)


@pytest.fixture(scope="module")
def recorded(served: Served) -> Recorded:
    """AWS Config switched on in the member account."""
    return Recorded(served)
