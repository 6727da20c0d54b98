"""A VPC endpoint's policy lets anything through."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "ec2.widen-endpoint-policy",
    layer="network",
    attack=("T1686.001", "T1537"),
    atlas=("AML.T0025",),
    owasp_ml=("ML05",),
)
class WidenEndpointPolicy(Fault):
    """Let everyone reach every resource through a VPC endpoint, other accounts' buckets too.

    It is the policy that AWS gives an endpoint for which none is named (AWS PrivateLink Guide, "Control
    access to VPC endpoints using endpoint policies").

    Detected by: CloudTrail ModifyVpcEndpoint.

    Attributes:
        endpoint: The VPC endpoint's id.
    """

    endpoint: str

    def changes(self, aws: Reader) -> Changes:
        """Put the open document; undone by the prior text."""
        text = Query(
            "ec2",
            "DescribeVpcEndpoints",
            {"VpcEndpointIds": [self.endpoint]},
            "VpcEndpoints[0].PolicyDocument",
        )
        everything = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
        document = json.dumps({"Version": "2008-10-17", "Statement": [everything]})
        do, undo = (
            Call("ec2", "ModifyVpcEndpoint", VpcEndpointId=self.endpoint, PolicyDocument=policy)
            for policy in (document, aws.read(text))
        )
        yield Change(do=do, undo=(undo,), state=replace(text, parse_json=True))
