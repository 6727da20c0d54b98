"""The zone of trust: the account or organization inside which access is nobody's concern.

Source: IAM User Guide, "Findings for public and cross-account access", Zone of trust.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaoskit.sandbox import state
from chaoskit.sandbox.account_policies import membership

if TYPE_CHECKING:
    from chaoskit.sandbox.account_policies import Membership

STRANGER = "999999999999"
"""An account that nobody knows: one of AWS's documentation examples."""
STRANGERS_ORGANIZATION = "o-stranger00"
_ARN_PARTS = 6
# Keys that say whose the caller, or the resource that a service calls for, is.
_ACCOUNTS = frozenset(
    {
        "aws:principalaccount",
        "aws:sourceaccount",
        "aws:sourceowner",
        "kms:calleraccount",
        "s3:dataaccesspointaccount",
    }
)
_ARNS = frozenset({"aws:principalarn", "aws:sourcearn"})
_ORGANIZATIONS = frozenset({"aws:principalorgid", "aws:sourceorgid"})
_PATHS = frozenset({"aws:principalorgpaths", "aws:sourceorgpaths"})


@dataclass(frozen=True, slots=True)
class Zone:
    """Who is trusted.

    Attributes:
        accounts: The accounts inside.
        organization: The organization's id when all of it is inside, else empty.
    """

    accounts: frozenset[str]
    organization: str = ""

    def trusts(self, arn: str) -> bool:
        """Whether a principal or resource is inside; a bucket's ARN has no account, so it is looked up."""
        parts = arn.split(":", _ARN_PARTS - 1)
        if len(parts) < _ARN_PARTS:
            return arn in self.accounts
        account = parts[4]
        if not account and parts[2] == "s3":
            account = state.bucket(parts[5].partition("/")[0])[0]
        return account in self.accounts

    def may_carry(self, key: str, value: str) -> bool:
        """Whether a request from outside can have this value of a condition key."""
        key = key.lower()
        if key in _ACCOUNTS:
            return value not in self.accounts
        if key in _ARNS:
            return not self.trusts(value)
        if key in _ORGANIZATIONS:
            return not self.organization or value != self.organization
        if key in _PATHS:
            return not self.organization or not value.startswith(self.organization)
        if key in {"aws:sourcevpc", "aws:sourcevpce"}:
            return not any(_has_network(account, value) for account in self.accounts)
        if key == "aws:principalisawsservice":
            return value.lower() != "true"
        return True


def zone_of(account: str, place: Membership | None) -> Zone:
    """The zone of an account, or of the organization that is given."""
    if place is None:
        return Zone(frozenset({account}))
    held = state.organization_of(account)
    return Zone(frozenset(str(one.id) for one in held.accounts), place.organization_id)


def organization(account: str) -> Membership | None:
    """The organization that an account manages; None for any other account."""
    place = membership(account)
    return place if place is not None and place.management_account == account else None


def _has_network(account: str, name: str) -> bool:
    """Whether an account has a VPC or a VPC endpoint of this id, in any region."""
    held = state.backends("ec2")
    regions = held[account].values() if account in held else ()
    return any(name in each.vpcs or name in each.vpc_end_points for each in list(regions))
