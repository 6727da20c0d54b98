"""What EC2's records call things: its older calls have words of their own, the newer ones are as on the wire.

The older calls are those of API version 2014-10-01, the last that had a SOAP interface: their records have
the names of its elements (`instancesSet`), whether or not anything was asked. Calls that came later are
recorded as `{Operation}Request` with the query as it was sent. Real records of both kinds agree with that
(RunInstances, DescribeSnapshots and ModifySnapshotAttribute; DeleteFlowLogs).
"""

from __future__ import annotations

import re
from functools import cache

_OLDER = re.compile(
    r"AcceptVpcPeeringConnection|AllocateAddress|AssignPrivateIpAddresses|AssociateAddress|"
    r"AssociateDhcpOptions|AssociateRouteTable|AttachInternetGateway|AttachNetworkInterface|AttachVolume|"
    r"AttachVpnGateway|(Authorize|Revoke)SecurityGroup(Egress|Ingress)|BundleInstance|ConfirmProductInstance|"
    r"Cancel(BundleTask|ConversionTask|ExportTask|ReservedInstancesListing|SpotInstanceRequests)|"
    r"Copy(Image|Snapshot)|"
    r"(Create|Delete)(CustomerGateway|DhcpOptions|InternetGateway|KeyPair|NetworkAcl|NetworkAclEntry|"
    r"NetworkInterface|PlacementGroup|Route|RouteTable|SecurityGroup|Snapshot|SpotDatafeedSubscription|Subnet|"
    r"Tags|Volume|Vpc|VpcPeeringConnection|VpnConnection|VpnConnectionRoute|VpnGateway)|"
    r"Create(Image|InstanceExportTask|ReservedInstancesListing)|DeregisterImage|"
    r"Describe(AccountAttributes|Addresses|AvailabilityZones|BundleTasks|ConversionTasks|CustomerGateways|"
    r"DhcpOptions|ExportTasks|ImageAttribute|Images|InstanceAttribute|InstanceStatus|Instances|"
    r"InternetGateways|KeyPairs|NetworkAcls|NetworkInterfaceAttribute|NetworkInterfaces|PlacementGroups|Regions|"
    r"ReservedInstances|ReservedInstances(Listings|Modifications|Offerings)|RouteTables|SecurityGroups|SnapshotAttribute|"
    r"Snapshots|SpotDatafeedSubscription|SpotInstanceRequests|SpotPriceHistory|Subnets|Tags|VolumeAttribute|"
    r"VolumeStatus|Volumes|VpcAttribute|VpcPeeringConnections|Vpcs|VpnConnections|VpnGateways)|"
    r"Detach(InternetGateway|NetworkInterface|Volume|VpnGateway)|(Disable|Enable)VgwRoutePropagation|"
    r"DisassociateAddress|DisassociateRouteTable|EnableVolumeIO|GetConsoleOutput|GetPasswordData|ImportInstance|"
    r"ImportKeyPair|ImportVolume|Modify(ImageAttribute|InstanceAttribute|NetworkInterfaceAttribute|"
    r"ReservedInstances|SnapshotAttribute|SubnetAttribute|VolumeAttribute|VpcAttribute)|"
    r"(Monitor|Unmonitor|Reboot|Run|Start|Stop|Terminate)Instances|PurchaseReservedInstancesOffering|"
    r"RegisterImage|RejectVpcPeeringConnection|ReleaseAddress|Replace(NetworkAclAssociation|NetworkAclEntry|"
    r"Route|RouteTableAssociation)|ReportInstanceStatus|RequestSpotInstances|"
    r"Reset(Image|Instance|NetworkInterface|Snapshot)Attribute|UnassignPrivateIpAddresses"
)
SETS = {
    "Add": ("add", ""),
    "AllocationIds": ("allocationIdsSet", "allocationId"),
    "AttributeNames": ("accountAttributeNameSet", "attributeName"),
    "BlockDeviceMappings": ("blockDeviceMapping", ""),
    "CustomerGatewayIds": ("customerGatewaySet", "customerGatewayId"),
    "DhcpOptionsIds": ("dhcpOptionsSet", "dhcpOptionsId"),
    "ExecutableUsers": ("executableBySet", "user"),
    "Filters": ("filterSet", ""),
    "GroupIds": ("securityGroupIdSet", "groupId"),
    "GroupNames": ("securityGroupSet", "groupName"),
    "Groups": ("groupSet", "groupId"),
    "ImageIds": ("imagesSet", "imageId"),
    "InstanceIds": ("instancesSet", "instanceId"),
    "InternetGatewayIds": ("internetGatewayIdSet", "internetGatewayId"),
    "IpPermissions": ("ipPermissions", ""),
    "IpRanges": ("ipRanges", ""),
    "Ipv6Ranges": ("ipv6Ranges", ""),
    "KeyNames": ("keySet", "keyName"),
    "NetworkAclIds": ("networkAclIdSet", "networkAclId"),
    "NetworkInterfaceIds": ("networkInterfaceIdSet", "networkInterfaceId"),
    "NetworkInterfaces": ("networkInterfaceSet", ""),
    "OwnerIds": ("ownersSet", "owner"),
    "Owners": ("ownersSet", "owner"),
    "PrefixListIds": ("prefixListIds", ""),
    "PublicIps": ("publicIpsSet", "publicIp"),
    "RegionNames": ("regionSet", "regionName"),
    "Remove": ("remove", ""),
    "Resources": ("resourcesSet", "resourceId"),
    "RestorableByUserIds": ("sharedUsersSet", "user"),
    "RouteTableIds": ("routeTableIdSet", "routeTableId"),
    "SecurityGroupIds": ("groupSet", "groupId"),
    "SnapshotIds": ("snapshotSet", "snapshotId"),
    "SubnetIds": ("subnetSet", "subnetId"),
    "TagSpecifications": ("tagSpecificationSet", ""),
    "Tags": ("tagSet", ""),
    "UserIdGroupPairs": ("groups", ""),
    "Values": ("valueSet", "value"),
    "VolumeIds": ("volumeSet", "volumeId"),
    "VpcIds": ("vpcSet", "vpcId"),
    "VpnConnectionIds": ("vpnConnectionSet", "vpnConnectionId"),
    "VpnGatewayIds": ("vpnGatewaySet", "vpnGatewayId"),
    "ZoneIds": ("availabilityZoneIdSet", "zoneId"),
    "ZoneNames": ("availabilityZoneSet", "zoneName"),
}
"""Lists of the older calls: what the set is called, and what each plain item of it is."""
UNASKED: dict[str, dict[str, object]] = {
    "AuthorizeSecurityGroupEgress": {"ipPermissions": {}},
    "AuthorizeSecurityGroupIngress": {"ipPermissions": {}},
    "CreateImage": {"noReboot": False},
    "DescribeInstanceStatus": {"includeAllInstances": False},
    "RevokeSecurityGroupEgress": {"ipPermissions": {}},
    "RevokeSecurityGroupIngress": {"ipPermissions": {}},
    "RunInstances": {
        "blockDeviceMapping": {},
        "monitoring": {"enabled": False},
        "disableApiTermination": False,
        "disableApiStop": False,
    },
    "StopInstances": {"force": False},
}
"""What records of older calls have though nobody asked it (CloudTrail User Guide, "CloudTrail log file
examples")."""


@cache
def is_newer(operation: str) -> bool:
    """Whether a call is recorded as `{Operation}Request`."""
    return _OLDER.fullmatch(operation) is None
