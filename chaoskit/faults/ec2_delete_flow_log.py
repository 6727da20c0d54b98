"""A VPC's flow logs are removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_GIVEN: Final = (
    "TrafficType",
    "LogDestinationType",
    "LogDestination",
    "LogGroupName",
    "DeliverLogsPermissionArn",
    "LogFormat",
    "MaxAggregationInterval",
)
_CONTENT: Final = (
    f"FlowLogs[].{{ResourceId: ResourceId, {', '.join(f'{name}: {name}' for name in _GIVEN)}, "
    "Tags: sort_by(Tags, &Key)}"
)


@fault("ec2.delete-flow-log", layer="network", attack=("T1685.002",), owasp_ml=("ML05",))
class DeleteFlowLog(Fault):
    """Delete the flow logs of a VPC, so that nobody sees where its traffic goes.

    What is put back says the same, but AWS gives it another id. One that is there already is not made
    again: AWS refuses a second one of the same resource and destination (`FlowLogAlreadyExists`).

    Detected by: CloudTrail DeleteFlowLogs.

    Attributes:
        vpc: The VPC's id. One without flow logs is left alone.
    """

    vpc: str

    def changes(self, aws: Reader) -> Changes:
        """Delete them; undone by creating some of the same content."""
        where = {"Filter": [{"Name": "resource-id", "Values": [self.vpc]}]}
        there = aws.read(Query("ec2", "DescribeFlowLogs", where, "FlowLogs[].FlowLogId"))
        content = Query("ec2", "DescribeFlowLogs", where, _CONTENT)
        if not there:
            return
        yield Change(
            do=Call("ec2", "DeleteFlowLogs", FlowLogIds=there),
            undo=tuple(_again(one) for one in aws.read(content)),
            state=content,
        )


def _again(content: dict[str, Any]) -> Call:
    tags = [tag for tag in content["Tags"] or () if not tag["Key"].startswith("aws:")]
    given = {name: content[name] for name in _GIVEN if content[name] is not None}
    if "LogGroupName" in given:
        given.pop("LogDestination", None)  # AWS answers with both, and takes one
    if tags:
        given["TagSpecifications"] = [{"ResourceType": "vpc-flow-log", "Tags": tags}]
    return Call(
        "ec2",
        "CreateFlowLogs",
        absent_ok=("FlowLogAlreadyExists",),
        ResourceIds=[content["ResourceId"]],
        ResourceType="VPC",
        **given,
    )
