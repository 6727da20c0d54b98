"""A processing job runs outside the VPC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

# SageMaker's words for a job that is not there, and for one that has ended.
_GONE: Final = ("ResourceNotFound", "ValidationException")


@fault(
    "sagemaker.process-outside-vpc",
    layer="network",
    attack=("T1578.002", "T1048"),
    atlas=("AML.T0025",),
    owasp_ml=("ML05",),
)
class ProcessOutsideVpc(Fault):
    """Start a processing job without a VPC: any container, with the role's data and the internet at once.

    For experiments whose guardrail denies it: a job that was let through is stopped, but stays listed.

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
        """Start it; undone by stopping it."""
        del aws
        which: dict[str, Any] = {"ProcessingJobName": self.job}
        cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
        yield Change(
            do=Call(
                "sagemaker",
                "CreateProcessingJob",
                **which,
                RoleArn=self.role_arn,
                AppSpecification={"ImageUri": self.image},
                ProcessingResources={"ClusterConfig": cluster},
                StoppingCondition={"MaxRuntimeInSeconds": 60},
            ),
            undo=(Call("sagemaker", "StopProcessingJob", absent_ok=_GONE, **which),),
            state=Query(
                "sagemaker",
                "ListProcessingJobs",
                {"NameContains": self.job, "StatusEquals": "InProgress"},
                "ProcessingJobSummaries[].ProcessingJobName",
            ),
        )
