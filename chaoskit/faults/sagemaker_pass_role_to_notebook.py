"""A role is passed to a new notebook instance, whose user then acts as it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from chaoskit.contract import Fault, fault
from chaoskit.faults._notebooks import created

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "sagemaker.pass-role-to-notebook",
    layer="identity",
    attack=("T1548.005", "T1578.002"),
    atlas=("AML.T0012",),
    owasp_ml=("ML05",),
)
class PassRoleToNotebook(Fault):
    """Create a notebook instance that runs as a stronger role, whose terminal then has the role's keys.

    For experiments whose guardrail denies it: on AWS an instance that was let through takes minutes to start,
    and only then can be stopped and deleted.

    Detected by: CloudTrail CreateNotebookInstance.

    Attributes:
        role_arn: The role; it must trust SageMaker.
        notebook: The new instance's name; one that exists already is left alone.
        instance_type: Its size.
    """

    role_arn: str
    notebook: str = "chaoskit-escalation"
    instance_type: str = "ml.t3.medium"

    example: ClassVar = {"role_arn": "arn:aws:iam::444455556666:role/a-role"}

    def changes(self, aws: Reader) -> Changes:
        """Create it; undone by stopping and deleting it."""
        return created(
            aws,
            self.notebook,
            InstanceType=self.instance_type,
            RoleArn=self.role_arn,
        )
