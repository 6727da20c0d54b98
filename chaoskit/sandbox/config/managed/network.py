"""Rules about VPCs and security groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox import state
from chaoskit.sandbox.config.managed import managed

if TYPE_CHECKING:
    from chaoskit.sandbox.config.managed import Parameters
    from chaoskit.sandbox.config.resources import Resource

_GROUP = "AWS::EC2::SecurityGroup"
_SSH = 22


@managed("VPC_DEFAULT_SECURITY_GROUP_CLOSED", _GROUP, "ec2", on_change=True)
def default_closed(found: Resource, parameters: Parameters) -> str | None:
    """A VPC's default security group lets nothing in or out."""
    del parameters
    if found.name != "default":
        return None
    open_ = found.state.ingress_rules or found.state.egress_rules
    return "The default security group has rules." if open_ else ""


@managed("INCOMING_SSH_DISABLED", _GROUP, "ec2", on_change=True, periodic=True, page="restricted-ssh")
def no_ssh(found: Resource, parameters: Parameters) -> str | None:
    """SSH is not open to every address."""
    del parameters
    open_ = any(_reaches(rule, _SSH) and _from_anywhere(rule) for rule in found.state.ingress_rules)
    return "SSH is open to every address." if open_ else ""


def _reaches(rule: Any, port: int) -> bool:
    if str(rule.ip_protocol) == "-1":
        return True
    low, high = rule.from_port, rule.to_port
    return str(rule.ip_protocol) == "tcp" and low is not None and int(low) <= port <= int(high)


def _from_anywhere(rule: Any) -> bool:
    return any(value in {"0.0.0.0/0", "::/0"} for value in (rule.ip_range or {}).values())


@managed("VPC_FLOW_LOGS_ENABLED", "AWS::EC2::VPC", "ec2", periodic=True, parameters="trafficType")
def flow_logs(found: Resource, parameters: Parameters) -> str | None:
    """The VPC has a flow log of the traffic that is asked for."""
    wanted = parameters.get("trafficType", "")
    logs = state.backend("ec2", *found.place).flow_logs.values()
    logged = any(log.resource_id == found.id and wanted in ("", log.traffic_type) for log in logs)
    return "" if logged else "The VPC has no flow log."
