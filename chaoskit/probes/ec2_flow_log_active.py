"""Looks whether a VPC's traffic is logged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("ec2.flow-log-active")
class FlowLogActive(Probe):
    """The VPC has an active flow log of all traffic that does not fail to be delivered.

    Attributes:
        vpc: The VPC's id.
    """

    vpc: str

    reads = ("ec2:DescribeFlowLogs",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the VPC's flow logs."""
        del trace
        logs = aws.read(
            Query(
                "ec2",
                "DescribeFlowLogs",
                {"Filter": [{"Name": "resource-id", "Values": [self.vpc]}]},
                # It stays active while it can't be delivered (EC2 API Reference, FlowLog).
                "FlowLogs[?FlowLogStatus=='ACTIVE' && TrafficType=='ALL' && DeliverLogsStatus!='FAILED']"
                ".FlowLogId",
            )
        )
        return Observation(
            holds=bool(logs),
            summary=f"{self.vpc} has {'an' if logs else 'no'} active and delivered flow log of all traffic",
            evidence={"flow_logs": logs},
        )
