from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.sandbox.aws import refusal

if TYPE_CHECKING:
    from tests.sandbox.aws import Aws


def resource(kind: str, *, after: str = "", **properties: Any) -> dict[str, Any]:
    """One resource of a template."""
    return {"Type": kind, "Properties": properties, **({"DependsOn": after} if after else {})}


def test_a_stack_sets_up_guardduty_and_security_hub_and_takes_them_away(aws: Aws) -> None:
    s3, stacks = aws.client("s3"), aws.client("cloudformation")
    s3.create_bucket(Bucket="gd-lists")
    s3.put_object(Bucket="gd-lists", Key="bad.txt", Body="203.0.113.0/24")
    in_detector: dict[str, Any] = {"DetectorId": {"Ref": "Detector"}}
    a_list: dict[str, Any] = {
        **in_detector,
        "Format": "TXT",
        "Location": "s3://gd-lists/bad.txt",
        "Activate": True,
    }
    standard = "arn:aws:securityhub:us-east-1::standards/pci-dss/v/4.0.1"
    criteria = {"Criterion": {"severity": {"Lt": 4}}}
    template = {
        "Resources": {
            "Detector": resource(
                "AWS::GuardDuty::Detector", Enable=True, FindingPublishingFrequency="ONE_HOUR"
            ),
            "Quiet": resource(
                "AWS::GuardDuty::Filter",
                **in_detector,
                Name="quiet",
                Action="ARCHIVE",
                FindingCriteria=criteria,
            ),
            "Bad": resource("AWS::GuardDuty::ThreatIntelSet", **a_list),
            "Good": resource("AWS::GuardDuty::IPSet", **a_list),
            "Hub": resource("AWS::SecurityHub::Hub", EnableDefaultStandards=False),
            "Standard": resource("AWS::SecurityHub::Standard", after="Hub", StandardsArn=standard),
        }
    }
    stacks.create_stack(StackName="detectors", TemplateBody=json.dumps(template))
    assert aws.served.cloud.idle(20)
    (stack,) = stacks.describe_stacks(StackName="detectors")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"

    guardduty, hub = aws.client("guardduty"), aws.client("securityhub")
    (detector,) = guardduty.list_detectors()["DetectorIds"]
    assert guardduty.get_detector(DetectorId=detector)["FindingPublishingFrequency"] == "ONE_HOUR"
    rule = guardduty.get_filter(DetectorId=detector, FilterName="quiet")
    assert rule["FindingCriteria"]["Criterion"]["severity"]["Lt"] == 4
    (threats,) = guardduty.list_threat_intel_sets(DetectorId=detector)["ThreatIntelSetIds"]
    bad = guardduty.get_threat_intel_set(DetectorId=detector, ThreatIntelSetId=threats)
    assert bad["Status"] == "ACTIVE"
    assert len(guardduty.list_ip_sets(DetectorId=detector)["IpSetIds"]) == 1
    (enabled,) = hub.get_enabled_standards()["StandardsSubscriptions"]
    assert enabled["StandardsArn"] == standard

    stacks.delete_stack(StackName="detectors")
    assert aws.served.cloud.idle(20)
    assert guardduty.list_detectors()["DetectorIds"] == []
    assert refusal(hub.describe_hub)[0] == "InvalidAccessException"
