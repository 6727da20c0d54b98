"""VPC endpoints: the network that a call came through, and the policy on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.state import backends

if TYPE_CHECKING:
    from chaoskit.sandbox.wire import ApiCall


def endpoint(call: ApiCall) -> Any:
    """Moto's VPC endpoint that a call says it came through; None when it is none of the caller's."""
    if not call.vpce or call.principal.account not in backends("ec2"):
        return None
    return backends("ec2")[call.principal.account][call.region].vpc_end_points.get(call.vpce)
