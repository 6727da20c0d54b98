"""VPC endpoints: the network that a call came through, and the policy on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.state import backend

if TYPE_CHECKING:
    from chaoskit.sandbox.wire import ApiCall


def endpoint(call: ApiCall) -> Any:
    """Moto's VPC endpoint that a call says it came through; None when it is none of the caller's."""
    held = backend("ec2", call.principal.account, call.region) if call.vpce else None
    return held.vpc_end_points.get(call.vpce) if held is not None else None
