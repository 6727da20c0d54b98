"""What faults that start a training job share: the smallest one that there is, and its end."""

from __future__ import annotations

from typing import Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change

IMAGE: Final = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
_GONE: Final = "ValidationException"  # SageMaker's word for a job that is not there, or not running


def listed(beginning: str) -> Query:
    """The names of the jobs that have this in theirs, whatever became of them; they stay listed for good."""
    return Query(
        "sagemaker", "ListTrainingJobs", {"NameContains": beginning}, "TrainingJobSummaries[].TrainingJobName"
    )


def free(beginning: str, taken: set[str]) -> str:
    """The first name that no job has."""
    return next(f"{beginning}-{n}" for n in range(1, len(taken) + 2) if f"{beginning}-{n}" not in taken)


def started(name: str, role_arn: str, output: str, image: str, **where: Any) -> Change:
    """Start a job that runs for a minute at most; undone by stopping it."""
    which: dict[str, Any] = {"TrainingJobName": name}
    return Change(
        do=Call(
            "sagemaker",
            "CreateTrainingJob",
            **which,
            RoleArn=role_arn,
            AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
            OutputDataConfig={"S3OutputPath": output},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 60},
            **where,
        ),
        undo=(Call("sagemaker", "StopTrainingJob", absent_ok=(_GONE,), **which),),
        state=Query(
            "sagemaker",
            "ListTrainingJobs",
            {"NameContains": name, "StatusEquals": "InProgress"},
            "TrainingJobSummaries[].TrainingJobName",
        ),
    )
