"""A request from outside that a policy lets through, found by trial: every one that is told was decided.

For each Allow statement the callers, actions and condition values that it asks for are tried, together with
those that its Deny statements leave open; `chaoskit.policy` decides. A policy that is open in a way that no
trial hits is missed, so a finding is proof, and no finding is none.
"""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoskit.permissions.public_policy import is_public
from chaoskit.policy import Kind, MalformedPolicyDocument, PolicyCache, PolicySet, Request, decide
from chaoskit.sandbox import account_policies
from chaoskit.sandbox.access_analyzer.statements import (
    asked_actions,
    listed,
    named_resources,
    principals,
    sample,
    statements,
    tested_keys,
    values_to_try,
)
from chaoskit.sandbox.access_analyzer.zone import STRANGER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.policy import Policy
    from chaoskit.sandbox.access_analyzer.resources import Opening, Resource
    from chaoskit.sandbox.access_analyzer.zone import Zone
    from chaoskit.sandbox.account_policies import Membership

_MOST_TRIALS = 64
"""Contexts that are tried for one caller and action."""
_ANONYMOUS = "anonymous"
_ANYTHING = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
_PRINCIPAL = re.compile(r"arn:aws:(?:iam|sts)::(\d{12}):(.+)")
_FEDERATED = {"saml": "sts:AssumeRoleWithSAML", "web": "sts:AssumeRoleWithWebIdentity"}


@dataclass(frozen=True, slots=True)
class Access:
    """A way in: the statement's principal, what it may do, and under which condition.

    Attributes:
        principal: As the policy names it, e.g. `{"AWS": "*"}`.
        actions: The actions that were let through, sorted.
        condition: The keys that the statement asks for, with the values that were let through.
        public: Anyone can get in.
        source: The sort of policy, see `Opening`.
        witness: The request that was let through.
    """

    principal: tuple[tuple[str, str], ...]
    actions: tuple[str, ...]
    condition: tuple[tuple[str, str], ...]
    public: bool
    source: str
    witness: Request


@dataclass(frozen=True, slots=True)
class _Caller:
    """An outsider: how the policy names it, and who asks."""

    named: tuple[str, str]
    principal: str
    federated: bool = False


class Search:
    """Looks for ways into a resource from outside of a zone of trust. Hold the sandbox's lock.

    Args:
        zone: The zone of trust.
        cache: Policies that earlier searches have compiled; most are the same each time.
    """

    def __init__(self, zone: Zone, cache: PolicyCache | None = None) -> None:
        self._zone = zone
        self._cache = cache or PolicyCache()
        self._identity = (self._cache.compile(_ANYTHING, Kind.IDENTITY),)

    def ways_in(self, resource: Resource) -> Iterator[Access]:
        """Every way that is found, one for each principal and condition."""
        place = account_policies.membership(resource.account)
        for opening in resource.openings:
            if opening.sealed:
                continue
            try:
                policy = self._cache.compile(opening.document, opening.kind)
            except MalformedPolicyDocument:
                continue
            every = statements(opening.document)
            trial = _Trial(resource, policy, self._rcps(place), self._identity, place)
            for statement in every:
                if statement.get("Effect") == "Allow":
                    yield from self._through(trial, opening, statement, every)

    def _through(
        self,
        trial: _Trial,
        opening: Opening,
        statement: Mapping[str, Any],
        every: list[Mapping[str, Any]],
    ) -> Iterator[Access]:
        for named, callers in itertools.groupby(self._callers(statement), key=lambda one: one.named):
            tried = list(callers)
            found: dict[str, Request] = {}
            for action in asked_actions(statement, trial.resource.actions):
                passed = self._first(trial, tried, action, statement, every)
                if passed is not None:
                    found[action] = passed
            if found:
                witness = next(iter(found.values()))
                yield Access(
                    (named,),
                    tuple(sorted(found)),
                    _condition(statement, witness),
                    named == ("AWS", "*") and is_public(json.dumps({"Statement": [dict(statement)]})),
                    opening.source,
                    witness,
                )

    def _rcps(self, place: Membership | None) -> tuple[tuple[Policy, ...], ...] | None:
        return account_policies.levels(place, account_policies.RCP, self._cache)

    def _first(
        self,
        trial: _Trial,
        callers: list[_Caller],
        action: str,
        statement: Mapping[str, Any],
        every: list[Mapping[str, Any]],
    ) -> Request | None:
        """The first request of these callers that is let through."""
        for caller in callers:
            for context in self._contexts(caller, statement, every):
                for arn in named_resources(statement, trial.resource):
                    request = trial.request(caller, action, arn, context)
                    if request is not None and trial.passes(request):
                        return request
        return None

    def _callers(self, statement: Mapping[str, Any]) -> Iterator[_Caller]:
        """The outsiders that a statement may mean, by how it names them."""
        if "NotPrincipal" in statement:
            yield from self._anyone(statement)
            return
        for kind, name in principals(statement.get("Principal")):
            if kind == "AWS" and name == "*":
                yield from self._anyone(statement)
            elif kind == "AWS" and _PRINCIPAL.fullmatch(_as_caller(name)) and not self._zone.trusts(name):
                yield _Caller((kind, name), _as_caller(name))
            elif kind == "Federated":
                yield _Caller((kind, name), name, federated=True)

    def _anyone(self, statement: Mapping[str, Any]) -> Iterator[_Caller]:
        """Nobody, a stranger, and whom the conditions name: each stands for everyone."""
        everyone = ("AWS", "*")
        yield _Caller(everyone, _ANONYMOUS)
        text = json.dumps(statement.get("Condition") or {})
        named = [STRANGER, *sorted(set(_ACCOUNT.findall(text)))]
        for account in dict.fromkeys(named):
            if account not in self._zone.accounts:
                yield _Caller(everyone, f"arn:aws:iam::{account}:user/outsider")
        for key, values in tested_keys(statement):
            if key.lower() == "aws:principalarn":
                for value in values:
                    name = sample(value)
                    if _PRINCIPAL.fullmatch(name) and not self._zone.trusts(name):
                        yield _Caller(everyone, _as_caller(name))

    def _contexts(
        self, caller: _Caller, statement: Mapping[str, Any], every: list[Mapping[str, Any]]
    ) -> Iterator[dict[str, str]]:
        """What a request of an outsider may say, to satisfy one statement and escape the denials."""
        base = _base(caller)
        choices: dict[str, list[str | None]] = {}
        for each in (statement, *(one for one in every if one.get("Effect") == "Deny")):
            for operator, tested in (each.get("Condition") or {}).items():
                for key, wanted in tested.items():
                    known = choices.setdefault(key.lower(), [])
                    known += [
                        value for value in values_to_try(operator, listed(wanted)) if value not in known
                    ]
        free = {
            key: [one for one in values if one is None or self._zone.may_carry(key, one)] or [None]
            for key, values in choices.items()
            if key not in base
        }
        for picked in itertools.islice(itertools.product(*free.values()), _MOST_TRIALS):
            chosen = {key: value for key, value in zip(free, picked, strict=True) if value is not None}
            yield {**base, **chosen}


