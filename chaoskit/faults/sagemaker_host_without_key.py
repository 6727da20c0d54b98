"""An endpoint is configured whose volumes no key of the customer's encrypts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._endpoint_configs import NOT_FOUND

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_GONE = "ValidationException"  # SageMaker's word for a configuration that it could not find


@fault(
    "sagemaker.host-without-key",
    layer="data",
    attack=("T1578.005", "T1530"),
    atlas=("AML.T0025",),
    owasp_ml=("ML03",),
)
class HostWithoutKey(Fault):
    """Make a configuration for an endpoint's model without a KMS key for the volumes that hold it.

    Detected by: CloudTrail CreateEndpointConfig.

    Attributes:
        endpoint: The endpoint whose variants are taken; it goes on serving as it does.
        config: The new configuration's name; one that exists already is left alone.
    """

    endpoint: str
    config: str = "production-chaoskit-without-key"

    def changes(self, aws: Reader) -> Changes:
        """Make it; undone by deleting it."""
        which: dict[str, Any] = {"EndpointConfigName": self.config}
        there = Query("sagemaker", "DescribeEndpointConfig", which, "EndpointConfigName", absent=(_GONE,))
        if aws.read(there) == self.config:
            return
        where = {"EndpointName": self.endpoint}
        prior = aws.read(Query("sagemaker", "DescribeEndpoint", where, "EndpointConfigName"))
        variants = aws.read(
            Query("sagemaker", "DescribeEndpointConfig", {"EndpointConfigName": prior}, "ProductionVariants")
        )
        yield Change(
            do=Call("sagemaker", "CreateEndpointConfig", **which, ProductionVariants=variants),
            undo=(Call("sagemaker", "DeleteEndpointConfig", absent_ok=(NOT_FOUND,), **which),),
            state=there,
        )
