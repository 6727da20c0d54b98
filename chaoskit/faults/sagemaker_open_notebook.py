"""A notebook instance is made that talks to the internet past the VPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Fault, fault
from chaoskit.faults._notebooks import created

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "sagemaker.open-notebook",
    layer="network",
    attack=("T1578.002", "T1048"),
    atlas=("AML.T0025",),
    owasp_ml=("ML05",),
)
class OpenNotebook(Fault):
    """Create a notebook instance with direct internet access: data can leave from it unseen.

    For experiments whose guardrail denies it: on AWS an instance that was let through takes minutes to start,
    and only then can be stopped and deleted.

    Detected by: CloudTrail CreateNotebookInstance.

    Attributes:
        role_arn: The role that it runs as; it must trust SageMaker.
        notebook: The new instance's name; one that exists already is left alone.
        instance_type: Its size.
    """

    role_arn: str
    notebook: str = "production-chaoskit-open"
    instance_type: str = "ml.t3.medium"

    def changes(self, aws: Reader) -> Changes:
        """Create it; undone by stopping and deleting it."""
        return created(
            aws,
            self.notebook,
            InstanceType=self.instance_type,
            RoleArn=self.role_arn,
            DirectInternetAccess="Enabled",
        )
