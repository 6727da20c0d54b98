"""A function is taken out of its VPC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_SETTLES_S: Final = (
    300.0  # its network interfaces are made meanwhile; so long does botocore wait (FunctionUpdated)
)


@fault(
    "lambda.leave-vpc",
    layer="network",
    attack=("T1578.005", "T1048"),
    atlas=("AML.T0025",),
    owasp_ml=("ML05",),
)
class LeaveVpc(Fault):
    """Take a function out of its VPC: its calls then pass no endpoint policy, and nothing keeps data in.

    Detected by: CloudTrail UpdateFunctionConfiguration.

    Attributes:
        function: The function's name.
    """

    function: str

    def changes(self, aws: Reader) -> Changes:
        """Take it out; undone by the prior subnets, groups and IPv6. Outside already, it is left."""
        where: dict[str, Any] = {"FunctionName": self.function}
        # All that VpcConfig takes; what is not said of IPv6 is off (AWS Lambda API Reference, VpcConfig).
        ipv6 = "Ipv6AllowedForDualStack: Ipv6AllowedForDualStack || `false`"
        select = f"VpcConfig.{{SubnetIds: SubnetIds, SecurityGroupIds: SecurityGroupIds, {ipv6}}}"
        stands = Query("lambda", "GetFunctionConfiguration", where, select)
        prior = {name: value for name, value in (aws.read(stands) or {}).items() if value is not False}
        if not prior.get("SubnetIds"):
            return
        update = "UpdateFunctionConfiguration"
        outside: dict[str, list[str]] = {"SubnetIds": [], "SecurityGroupIds": []}
        yield Change(
            do=Call("lambda", update, not_yet=("ResourceConflictException",), **where, VpcConfig=outside),
            undo=(Call("lambda", update, settles=_SETTLES_S, **where, VpcConfig=prior),),
            state=stands,
        )
