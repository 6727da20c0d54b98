"""Permissions boundaries of IAM users, which moto keeps for roles only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.state import backends
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.wire import ApiCall


class UserBoundaries:
    """Answers PutUserPermissionsBoundary and DeleteUserPermissionsBoundary."""

    service = "iam"

    def __init__(self, cloud: Sandbox) -> None:
        self._lock = cloud.lock

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "PutUserPermissionsBoundary": self.put,
            "DeleteUserPermissionsBoundary": self.delete,
        }

    def put(self, call: ApiCall) -> Mapping[str, Any]:
        """Set a user's boundary.

        Raises:
            ApiError: `NoSuchEntity`, when there is no such user or policy.
        """
        with self._lock:
            set_boundary(call.account, call.params["UserName"], call.params["PermissionsBoundary"])
        return {}

    def delete(self, call: ApiCall) -> Mapping[str, Any]:
        """Take a user's boundary away.

        Raises:
            ApiError: `NoSuchEntity`, when there is no such user.
        """
        with self._lock:
            user = _user(call.account, call.params["UserName"])
            if hasattr(user, "permissions_boundary"):
                del user.permissions_boundary
        return {}


def set_boundary(account: str, name: str, policy: str) -> None:
    """Set the boundary of moto's user; IAM's answers to GetUser then show it.

    Raises:
        ApiError: `NoSuchEntity`, when there is no such user or policy.
    """
    user = _user(account, name)
    if policy not in backends("iam")[account]["aws"].managed_policies:
        raise ApiError("NoSuchEntity", f"Scope ARN: {policy} does not exist or is not attachable.", 404)
    user.permissions_boundary = {
        "PermissionsBoundaryType": "Policy",
        "PermissionsBoundaryArn": policy,
    }


def new_user_boundary(call: ApiCall) -> None:
    """Give a user that was just created the boundary that it was created with."""
    boundary = call.params.get("PermissionsBoundary")
    if boundary:
        set_boundary(call.account, call.params["UserName"], boundary)


def _user(account: str, name: str) -> Any:
    user = backends("iam")[account]["aws"].users.get(name)
    if user is None:
        raise ApiError("NoSuchEntity", f"The user with name {name} cannot be found.", 404)
    return user
