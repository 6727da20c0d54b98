"""A VPC's flow logs are removed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._own_tags import OWN_TAGS

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

GIVEN: Final = (
    "TrafficType",
    "LogDestinationType",
    "LogDestination",
    "LogGroupName",
    "DeliverLogsPermissionArn",
    "DeliverCrossAccountRole",
    "LogFormat",
    "MaxAggregationInterval",
    "DestinationOptions",
    "TagFieldSpecifications",
)
"""What CreateFlowLogs takes of what DescribeFlowLogs tells, by the same name."""
_DESTINATION: Final = "LogDestination || LogGroupName"
_CONTENT: Final = (
    f"{{ResourceId: ResourceId, {', '.join(f'{name}: {name}' for name in GIVEN)}, Tags: {OWN_TAGS}}}"
)


@fault("ec2.delete-flow-log", layer="network", attack=("T1685.002",), owasp_ml=("ML05",))
class DeleteFlowLog(Fault):
    """Delete the flow logs of a VPC, so that nobody sees where its traffic goes.

    What is put back says the same, but AWS gives it another id, and none of AWS's own tags. One that is there
    already is not made again: AWS refuses a second one of the same resource and destination
    (`FlowLogAlreadyExists`).

    Detected by: CloudTrail DeleteFlowLogs.

    Attributes:
        vpc: The VPC's id. One without flow logs is left alone.
    """

    vpc: str

    def changes(self, aws: Reader) -> Changes:
        """Delete them; undone by creating some of the same content."""
        where = {"Filter": [{"Name": "resource-id", "Values": [self.vpc]}]}
        told = f"FlowLogs[].{{id: FlowLogId, to: {_DESTINATION}}}"
        there = aws.read(Query("ec2", "DescribeFlowLogs", where, told))
        if not there:
            return
        # A log to elsewhere, made meanwhile, is none of the undo's. They are told in any order.
        deleted = f"FlowLogs[?contains(`{json.dumps([one['to'] for one in there])}`, {_DESTINATION})]"
        content = Query("ec2", "DescribeFlowLogs", where, f"sort_by({deleted}.{_CONTENT}, &to_string(@))")
        yield Change(
            do=Call("ec2", "DeleteFlowLogs", FlowLogIds=[one["id"] for one in there]),
            undo=tuple(_again(one) for one in aws.read(content)),
            state=content,
        )


def _again(content: dict[str, Any]) -> Call:
    given = {name: content[name] for name in GIVEN if content[name] is not None}
    # AWS answers with both, and takes one; only the ARN can name another account's group.
    if "LogGroupName" in given and "LogDestination" in given:
        given.pop("LogGroupName" if "DeliverCrossAccountRole" in given else "LogDestination")
    if given.get("LogDestinationType") != "s3":
        given.pop("DestinationOptions", None)  # of files (CreateFlowLogs, DestinationOptionsRequest)
    if content["Tags"]:
        given["TagSpecifications"] = [{"ResourceType": "vpc-flow-log", "Tags": content["Tags"]}]
    return Call(
        "ec2",
        "CreateFlowLogs",
        absent_ok=("FlowLogAlreadyExists",),
        ResourceIds=[content["ResourceId"]],
        ResourceType="VPC",
        **given,
    )
