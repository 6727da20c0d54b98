"""A training job runs outside the VPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Fault, fault
from chaoskit.faults._training import IMAGE, started

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "sagemaker.train-outside-vpc",
    layer="network",
    attack=("T1578.002", "T1048"),
    atlas=("AML.T0025",),
    owasp_ml=("ML05",),
)
class TrainOutsideVpc(Fault):
    """Start a training job without a VPC: its code has the internet and the training data at once.

    For experiments whose guardrail denies it: a job that is let through is stopped and deleted.

    Detected by: CloudTrail CreateTrainingJob.

    Attributes:
        role_arn: The role that it runs as; it must trust SageMaker.
        output: Where the job would write, `s3://bucket/prefix`.
        job: How the job's name begins.
        image: The container that would run.
    """

    role_arn: str
    output: str
    job: str = "production-chaoskit-outside-vpc"
    image: str = IMAGE

    def changes(self, aws: Reader) -> Changes:
        """Start it under the first name that is free; undone by stopping and deleting it."""
        return started(aws, self.job, self.role_arn, self.output, self.image)
