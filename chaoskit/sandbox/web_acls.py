"""Web ACLs where moto's differ from WAF's: an update replaces all of their settings, and a resource has one.

Source: AWS WAFV2 API Reference, CreateWebACL, GetWebACL, UpdateWebACL, AssociateWebACL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.sandbox.moto_errors import moto_errors
from chaoskit.sandbox.state import backends
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.wire import ApiCall

_NO_SETTINGS: Final = frozenset({"Id", "LockToken", "Name", "Scope", "Tags"})
"""What requests name besides a web ACL's settings."""
_MOTOS: Final = (
    "association_config",
    "captcha_config",
    "challenge_config",
    "custom_response_bodies",
    "token_domains",
)
"""The settings that moto would keep, and not replace."""


class WebAcls:
    """Answers what makes, changes, shows and associates web ACLs."""

    service = "wafv2"

    def __init__(self, cloud: Sandbox) -> None:
        self._lock = cloud.lock

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "AssociateWebACL": self.associate,
            "CreateWebACL": self.create,
            "GetWebACL": self.get,
            "GetWebACLForResource": self.get_for_resource,
            "UpdateWebACL": self.update,
        }

    def create(self, call: ApiCall) -> Mapping[str, Any]:
        """Make a web ACL.

        Raises:
            ApiError: `WAFDuplicateItemException`, when there is one of that name.
        """
        params = call.params
        with self._lock, moto_errors():
            held = _held(call)
            if any(each.name == params["Name"] for each in held.wacls.values()):
                raise ApiError(
                    "WAFDuplicateItemException",
                    "AWS WAF couldn't perform the operation because some resource in your request is a "
                    "duplicate of an existing one.",
                )
            made = held.create_web_acl(
                params["Name"],
                params["VisibilityConfig"],
                params["DefaultAction"],
                params["Scope"],
                params.get("Description"),
                params.get("Tags", []),
                rules=[],
                **dict.fromkeys(_MOTOS),
            )
            _set(made, params)
            return {"Summary": made.to_short_dict()}

    def get(self, call: ApiCall) -> Mapping[str, Any]:
        """Show a web ACL.

        Raises:
            ApiError: `WAFNonexistentItemException`.
        """
        params = call.params
        with self._lock, moto_errors():
            found = _held(call).get_web_acl(params.get("ARN"), params.get("Name"), params.get("Id"))
            return {"WebACL": _shown(found), "LockToken": found.lock_token}

    def get_for_resource(self, call: ApiCall) -> Mapping[str, Any]:
        """Show the web ACL that protects a resource, if one does."""
        with self._lock:
            found = _held(call).get_web_acl_for_resource(call.params["ResourceArn"])
            return {} if found is None else {"WebACL": _shown(found)}

    def update(self, call: ApiCall) -> Mapping[str, Any]:
        """Replace all of a web ACL's settings: what the call leaves out is gone.

        Raises:
            ApiError: `WAFNonexistentItemException`, or `WAFOptimisticLockException`, when somebody else has
                changed it since the lock token was told.
        """
        params, nothing = call.params, ("default_action", "description", "rules", "visibility_config")
        with self._lock, moto_errors():
            held = _held(call)
            # moto looks at the lock token, and makes a new one.
            token = held.update_web_acl(
                params["Name"],
                params["Id"],
                lock_token=params["LockToken"],
                **dict.fromkeys((*_MOTOS, *nothing)),
            )
            _set(held.get_web_acl(None, params["Name"], params["Id"]), params)
            return {"NextLockToken": token}

    def associate(self, call: ApiCall) -> Mapping[str, Any]:
        """Protect a resource with a web ACL, in place of one that protects it already.

        Raises:
            ApiError: `WAFNonexistentItemException`, when there is no such web ACL.
        """
        acl, resource = call.params["WebACLArn"], call.params["ResourceArn"]
        with self._lock:
            held = _held(call)
            if acl not in held.wacls:
                message = "AWS WAF could not perform the operation because your resource does not exist."
                raise ApiError("WAFNonexistentItemException", message)
            for each in held.wacls.values():
                each.associated_resources = [one for one in each.associated_resources if one != resource]
            held.associate_web_acl(acl, resource)
        return {}


def _held(call: ApiCall) -> Any:
    place = "global" if call.params.get("Scope") == "CLOUDFRONT" else call.region
    return backends("wafv2")[call.account][place]


def _set(acl: Any, params: Mapping[str, Any]) -> None:
    acl.settings = {name: value for name, value in params.items() if name not in _NO_SETTINGS}
    acl.description = params.get("Description", "")


def _shown(acl: Any) -> dict[str, Any]:
    return {
        "Name": acl.name,
        "Id": acl.id,
        "ARN": acl.arn,
        "Description": acl.description,
        "Rules": [],
        "Capacity": acl.capacity,
        "LabelNamespace": acl.label_namespace,
        "ManagedByFirewallManager": False,
        **acl.settings,
    }
