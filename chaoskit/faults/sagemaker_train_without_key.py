"""A training job leaves its data on a volume, or its model in a bucket, without a key of the customer's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.contract import Fault, fault
from chaoskit.faults._training import IMAGE, started

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "sagemaker.train-without-key",
    layer="data",
    attack=("T1578.002", "T1530"),
    atlas=("AML.T0025",),
    owasp_ml=("ML03",),
)
class TrainWithoutKey(Fault):
    """Start a training job without a KMS key for its volume or its output: no key policy tells who may read.

    It runs inside the VPC. For experiments whose guardrail denies it: a job that is let through is stopped
    and deleted.

    Detected by: CloudTrail CreateTrainingJob.

    Attributes:
        role_arn: The role that it runs as; it must trust SageMaker.
        output: Where the job would write, `s3://bucket/prefix`.
        subnet: The subnet that it runs in.
        security_group: Its security group.
        job: How the job's name begins.
        image: The container that would run.
        volume_key: A key for its volume, so that only its output has none; without it neither has.
    """

    role_arn: str
    output: str
    subnet: str
    security_group: str
    job: str = "production-chaoskit-without-key"
    image: str = IMAGE
    volume_key: str | None = None

    def changes(self, aws: Reader) -> Changes:
        """Start it under the first name that is free; undone by stopping and deleting it."""
        where: dict[str, Any] = {
            "VpcConfig": {"Subnets": [self.subnet], "SecurityGroupIds": [self.security_group]}
        }
        return started(
            aws, self.job, self.role_arn, self.output, self.image, volume_key=self.volume_key, **where
        )
