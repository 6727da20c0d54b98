"""Leaving an organization, which moto lacks (Organizations API Reference, "LeaveOrganization")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.state import organization_of
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.wire import ApiCall, Cloud


class Membership:
    """Answers LeaveOrganization: no account here has what it needs to stand alone."""

    service = "organizations"

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operation answered here."""
        return {"LeaveOrganization": self.leave}

    def leave(self, call: ApiCall) -> Mapping[str, Any]:
        """Refuse.

        Raises:
            ApiError: `AWSOrganizationsNotInUseException` outside of an organization,
                `MasterCannotLeaveOrganizationException` in its management account, and in any other
                `ConstraintViolationException`: an account that the organization made has no way to pay by
                itself.
        """
        with self._cloud.lock:
            found = organization_of(call.account)
            organization = found.org if found is not None else None
        if organization is None:
            raise ApiError(
                "AWSOrganizationsNotInUseException", "Your account is not a member of an organization."
            )
        if organization.master_account_id == call.account:
            raise ApiError(
                "MasterCannotLeaveOrganizationException",
                "You can't remove a management account from an organization; delete that instead.",
            )
        raise ApiError(
            "ConstraintViolationException",
            "You can't leave this organization: your account lacks what a standalone account needs.",
        )
