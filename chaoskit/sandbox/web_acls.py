"""Web ACLs' associations, where moto's differ from WAF's: a resource has one.

Source: AWS WAFV2 API Reference, AssociateWebACL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.state import backends
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.wire import ApiCall


class WebAcls:
    """Answers AssociateWebACL."""

    service = "wafv2"

    def __init__(self, cloud: Sandbox) -> None:
        self._lock = cloud.lock

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operation answered here."""
        return {"AssociateWebACL": self.associate}

    def associate(self, call: ApiCall) -> Mapping[str, Any]:
        """Protect a resource with a web ACL, in place of one that protects it already.

        Raises:
            ApiError: `WAFNonexistentItemException`, when there is no such web ACL.
        """
        acl, resource = call.params["WebACLArn"], call.params["ResourceArn"]
        with self._lock:
            held: Any = backends("wafv2")[call.account][call.region]
            if acl not in held.wacls:
                message = "AWS WAF could not perform the operation because your resource does not exist."
                raise ApiError("WAFNonexistentItemException", message)
            for each in held.wacls.values():
                each.associated_resources = [one for one in each.associated_resources if one != resource]
            held.associate_web_acl(acl, resource)
        return {}