@dataclass(frozen=True, slots=True)
class _Trial:
    """A resource, and the policies that a request from outside has to pass."""

    resource: Resource
    policy: Policy
    rcps: tuple[tuple[Policy, ...], ...] | None
    identity: tuple[Policy, ...]
    place: Membership | None

    def request(self, caller: _Caller, action: str, arn: str, context: Mapping[str, str]) -> Request | None:
        """The request, or None where such a caller can't make one."""
        by_provider = action in _FEDERATED.values()
        if by_provider is not caller.federated:
            return None
        account = self.resource.account
        return Request(
            principal=caller.principal,
            action=action,
            resource=arn,
            resource_account=account,
            context=context,
            federated=caller.federated,
            resource_in_management_account=self.place is not None
            and self.place.management_account == account,
        )

    def passes(self, request: Request) -> bool:
        """Whether nothing on the resource's side stops it; the caller's own side allows everything."""
        policies = PolicySet(identity=self.identity, resource=(self.policy,), rcps=self.rcps)
        return decide(request, policies).allowed


def _base(caller: _Caller) -> dict[str, str]:
    """What the caller is: no condition value can make it another."""
    if caller.principal == _ANONYMOUS:
        return {"aws:principaltype": "Anonymous", "aws:principalisawsservice": "false"}
    found = _PRINCIPAL.fullmatch(caller.principal)
    if found is None or caller.federated:
        return {}
    return {
        "aws:principalaccount": found.group(1),
        "aws:principalarn": caller.principal,
        "aws:principaltype": "User" if found.group(2).startswith("user/") else "AssumedRole",
        "aws:principalisawsservice": "false",
        "kms:calleraccount": found.group(1),
    }


def _as_caller(name: str) -> str:
    """A caller that a principal of a policy means: of an account, one of its users."""
    account = name if _ACCOUNT.fullmatch(name) else ""
    if name.endswith(":root"):
        account = name.split(":")[4]
    return f"arn:aws:iam::{account}:user/outsider" if account else name


def _condition(statement: Mapping[str, Any], witness: Request) -> tuple[tuple[str, str], ...]:
    """The statement's condition as a finding has it: its keys, with the values that let the witness in."""
    said = {key.lower(): value for key, value in witness.context.items()}
    kept = {}
    for key, values in tested_keys(statement):
        carried = said.get(key.lower())
        if carried is not None and key.lower() != "aws:principaltype":
            kept[key] = next((one for one in values if sample(one) == carried), str(carried))
    return tuple(sorted(kept.items()))
