"""The organization that the sandbox starts with: a management account, an OU and one member account.

AWS makes these by hand or by Control Tower, before any template runs; so does this module, straight in
moto's state, because moto's API cannot give an account a fixed id. Everything after it is deployed
through the API (`workload`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ADMIN_USER = "admin"
ADMIN_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"
ACCESS_ROLE = "OrganizationAccountAccessRole"
SANDBOX_OU = "Sandbox"


@dataclass(frozen=True, slots=True)
class AccessKey:
    """Long-term credentials of an IAM user."""

    access_key_id: str
    secret_access_key: str


@dataclass(frozen=True, slots=True)
class Organization:
    """What `bootstrap` made.

    Attributes:
        root_id: The organization's root, `r-...`.
        ou_id: The OU that holds the sandbox account, `ou-...`.
        admins: An access key of the IAM user `admin` in each account, by account id.
    """

    root_id: str
    ou_id: str
    admins: Mapping[str, AccessKey]


def bootstrap(*, management_account: str, account: str, region: str) -> Organization:
    """Make the organization with all features, SCPs enabled, and `account` in the OU `Sandbox`.

    Each account gets the IAM user `admin` with AdministratorAccess. The member account has the role
    `OrganizationAccountAccessRole` that trusts the management account (Organizations User Guide,
    Accessing member accounts). Call once, on fresh moto state.
    """
    # moto is heavy to import, and only a process that serves the sandbox needs it.
    from moto.iam.models import iam_backends  # noqa: PLC0415 - see above
    from moto.organizations.models import organizations_backends  # noqa: PLC0415 - see above

    from chaoskit.sandbox import iam_ids, managed_policies  # noqa: PLC0415 - as moto itself

    iam_ids.share()
    managed_policies.share()

    _administer_new_accounts()
    known = set(iam_backends)
    organizations = organizations_backends[management_account]["aws"]
    organizations.create_organization(region=region, FeatureSet="ALL")
    root_id: str = organizations.list_roots()["Roots"][0]["Id"]
    organizations.enable_policy_type(RootId=root_id, PolicyType="SERVICE_CONTROL_POLICY")
    unit = organizations.create_organizational_unit(ParentId=root_id, Name=SANDBOX_OU)
    ou_id: str = unit["OrganizationalUnit"]["Id"]

    # moto draws an account's id at random, and makes its access role under that id.
    organizations.create_account(Email="sandbox@example.com", AccountName="sandbox")
    member = organizations.accounts[-1]
    masters = organizations_backends.master_accounts
    masters[account] = masters.pop(member.id)
    member.id = account
    member.parent_id = ou_id
    for stray in set(iam_backends) - known:
        del iam_backends[stray]

    _grant_access_role(iam_backends[account]["aws"], management_account)
    return Organization(
        root_id=root_id,
        ou_id=ou_id,
        admins={each: _admin(iam_backends[each]["aws"], region) for each in (management_account, account)},
    )


def _grant_access_role(iam: Any, management_account: str) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{management_account}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    iam.create_role(
        role_name=ACCESS_ROLE,
        assume_role_policy_document=json.dumps(trust),
        path="/",
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration="3600",
    )
    iam.attach_role_policy(ADMIN_POLICY, ACCESS_ROLE)


def _administer_new_accounts() -> None:
    """Let the access role of an account that is made later administer it, as AWS does and moto does not.

    Organizations User Guide, "Accessing member accounts in an organization with AWS Organizations".
    """
    from moto.iam.models import iam_backends  # noqa: PLC0415 - as in `bootstrap`
    from moto.organizations.models import OrganizationsBackend  # noqa: PLC0415 - as in `bootstrap`

    make: Callable[..., dict[str, Any]] = OrganizationsBackend.create_account
    if hasattr(make, "__wrapped__"):
        return

    @wraps(make)
    def create_account(self: Any, **asked: Any) -> dict[str, Any]:
        made = make(self, **asked)
        iam = iam_backends[made["CreateAccountStatus"]["AccountId"]]["aws"]
        iam.attach_role_policy(ADMIN_POLICY, asked.get("RoleName", ACCESS_ROLE))
        return made

    setattr(OrganizationsBackend, "create_account", create_account)  # noqa: B010 - it is typed as a method


def _admin(iam: Any, region: str) -> AccessKey:
    iam.create_user(region, ADMIN_USER)
    iam.attach_user_policy(ADMIN_POLICY, ADMIN_USER)
    key = iam.create_access_key(ADMIN_USER)
    return AccessKey(key.access_key_id, key.secret_access_key)
