"""A subnet gives public addresses to what starts in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("ec2.make-subnet-public", layer="network", attack=("T1578.005",), owasp_ml=("ML05",))
class MakeSubnetPublic(Fault):
    """Let a subnet assign public addresses, so that what starts there next can be reached from outside.

    Detected by: CloudTrail ModifySubnetAttribute.

    Attributes:
        subnet: The subnet's id. One that is public already is left alone.
    """

    subnet: str

    def changes(self, aws: Reader) -> Changes:
        """Switch it on; undone by switching it off."""
        public = Query(
            "ec2", "DescribeSubnets", {"SubnetIds": [self.subnet]}, "Subnets[0].MapPublicIpOnLaunch"
        )
        if aws.read(public):
            return
        do, undo = (
            Call("ec2", "ModifySubnetAttribute", SubnetId=self.subnet, MapPublicIpOnLaunch={"Value": value})
            for value in (True, False)
        )
        yield Change(do=do, undo=(undo,), state=public)
