"""A training job runs outside the VPC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_GONE: Final = "ValidationException"  # SageMaker's word for a job that is not there, or not running


@fault(
    "sagemaker.train-outside-vpc",
    layer="network",
    attack=("T1578.002", "T1048"),
    atlas=("AML.T0025",),
    owasp_ml=("ML05",),
)
class TrainOutsideVpc(Fault):
    """Start a training job without a VPC: its code has the internet and the training data at once.

    For experiments whose guardrail denies it: a job that was let through is stopped, but stays listed.

    Detected by: CloudTrail CreateTrainingJob.

    Attributes:
        role_arn: The role that it runs as; it must trust SageMaker.
        output: Where the job would write, `s3://bucket/prefix`.
        job: The job's name.
        image: The container that would run.
    """

    role_arn: str
    output: str
    job: str = "production-chaoskit-outside-vpc"
    image: str = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"

    def changes(self, aws: Reader) -> Changes:
        """Start it; undone by stopping it."""
        del aws
        which: dict[str, Any] = {"TrainingJobName": self.job}
        yield Change(
            do=Call(
                "sagemaker",
                "CreateTrainingJob",
                **which,
                RoleArn=self.role_arn,
                AlgorithmSpecification={"TrainingImage": self.image, "TrainingInputMode": "File"},
                OutputDataConfig={"S3OutputPath": self.output},
                ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
                StoppingCondition={"MaxRuntimeInSeconds": 60},
            ),
            undo=(Call("sagemaker", "StopTrainingJob", absent_ok=(_GONE,), **which),),
            state=Query(
                "sagemaker",
                "ListTrainingJobs",
                {"NameContains": self.job, "StatusEquals": "InProgress"},
                "TrainingJobSummaries[].TrainingJobName",
            ),
        )
