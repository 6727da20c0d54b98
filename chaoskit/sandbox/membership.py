"""Joining and leaving an organization (Organizations API Reference, "CreateAccount", "LeaveOrganization")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.organization import ACCESS_ROLE, ADMIN_POLICY
from chaoskit.sandbox.state import backends, organization_of
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.wire import ApiCall, Cloud


class Membership:
    """Answers CreateAccount, whose access role moto gives no policy, and LeaveOrganization: moto lacks it."""

    service = "organizations"

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {"CreateAccount": self.create, "LeaveOrganization": self.leave}

    def create(self, call: ApiCall) -> Mapping[str, Any]:
        """Make an account, whose access role is an administrator's (User Guide, "Accessing member accounts").

        Raises:
            ApiError: `AWSOrganizationsNotInUseException` outside of an organization's management account.
        """
        with self._cloud.lock:
            found = organization_of(call.account)
            if found is None or found.org is None or found.org.master_account_id != call.account:
                raise ApiError(
                    "AWSOrganizationsNotInUseException", "Your account is not a member of an organization."
                )
            made: Mapping[str, Any] = found.create_account(**call.params)
            account = made["CreateAccountStatus"]["AccountId"]
            name = call.params.get("RoleName", ACCESS_ROLE)
            backends("iam")[account]["aws"].attach_role_policy(ADMIN_POLICY, name)
        return made

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
