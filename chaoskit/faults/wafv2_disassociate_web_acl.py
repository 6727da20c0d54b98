"""A web ACL is taken off what it protects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "wafv2.disassociate-web-acl",
    layer="application",
    attack=("T1686.001",),
    atlas=("AML.T0029", "AML.T0040"),
    owasp_ml=("ML05",),
)
class DisassociateWebAcl(Fault):
    """Take the web ACL off an API's stage, as an intruder does before a flood of queries.

    Detected by: DisassociateWebACL (wafv2.amazonaws.com)

    Attributes:
        resource: ARN of the protected resource; of a REST API's stage it is
            `arn:aws:apigateway:REGION::/restapis/API/stages/STAGE`.
    """

    resource: str

    def changes(self, aws: Reader) -> Changes:
        """Disassociate; undone by associating the same ACL. What has none is not ours to protect."""
        protecting = Query("wafv2", "GetWebACLForResource", {"ResourceArn": self.resource}, "WebACL.ARN")
        acl: str | None = aws.read(protecting)
        if acl is None:
            return
        yield Change(
            do=Call("wafv2", "DisassociateWebACL", ResourceArn=self.resource),
            undo=(Call("wafv2", "AssociateWebACL", WebACLArn=acl, ResourceArn=self.resource),),
            state=protecting,
        )
