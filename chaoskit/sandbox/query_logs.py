"""Ends the logging of DNS queries: the one call about it that moto lacks, and that intruders make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.state import backend
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.wire import ApiCall, Cloud


class QueryLogs:
    """Answers DeleteResolverQueryLogConfig (Route 53 API Reference, Resolver); moto has the rest."""

    service = "route53resolver"

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operation answered here."""
        return {"DeleteResolverQueryLogConfig": self._delete}

    def _delete(self, call: ApiCall) -> Mapping[str, Any]:
        """Forget a configuration.

        Raises:
            ApiError: `ResourceNotFoundException`, or `InvalidRequestException` while VPCs are associated.
        """
        name = str(call.params["ResolverQueryLogConfigId"])
        with self._cloud.lock:
            kept = backend("route53resolver", call.account, call.region)
            found = kept.resolver_query_log_configs.get(name) if kept is not None else None
            if found is None:
                raise ApiError(
                    "ResourceNotFoundException",
                    f"[RSLVR-01601] The specified query logging configuration doesn't exist: {name}",
                )
            associations = kept.resolver_query_log_config_associations.values()
            if any(one.resolver_query_log_config_id == name for one in associations):
                raise ApiError(
                    "InvalidRequestException",
                    "[RSLVR-01602] Disassociate all VPCs from the query logging configuration first.",
                )
            del kept.resolver_query_log_configs[name]
            return {"ResolverQueryLogConfig": {**found.description(), "Status": "DELETING"}}
