"""What faults that start a training job share: the smallest one that there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Query
from chaoskit.faults import _jobs

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

IMAGE: Final = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"


def started(
    aws: Reader,
    beginning: str,
    role_arn: str,
    output: str,
    image: str = IMAGE,
    *,
    volume_key: str | None = None,
    **where: Any,
) -> Changes:
    """Start a job that runs for a minute at most, under the first name that is free; see `_jobs.started`."""
    listed = Query(
        "sagemaker", "ListTrainingJobs", {"NameContains": beginning}, "TrainingJobSummaries[].TrainingJobName"
    )
    taken = set(aws.read(listed) or ())
    name = next(f"{beginning}-{n}" for n in range(1, len(taken) + 2) if f"{beginning}-{n}" not in taken)
    machine: dict[str, Any] = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    if volume_key:
        machine["VolumeKmsKeyId"] = volume_key
    return _jobs.started(
        aws,
        "TrainingJob",
        name,
        RoleArn=role_arn,
        AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": output},
        ResourceConfig=machine,
        StoppingCondition={"MaxRuntimeInSeconds": 60},
        **where,
    )
