"""The Principal and NotPrincipal elements, and how much a statement that names the caller grants.

Source: IAM User Guide, "AWS JSON policy elements: Principal" and "NotPrincipal".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from chaoskit.policy.callers import CallerType
from chaoskit.policy.truth import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chaoskit.policy.callers import Caller
    from chaoskit.policy.context import Query

_ACCOUNT_ARN: Final = re.compile(r"arn:[\w-]+:iam::(\d{12}):root", re.ASCII)
_ACCOUNT_ID: Final = re.compile(r"\d{12}", re.ASCII)
_UNIQUE_ID: Final = re.compile(r"A[A-Z0-9]{15,127}", re.ASCII)
_NOBODY: Final[frozenset[str]] = frozenset()


class Grant(IntEnum):
    """How far an Allow in a resource policy reaches, weakest first.

    `ACCOUNT` only delegates to the account, whose identity policies must allow as well. `ROLE` allows by
    itself in the same account, within the boundary and session policy. `DIRECT` names the user, the session
    or everyone, and is limited by explicit denies alone.
    """

    NONE = 0
    ACCOUNT = 1
    ROLE = 2
    DIRECT = 3


@dataclass(frozen=True, slots=True)
class Principals:
    """The principals that one element names; unique ids (`AIDA...`, `AROA...`) are of users and roles."""

    everyone: bool
    accounts: frozenset[str]
    arns: frozenset[str]
    unique_ids: frozenset[str]
    services: frozenset[str]
    providers: frozenset[str]
    canonical_ids: frozenset[str]

    def grant(self, query: Query) -> Grant:
        """The strongest way in which the caller is named."""
        if self.everyone:
            return Grant.DIRECT
        caller = query.caller
        if not caller.account:
            return Grant.DIRECT if self._names_outsider(caller) else Grant.NONE
        if caller.type is not CallerType.ROLE and caller.name in self.arns:
            return Grant.DIRECT
        if self.providers and self._by_provider(query):
            return Grant.DIRECT
        issuer = query.request.session_issuer
        if query.role_arn in self.arns or (issuer and issuer in self.arns):
            return Grant.ROLE
        if self.unique_ids and self._by_unique_id(query):
            return Grant.DIRECT if caller.type is CallerType.USER else Grant.ROLE
        canonical = query.request.canonical_id
        if caller.account in self.accounts or (canonical and canonical in self.canonical_ids):
            return Grant.DIRECT if caller.type is CallerType.ROOT else Grant.ACCOUNT
        return Grant.NONE

    def spares(self, query: Query, *, bounded: bool) -> bool:
        """Whether a Deny with these as NotPrincipal leaves the caller alone.

        Every identity of the caller must be named: the account, the role and the session or user. "If you
        don't, the policy might deny access to the entire account". A principal with a permissions boundary
        is never spared.
        """
        if self.everyone:
            return True
        caller = query.caller
        if not caller.account:
            return self._names_outsider(caller)
        if bounded or not self._names_account(query):
            return False
        if caller.type is CallerType.ROOT:
            return True
        if query.role_arn and query.role_arn not in self.arns:
            return False
        return caller.name in self.arns

    def excludes(self, query: Query) -> bool:
        """Whether an Allow with these as NotPrincipal leaves the caller out: any identity named is enough."""
        return self.grant(query) is not Grant.NONE

    def doubts(self, query: Query) -> frozenset[str]:
        """The unknown keys that could show that these name a caller whom nothing known shows to be named."""
        if not query.has_unknowns or not query.caller.account:
            return _NOBODY
        return frozenset(key for key in self._telling(query.caller) if query.lookup(key.lower()) is UNKNOWN)

    def _telling(self, caller: Caller) -> Iterator[str]:
        """The keys that tell which of these names a caller has; a session does not show its role's path."""
        if self.providers:
            yield "aws:FederatedProvider"
        if self.unique_ids:
            yield "aws:userid"
        ending = f"/{caller.role_name}"
        if caller.type is CallerType.SESSION and any(arn.endswith(ending) for arn in self.arns):
            yield "aws:PrincipalArn"

    def _names_outsider(self, caller: Caller) -> bool:
        """Whether a caller without an account is named."""
        match caller.type:
            case CallerType.SERVICE:
                return caller.name in self.services
            case CallerType.PROVIDER:
                return caller.name in self.providers
            case _:
                return False

    def _names_account(self, query: Query) -> bool:
        canonical = query.request.canonical_id
        return query.caller.account in self.accounts or canonical in self.canonical_ids

    def _by_provider(self, query: Query) -> bool:
        """Whether the session came from a named identity provider."""
        found = query.lookup("aws:federatedprovider")
        return isinstance(found, tuple) and not self.providers.isdisjoint(found)

    def _by_unique_id(self, query: Query) -> bool:
        """Whether the user or role has a named id; a session's `aws:userid` goes on with its own name."""
        found = query.lookup("aws:userid")
        return isinstance(found, tuple) and any(one.partition(":")[0] in self.unique_ids for one in found)


def read_principals(element: str | Mapping[str, Sequence[str]]) -> Principals:
    """Compile a checked element: `*`, or principal types with their lists."""
    if isinstance(element, str):
        element = {"AWS": [element]}
    named = element.get("AWS", ())
    accounts: set[str] = set()
    arns: set[str] = set()
    unique_ids: set[str] = set()
    for name in named:
        root = _ACCOUNT_ARN.fullmatch(name)
        if root is not None:
            accounts.add(root.group(1))
        elif _ACCOUNT_ID.fullmatch(name):
            accounts.add(name)
        elif _UNIQUE_ID.fullmatch(name):
            unique_ids.add(name)
        else:
            arns.add(name)
    return Principals(
        everyone="*" in named,
        accounts=frozenset(accounts),
        arns=frozenset(arns),
        unique_ids=frozenset(unique_ids),
        services=frozenset(name.lower() for name in element.get("Service", ())),
        providers=frozenset(element.get("Federated", ())),
        canonical_ids=frozenset(element.get("CanonicalUser", ())),
    )
