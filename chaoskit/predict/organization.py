"""Where the account stands in its organization, and the policies above it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chaoskit.aws import Query
from chaoskit.predict.documents import Document, unknown
from chaoskit.predict.look import UnreadError

if TYPE_CHECKING:
    from chaoskit.predict.look import Look

SCP: Final = "SERVICE_CONTROL_POLICY"
RCP: Final = "RESOURCE_CONTROL_POLICY"
_WORDS: Final = {SCP: "the organization's service control policies", RCP: "its resource control policies"}
_ROOT: Final = "ROOT"

Levels = tuple[tuple[Document, ...], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """An account's organization.

    Attributes:
        id: `o-...`.
        management_account: The account that stands above its policies.
        path: As `aws:PrincipalOrgPaths` has it; None when only the management account may know.
    """

    id: str
    management_account: str
    path: str | None


class Organization:
    """Reads an organization from one of its member accounts.

    A member may ask who its management account is; the tree and its policies are for the management
    account and delegated administrators only (AWS Organizations API Reference).
    """

    def __init__(self, member: Look, management: Look | None = None) -> None:
        """Nothing is read yet.

        Args:
            member: The account.
            management: The management account, or a delegated administrator's; None to try as the member.
        """
        self._member = member
        self._above = management or member
        self._account = member.account
        self._levels: dict[str, Levels | None] = {}

    @functools.cached_property
    def place(self) -> Place | None:
        """Where the account stands; None in no organization.

        Raises:
            UnreadError: It can't be read.
        """
        query = Query(
            "organizations",
            "DescribeOrganization",
            {},
            "Organization.[Id, MasterAccountId]",
            absent=("AWSOrganizationsNotInUseException",),
        )
        found = self._member.ask("the organization", query)
        if found is None:
            return None
        try:
            above = "/".join(node for node in self._nodes[:-1])
        except UnreadError:
            return Place(found[0], found[1], None)
        return Place(found[0], found[1], f"{found[0]}/{above}/")

    def levels(self, kind: str) -> Levels | None:
        """The policies of a type above the account, root first; None when none apply.

        What can't be read stands there as not known.
        """
        if kind not in self._levels:
            self._levels[kind] = self._read(kind)
        return self._levels[kind]

    def _read(self, kind: str) -> Levels | None:
        try:
            if self.place is None or kind not in self._enabled:
                return None
            return tuple(
                tuple(self._document(policy, name) for policy, name in self._attached(node, kind))
                for node in self._nodes
            )
        except UnreadError as error:
            return ((unknown(f"{_WORDS[kind]} ({error.why})"),),)

    @functools.cached_property
    def _nodes(self) -> tuple[str, ...]:
        """The ids from the root down to the account."""
        nodes = [self._account]
        while True:
            query = Query("organizations", "ListParents", {"ChildId": nodes[0]}, "Parents[0].[Id, Type]")
            parent, kind = self._above.ask("the organization's tree", query)
            nodes.insert(0, parent)
            if kind == _ROOT:
                return tuple(nodes)

    @functools.cached_property
    def _enabled(self) -> frozenset[str]:
        """The policy types that the root has enabled."""
        query = Query("organizations", "ListRoots", {}, "Roots[0].PolicyTypes[?Status == 'ENABLED'].Type")
        return frozenset(self._above.ask("the organization's root", query) or ())

    def _attached(self, node: str, kind: str) -> list[tuple[str, str]]:
        where = {"TargetId": node, "Filter": kind}
        query = Query("organizations", "ListPoliciesForTarget", where, "Policies[].[Id, Name]")
        return [(policy, name) for policy, name in self._above.ask(f"the policies of {node}", query) or []]

    def _document(self, policy: str, name: str) -> Document:
        query = Query("organizations", "DescribePolicy", {"PolicyId": policy}, "Policy.Content")
        return Document.of(name, self._above.ask(f"the policy {name}", query))
