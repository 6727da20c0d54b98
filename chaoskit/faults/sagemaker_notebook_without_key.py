"""A notebook instance is made whose volume no key of the customer's encrypts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Fault, fault
from chaoskit.faults._notebooks import created

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "sagemaker.notebook-without-key",
    layer="data",
    attack=("T1578.002", "T1530"),
    atlas=("AML.T0025",),
    owasp_ml=("ML03",),
)
class NotebookWithoutKey(Fault):
    """Create a notebook instance without a KMS key for its volume: no key policy says who may read it.

    It is in the VPC and off the internet. For experiments whose guardrail denies it: on AWS an instance that
    was let through takes minutes to start, and only then can be stopped and deleted.

    Detected by: CloudTrail CreateNotebookInstance.

    Attributes:
        role_arn: The role that it runs as; it must trust SageMaker.
        subnet: The subnet that it is in.
        security_group: Its security group.
        notebook: The new instance's name; one that exists already is left alone.
        instance_type: Its size.
    """

    role_arn: str
    subnet: str
    security_group: str
    notebook: str = "production-chaoskit-without-key"
    instance_type: str = "ml.t3.medium"

    def changes(self, aws: Reader) -> Changes:
        """Create it; undone by stopping and deleting it."""
        return created(
            aws,
            self.notebook,
            InstanceType=self.instance_type,
            RoleArn=self.role_arn,
            SubnetId=self.subnet,
            SecurityGroupIds=[self.security_group],
            DirectInternetAccess="Disabled",
        )
