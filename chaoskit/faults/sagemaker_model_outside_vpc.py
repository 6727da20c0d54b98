"""A model is made whose endpoints run outside the VPC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._endpoint_configs import NOT_FOUND

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_GONE: Final = "ValidationException"  # SageMaker's word for a model that it could not find


@fault(
    "sagemaker.model-outside-vpc",
    layer="network",
    attack=("T1578.002",),
    atlas=("AML.T0025",),
    owasp_ml=("ML05",),
)
class ModelOutsideVpc(Fault):
    """Create a model without a VPC: endpoints take their network from the model.

    Detected by: CloudTrail CreateModel.

    Attributes:
        role_arn: The role that its endpoints run as; it must trust SageMaker.
        model: The new model's name; one that exists already is left alone.
        image: The container.
    """

    role_arn: str
    model: str
    image: str = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"

    def changes(self, aws: Reader) -> Changes:
        """Create it; undone by deleting it."""
        which: dict[str, Any] = {"ModelName": self.model}
        there = Query("sagemaker", "DescribeModel", which, "ModelName", absent=(_GONE,))
        if aws.read(there) == self.model:
            return
        yield Change(
            do=Call(
                "sagemaker",
                "CreateModel",
                **which,
                ExecutionRoleArn=self.role_arn,
                PrimaryContainer={"Image": self.image},
            ),
            undo=(Call("sagemaker", "DeleteModel", absent_ok=(NOT_FOUND,), **which),),
            state=there,
        )
