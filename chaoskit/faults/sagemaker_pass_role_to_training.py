"""A role is passed to a training job, whose code then acts as it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_GONE = "ValidationException"  # SageMaker's word for a job that is not there, or not running


@fault(
    "sagemaker.pass-role-to-training",
    layer="identity",
    attack=("T1548.005", "T1578.002"),
    atlas=("AML.T0012",),
    owasp_ml=("ML05",),
)
class PassRoleToTraining(Fault):
    """Start a training job that runs as a stronger role, with code of the intruder's choice.

    For experiments whose guardrail denies it: a job that was let through is stopped, but stays listed.

    Detected by: CloudTrail CreateTrainingJob.

    Attributes:
        role_arn: The role; it must trust SageMaker.
        output: Where the job would write, `s3://bucket/prefix`.
        image: The container that would run.
        job: The job's name.
    """

    role_arn: str
    output: str
    image: str = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
    job: str = "chaoskit-escalation"

    example: ClassVar = {
        "role_arn": "arn:aws:iam::444455556666:role/a-role",
        "output": "s3://a-bucket/a-prefix",
    }

    def changes(self, aws: Reader) -> Changes:
        """Start it; undone by stopping it."""
        del aws
        which = {"TrainingJobName": self.job}
        running = Query(
            "sagemaker",
            "ListTrainingJobs",
            {"NameContains": self.job, "StatusEquals": "InProgress"},
            "TrainingJobSummaries[].TrainingJobName",
        )
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
            state=running,
        )
