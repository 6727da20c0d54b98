"""A role is passed to a training job, whose code then acts as it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from chaoskit.contract import Fault, fault
from chaoskit.faults._training import IMAGE, started

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "sagemaker.pass-role-to-training",
    layer="identity",
    attack=("T1548.005", "T1578.002"),
    atlas=("AML.T0012",),
    owasp_ml=("ML05",),
)
class PassRoleToTraining(Fault):
    """Start a training job that runs as a stronger role: its container then has the role's keys.

    It runs inside the VPC, and for a minute at most. One that is let through is stopped and deleted.

    Detected by: CloudTrail CreateTrainingJob.

    Attributes:
        role_arn: The role; it must trust SageMaker.
        output: Where the job would write, `s3://bucket/prefix`.
        subnet: The subnet that it runs in.
        security_group: Its security group.
        job: How the job's name begins.
        image: The container that would run.
    """

    role_arn: str
    output: str
    subnet: str
    security_group: str
    job: str = "chaoskit-escalation"
    image: str = IMAGE

    example: ClassVar = {"role_arn": "arn:aws:iam::444455556666:role/a-role"}

    def changes(self, aws: Reader) -> Changes:
        """Start it under the first name that is free; undone by stopping and deleting it."""
        inside = {"Subnets": [self.subnet], "SecurityGroupIds": [self.security_group]}
        return started(aws, self.job, self.role_arn, self.output, self.image, VpcConfig=inside)
