"""A notebook instance is made that talks to the internet past the VPC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
        subnet: A subnet of a VPC that it is in too, so that nothing but its direct internet access is wrong.
        security_group: Its security group there; both are given or none.
    """

    role_arn: str
    notebook: str = "production-chaoskit-open"
    instance_type: str = "ml.t3.medium"
    subnet: str | None = None
    security_group: str | None = None

    def __post_init__(self) -> None:
        """Refuse half a place in a VPC."""
        if (self.subnet is None) != (self.security_group is None):
            raise ValueError("a notebook in a VPC has a subnet and a security_group")

    def changes(self, aws: Reader) -> Changes:
        """Create it; undone by stopping and deleting it."""
        inside: dict[str, Any] = {}
        if self.subnet and self.security_group:
            inside = {"SubnetId": self.subnet, "SecurityGroupIds": [self.security_group]}
        return created(
            aws,
            self.notebook,
            InstanceType=self.instance_type,
            RoleArn=self.role_arn,
            DirectInternetAccess="Enabled",
            **inside,
        )
