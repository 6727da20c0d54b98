"""`chaoskit fleet deploy`: the tooling account's stack, the organization's guardrail, the member roles."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Query
from chaoskit.fleet import rendering
from chaoskit.fleet.actions import allowed
from chaoskit.fleet.roles import policies
from chaoskit.fleet.stack_sets import StackSet
from chaoskit.fleet.stacks import DeployError, Pace, Stack
from chaoskit.fleet.tooling import STACK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from chaoskit.aws import Aws
    from chaoskit.experiment import Experiment

GUARDRAIL: Final = "chaoskit-fleet-guardrail"
"""The stack in the management account."""
ROLES: Final = "chaoskit-fleet-roles"
"""The stack set."""
_SCP: Final = "SERVICE_CONTROL_POLICY"


@dataclass(frozen=True, slots=True)
class Templates:
    """The three templates, as text."""

    tooling: str
    organization: str
    member_roles: str

    @classmethod
    def of(cls, experiments: Iterable[Experiment] | None = None) -> Templates:
        """For these experiments, or for the whole catalog.

        Raises:
            ChaoskitError: The member roles' policies can't be derived, or don't fit.
        """
        members = rendering.member_roles(policies(allowed(experiments)))
        return cls(rendering.tooling(), rendering.organization(), members)

    def files(self) -> dict[str, str]:
        """By file name."""
        return {
            "tooling.yaml": self.tooling,
            "organization.yaml": self.organization,
            "member-roles.yaml": self.member_roles,
        }


@dataclass(frozen=True, slots=True)
class Deployment:
    """What is to be deployed where; `check` before anything else.

    Attributes:
        tooling: The tooling account, in the region of the fleet's state machine.
        management: The organization's management account.
        unit: The sandbox OU.
        regions: Where accounts are experimented on.
        parameters: Of the tooling account's template.
        consent: Have each account say that it is a sandbox; False where the accounts say so already.
        pace: How to wait.
    """

    tooling: Aws
    management: Aws
    templates: Templates
    unit: str
    regions: tuple[str, ...]
    parameters: Mapping[str, str] = field(default_factory=dict)
    consent: bool = True
    pace: Pace = field(default_factory=Pace)

    def check(self) -> Place:
        """What the organization says, and that all of this may be deployed to it.

        Raises:
            DeployError: Something is not as it must be; nothing was changed.
            AwsError: An account can't be read.
        """
        for account in (self.tooling, self.management):
            account.identify()
        organization = self.management.read(
            Query("organizations", "DescribeOrganization", {}, "Organization")
        )
        if organization["MasterAccountId"] != self.management.account:
            raise DeployError(
                f"--management-profile leads to account {self.management.account}, but the organization's "
                f"management account is {organization['MasterAccountId']}: SCPs and stack sets are its own."
            )
        root = self.management.read(Query("organizations", "ListRoots", {}, "Roots[0]"))
        if not any(
            kind["Type"] == _SCP and kind["Status"] == "ENABLED" for kind in root.get("PolicyTypes", [])
        ):
            raise DeployError(
                "Service control policies are not enabled: aws organizations enable-policy-type "
                f"--root-id {root['Id']} --policy-type {_SCP}"
            )
        access = self.management.read(Query("cloudformation", "DescribeOrganizationsAccess", {}, "Status"))
        if access != "ENABLED":
            raise DeployError(
                "StackSets may not act in the organization yet: aws cloudformation "
                "activate-organizations-access, in the management account, then deploy again."
            )
        return self._place(organization["Id"], root["Id"])

    def carry_out(self, place: Place, tell: Callable[[str], None]) -> dict[str, str]:
        """Deploy all three, the guardrail before the roles; the outputs of the tooling account's stack.

        Raises:
            DeployError: Something was not deployed; what came before it stays, and deploying again goes on.
            AwsError: An account can't be called.
        """
        tell(f"{STACK} in account {self.tooling.account}, {self.tooling.region} ...")
        done, outputs = self._tooling(place).bring(self.tooling, self.pace)
        tell(f"  {done}")
        tell(f"{GUARDRAIL} in account {self.management.account} ...")
        done, _ = self._guardrail(place).bring(self.management, self.pace)
        tell(f"  {done}")
        roles = self._roles(place)
        number = len(place.accounts)
        accounts = f"{number} account{'' if number == 1 else 's'} of {self.unit}"
        tell(f"{ROLES} in {accounts}, {', '.join(self.regions)} ...")
        tell(f"  {roles.bring(self.management, place.accounts, self.pace)}")
        if others := roles.elsewhere(self.management):
            tell(f"  left alone, as they are not of {self.unit} and these regions: {', '.join(others)}")
        return outputs

    def preview(self, place: Place) -> Iterator[tuple[str, list[str]]]:
        """For each of the three what `carry_out` would change, line by line.

        Raises:
            AwsError: An account can't be read.
        """
        where = f"in account {self.tooling.account}, {self.tooling.region}"
        yield f"{STACK} {where}", list(self._tooling(place).differences(self.tooling))
        where = f"in account {self.management.account}"
        yield f"{GUARDRAIL} {where}", list(self._guardrail(place).differences(self.management))
        yield f"{ROLES} in {self.unit}", list(self._roles(place).differences(self.management, place.accounts))

    def _tooling(self, place: Place) -> Stack:
        given = {"OrganizationId": place.organization, **self.parameters}
        return Stack(STACK, self.templates.tooling, given)

    def _guardrail(self, place: Place) -> Stack:
        given = {"OrganizationId": place.organization, "RootId": place.root, "SandboxOu": self.unit}
        return Stack(GUARDRAIL, self.templates.organization, given)

    def _roles(self, place: Place) -> StackSet:
        given = {
            "ToolingAccount": self.tooling.account,
            "OrganizationId": place.organization,
            "HomeRegion": place.home_region,
            "GiveConsent": "true" if self.consent else "false",
        }
        return StackSet(ROLES, self.templates.member_roles, self.unit, self.regions, given)

    def _place(self, organization: str, root: str) -> Place:
        gone = ("OrganizationalUnitNotFoundException",)
        unit = self.management.read(
            Query(
                "organizations",
                "DescribeOrganizationalUnit",
                {"OrganizationalUnitId": self.unit},
                "OrganizationalUnit.Id",
                gone,
            )
        )
        if unit is None:
            raise DeployError(f"The organization {organization} has no OU {self.unit}.")
        accounts = frozenset(self._under(self.unit)) - {self.management.account}
        if self.tooling.account in accounts or self.tooling.account == self.management.account:
            raise DeployError(
                f"The tooling account {self.tooling.account} must be neither in the sandbox OU, where it is "
                "experimented on, nor the management account, which no SCP limits."
            )
        there = StackSet(ROLES, "", self.unit, self.regions).described(self.management)
        had = {each["ParameterKey"]: each["ParameterValue"] for each in (there or {}).get("Parameters", [])}
        home: str = had.get("HomeRegion", self.regions[0])
        if home not in self.regions:
            raise DeployError(f"The roles are made by the stacks in {home}: name it among the --regions.")
        return Place(organization, root, home, accounts)

    def _under(self, parent: str) -> Iterator[str]:
        """The accounts of an OU and of those below it."""
        given = {"ParentId": parent}
        yield from self._list("ListAccountsForParent", given, "Accounts[].Id")
        for each in self._list("ListOrganizationalUnitsForParent", given, "OrganizationalUnits[].Id"):
            yield from self._under(each)

    def _list(self, operation: str, params: Mapping[str, Any], select: str) -> list[str]:
        return list(self.management.read(Query("organizations", operation, dict(params), select)) or ())


@dataclass(frozen=True, slots=True)
class Place:
    """What a check found.

    Attributes:
        organization: Its id.
        root: The id of its root.
        home_region: The region whose stacks make the roles.
        accounts: The accounts of the sandbox OU and of those below it.
    """

    organization: str
    root: str
    home_region: str
    accounts: frozenset[str]
