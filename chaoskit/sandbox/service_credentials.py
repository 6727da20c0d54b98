"""Service-specific credentials of IAM users (Git, Keyspaces, Bedrock), which moto has not.

Source: IAM API Reference, CreateServiceSpecificCredential, ListServiceSpecificCredentials,
DeleteServiceSpecificCredential.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

from chaoskit.sandbox.identities import unique_id
from chaoskit.sandbox.state import backends
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.wire import ApiCall

_SERVICES: Final = frozenset({"bedrock.amazonaws.com", "cassandra.amazonaws.com", "codecommit.amazonaws.com"})
_MOST: Final = 2
"""Credentials of a user for a service (IAM User Guide, "IAM and AWS STS quotas")."""


class ServiceCredentials:
    """Makes, lists and deletes them; they are kept with moto's user."""

    service = "iam"

    def __init__(self, cloud: Sandbox) -> None:
        self._cloud = cloud

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "CreateServiceSpecificCredential": self.create,
            "ListServiceSpecificCredentials": self.list,
            "DeleteServiceSpecificCredential": self.delete,
        }

    def create(self, call: ApiCall) -> Mapping[str, Any]:
        """Make one; its password is told once and not kept.

        Raises:
            ApiError: `NoSuchEntity`, `NotSupportedService`, or `LimitExceeded`.
        """
        service = call.params["ServiceName"]
        if service not in _SERVICES:
            raise ApiError("NotSupportedService", f"{service} does not support these credentials.", 404)
        with self._cloud.lock:
            kept = self._kept(call)
            if sum(one["ServiceName"] == service for one in kept.values()) >= _MOST:
                raise ApiError(
                    "LimitExceeded",
                    f"Cannot exceed quota for ServiceSpecificCredentialsPerUser: {_MOST}",
                    409,
                )
            name, number = call.params["UserName"], len(kept) + 1
            made = {
                "CreateDate": self._cloud.now(),
                "ServiceName": service,
                "ServiceUserName": f"{name}+{number}-at-{call.account}",
                "ServiceSpecificCredentialId": unique_id("ACCA"),
                "UserName": name,
                "Status": "Active",
            }
            kept[made["ServiceSpecificCredentialId"]] = made
        told = {**made, "ServicePassword": secrets.token_urlsafe(32)}
        return {"ServiceSpecificCredential": told}

    def list(self, call: ApiCall) -> Mapping[str, Any]:
        """A user's, or those for one service.

        Raises:
            ApiError: `NoSuchEntity`, when there is no such user.
        """
        service = call.params.get("ServiceName")
        with self._cloud.lock:
            found = [one for one in self._kept(call).values() if service in (None, one["ServiceName"])]
        return {"ServiceSpecificCredentials": found, "IsTruncated": False}

    def delete(self, call: ApiCall) -> Mapping[str, Any]:
        """Delete one.

        Raises:
            ApiError: `NoSuchEntity`, when there is no such user or credential.
        """
        which = call.params["ServiceSpecificCredentialId"]
        with self._cloud.lock:
            if self._kept(call).pop(which, None) is None:
                raise ApiError("NoSuchEntity", f"Service Specific Credential {which} does not exist.", 404)
        return {}

    def _kept(self, call: ApiCall) -> dict[str, dict[str, Any]]:
        name = call.params.get("UserName") or call.principal.user_name
        user: Any = backends("iam")[call.account]["aws"].users.get(name)
        if user is None:
            raise ApiError("NoSuchEntity", f"The user with name {name} cannot be found.", 404)
        if not hasattr(user, "service_credentials"):
            user.service_credentials = {}
        kept: dict[str, dict[str, Any]] = user.service_credentials
        return kept
