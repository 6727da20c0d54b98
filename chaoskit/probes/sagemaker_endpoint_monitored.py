"""Looks whether an endpoint keeps what it is asked, and for nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("sagemaker.endpoint-monitored")
class EndpointMonitored(Probe):
    """The endpoint captures requests and answers, and no shadow variant gets a copy of them.

    Attributes:
        endpoint: The endpoint's name.
    """

    endpoint: str

    reads = ("sagemaker:DescribeEndpoint", "sagemaker:DescribeEndpointConfig")

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the endpoint's configuration."""
        del trace
        where = {"EndpointName": self.endpoint}
        name = aws.read(Query("sagemaker", "DescribeEndpoint", where, "EndpointConfigName"))
        select = (
            "{captures: DataCaptureConfig.EnableCapture, shares: DataCaptureConfig.InitialSamplingPercentage,"
            " shadows: ShadowProductionVariants[].VariantName}"
        )
        found = aws.read(Query("sagemaker", "DescribeEndpointConfig", {"EndpointConfigName": name}, select))
        wrong = [
            *([] if found["captures"] and found["shares"] else ["captures no data"]),
            *([f"has the shadow variants {', '.join(found['shadows'])}"] if found["shadows"] else []),
        ]
        return Observation(
            holds=not wrong,
            summary=f"endpoint {self.endpoint} "
            + (" and ".join(wrong) if wrong else "captures data and has no shadow variant"),
            evidence={"config": name, **found},
        )
