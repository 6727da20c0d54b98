"""Rules about users, policies and the root user."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox import state
from chaoskit.sandbox.account_policies import managed_document
from chaoskit.sandbox.config.managed import managed
from chaoskit.sandbox.config.resources import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.sandbox.config.managed import Parameters
    from chaoskit.sandbox.config.resources import Resource

_POLICY = "AWS::IAM::Policy"
_USER = "AWS::IAM::User"


@managed(
    "IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS",
    _POLICY,
    "iam",
    on_change=True,
    parameters="excludePermissionBoundaryPolicy",
)
def no_admin(found: Resource, parameters: Parameters) -> str | None:
    """The customer managed policy does not allow `*` on `*`."""
    del parameters
    for each in _allowing(found.state):
        if "*" in _listed(each.get("Action")) and "*" in _listed(each.get("Resource")):
            return "The policy allows all actions on all resources."
    return ""


@managed(
    "IAM_POLICY_NO_STATEMENTS_WITH_FULL_ACCESS",
    _POLICY,
    "iam",
    on_change=True,
    parameters="excludePermissionBoundaryPolicy",
)
def no_full_access(found: Resource, parameters: Parameters) -> str | None:
    """The customer managed policy does not allow all of a service."""
    del parameters
    for each in _allowing(found.state):
        for action in _listed(each.get("Action")):
            if action == "*" or action.endswith(":*"):
                return f"The policy allows {action}."
    return ""


def _allowing(policy: Any) -> Iterator[Mapping[str, Any]]:
    found = json.loads(managed_document(policy)).get("Statement", [])
    for each in found if isinstance(found, list) else [found]:
        if each.get("Effect") == "Allow":
            yield each


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


@managed("IAM_USER_NO_POLICIES_CHECK", _USER, "iam", on_change=True)
def no_own_policies(found: Resource, parameters: Parameters) -> str | None:
    """The user has no policy of its own, only those of groups."""
    del parameters
    has = found.state.policies or found.state.managed_policies
    return "The user has policies attached directly." if has else ""


@managed("IAM_USER_MFA_ENABLED", _USER, "iam", periodic=True)
def with_mfa(found: Resource, parameters: Parameters) -> str | None:
    """The user has an MFA device."""
    del parameters
    return "" if found.state.mfa_devices else "The user has no MFA device."


@managed("IAM_ROOT_ACCESS_KEY_CHECK", ACCOUNT, "iam", periodic=True)
def no_root_keys(found: Resource, parameters: Parameters) -> str | None:
    """The root user has no access key."""
    del parameters
    held = state.backend("iam", found.place[0])
    present = held.account_summary.summary_map["AccountAccessKeysPresent"] if held is not None else 0
    return "The root user has an access key." if present else ""
