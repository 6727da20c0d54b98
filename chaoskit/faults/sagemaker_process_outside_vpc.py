"""A processing job runs outside the VPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Fault, fault
from chaoskit.faults._jobs import started

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "sagemaker.process-outside-vpc",
    layer="network",
    attack=("T1578.002", "T1048"),
    atlas=("AML.T0025",),
    owasp_ml=("ML05",),
)
class ProcessOutsideVpc(Fault):
    """Start a processing job without a VPC: any container, with the role's data and the internet at once.

    For experiments whose guardrail denies it: a job that is let through is stopped and deleted.

    Detected by: CloudTrail CreateProcessingJob.

    Attributes:
        role_arn: The role that it runs as; it must trust SageMaker.
        job: The job's name.
        image: The container that would run.
    """

    role_arn: str
    job: str = "production-chaoskit-outside-vpc"
    image: str = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"

    def changes(self, aws: Reader) -> Changes:
        """Start it; undone by stopping and deleting it."""
        cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
        return started(
            aws,
            "ProcessingJob",
            self.job,
            RoleArn=self.role_arn,
            AppSpecification={"ImageUri": self.image},
            ProcessingResources={"ClusterConfig": cluster},
            StoppingCondition={"MaxRuntimeInSeconds": 60},
        )
