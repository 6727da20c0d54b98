from __future__ import annotations

from chaoskit.sandbox.profile import REALISTIC
from chaoskit.sandbox.server import serve
from tests.sandbox.aws import Aws


def test_a_finding_comes_as_late_as_aws_says() -> None:
    with serve(profile=REALISTIC) as served:
        aws = Aws(served)
        guardduty, s3, clock = aws.client("guardduty"), aws.client("s3"), served.cloud.clock
        aws.client("securityhub").enable_security_hub(EnableDefaultStandards=False)
        s3.create_bucket(Bucket="late")
        detector = guardduty.create_detector(Enable=True)["DetectorId"]
        s3.put_bucket_logging(Bucket="late", BucketLoggingStatus={})
        clock.advance(REALISTIC.guardduty.seconds - 10)
        assert guardduty.list_findings(DetectorId=detector)["FindingIds"] == []
        clock.advance(20)
        assert len(guardduty.list_findings(DetectorId=detector)["FindingIds"]) == 1
        assert aws.client("securityhub").get_findings()["Findings"] == []
        clock.advance(REALISTIC.guardduty_events.seconds)
        assert len(aws.client("securityhub").get_findings()["Findings"]) == 1
