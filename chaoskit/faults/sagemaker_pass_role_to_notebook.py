"""A role is passed to a new notebook instance, whose user then acts as it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_GONE = "ValidationException"  # SageMaker's word for RecordNotFound, too


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
        which: dict[str, Any] = {"NotebookInstanceName": self.notebook}
        there = Query("sagemaker", "DescribeNotebookInstance", which, "NotebookInstanceName", absent=(_GONE,))
        if aws.read(there) == self.notebook:
            return
        yield Change(
            do=Call(
                "sagemaker",
                "CreateNotebookInstance",
                **which,
                InstanceType=self.instance_type,
                RoleArn=self.role_arn,
            ),
            undo=(
                Call("sagemaker", "StopNotebookInstance", absent_ok=(_GONE,), **which),
                Call("sagemaker", "DeleteNotebookInstance", absent_ok=(_GONE,), **which),
            ),
            state=there,
        )
