"""The accounts of a fleet, as its file lists them or as AWS Organizations has them now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.aws import Reader
    from chaoskit.fleets import Fleet


def accounts_of(fleet: Fleet, organization: Reader) -> tuple[str, ...]:
    """The accounts that a fleet means, in a stable order.

    Args:
        fleet: The fleet; its own list, if it has one.
        organization: The management account or a delegated administrator's, which may list accounts
            (AWS Organizations API Reference, "ListAccountsForParent").

    Raises:
        AwsError: They can't be listed.
    """
    if not fleet.unit:
        return fleet.accounts
    management = organization.read(
        Query("organizations", "DescribeOrganization", {}, "Organization.MasterAccountId")
    )
    return tuple(sorted(set(_under(fleet.unit, organization)) - {management}))


def _under(unit: str, organization: Reader) -> Iterator[str]:
    """Those that are active: a suspended account answers nobody."""
    parent = {"ParentId": unit}
    active = "Accounts[?Status == 'ACTIVE'].Id"
    yield from _list(organization, "ListAccountsForParent", parent, active)
    inner = "OrganizationalUnits[].Id"
    for each in _list(organization, "ListOrganizationalUnitsForParent", parent, inner):
        yield from _under(each, organization)


def _list(organization: Reader, operation: str, params: dict[str, Any], select: str) -> list[str]:
    return list(organization.read(Query("organizations", operation, params, select)) or ())
