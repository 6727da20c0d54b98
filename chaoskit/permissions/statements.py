"""IAM policies that grant what calls need, as small as can be without granting more.

Sizes: IAM User Guide, "IAM and AWS STS quotas"; STS API Reference, AssumeRole (`Policy`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from chaoskit.permissions.arns import resource_types

MANAGED_LIMIT: Final = 6144
"""Characters of a managed policy, white space not counted."""
SESSION_LIMIT: Final = 2048
"""Characters of a session policy."""
_VERB: Final = re.compile(r"[A-Z][a-z]+")


class Scope(StrEnum):
    """How narrow a policy is."""

    RESOURCES = "resources"
    ACTIONS = "actions"
    VERBS = "verbs"
    SERVICES = "services"

    @property
    def explanation(self) -> str:
        """What it grants, in words."""
        return _EXPLAINED[self]


_EXPLAINED: Final = {
    Scope.RESOURCES: "each action on just the resources that it is needed for",
    Scope.ACTIONS: "just the actions that are needed, on any resource",
    Scope.VERBS: "the services' verbs that are needed (s3:Get*), on any resource",
    Scope.SERVICES: "all actions of the services that are needed",
}


@dataclass(frozen=True, slots=True)
class Grant:
    """One permission to give: an action on a resource (which may have wildcards), under a condition."""

    action: str
    resource: str
    condition: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """A policy document.

    Attributes:
        scope: How narrow it is.
        missing: What it may lack, in words.
    """

    document: Mapping[str, Any]
    scope: Scope
    missing: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The document without white space, as its size is counted."""
        return json.dumps(self.document, separators=(",", ":"))


Groups = Mapping[str, Iterable[Grant]]
"""Grants by the Sid of their statements."""


def written(groups: Groups, scope: Scope = Scope.RESOURCES) -> Written:
    """The policy that grants these groups; a Sid that takes several statements is numbered."""
    statements = []
    for sid, grants in groups.items():
        parts = _parts(frozenset(_widened(grant, scope) for grant in grants))
        for number, (condition, actions, resources) in enumerate(parts, 1):
            statement: dict[str, Any] = {"Sid": sid if number == 1 else f"{sid}{number}", "Effect": "Allow"}
            statement["Action"] = _one_or_list(actions)
            statement["Resource"] = _one_or_list(resources)
            if condition:
                statement["Condition"] = {"StringEquals": dict(condition)}
            statements.append(statement)
    return Written({"Version": "2012-10-17", "Statement": statements}, scope)


def fitting(groups: Groups, limit: int) -> list[Written]:
    """The policies for these groups that fit a size, the narrowest first; nothing when none does."""
    every = (written(groups, scope) for scope in Scope)
    return [policy for policy in every if len(policy.text) <= limit]


def _widened(grant: Grant, scope: Scope) -> Grant:
    service, _, name = grant.action.partition(":")
    verb = _VERB.match(name)
    match scope:
        case Scope.RESOURCES:
            return grant
        case Scope.ACTIONS:
            return Grant(grant.action, "*", grant.condition)
        case Scope.VERBS if verb:
            return Grant(f"{service}:{verb[0]}*", "*", grant.condition)
        case _:
            return Grant(f"{service}:*", "*", grant.condition)


_Condition = tuple[tuple[str, str], ...]
_Part = tuple[_Condition, list[str], list[str]]


def _parts(grants: frozenset[Grant]) -> list[_Part]:
    """Conditions, actions and resources of the fewest statements that give no action more than it needs."""
    needed: dict[tuple[_Condition, str], frozenset[str]] = {}
    for grant in grants:
        key = (grant.condition, grant.action)
        needed[key] = needed.get(key, frozenset()) | {grant.resource}
    parts: list[tuple[_Condition, set[str], frozenset[str]]] = []
    for (condition, action), resources in sorted(needed.items(), key=lambda item: item[0]):
        for number, (other, actions, held) in enumerate(parts):
            both = held | resources
            if (
                other == condition
                and not _gains(action, resources, both)
                and not any(_gains(each, needed[condition, each], both) for each in actions)
            ):
                parts[number] = (condition, actions | {action}, both)
                break
        else:
            parts.append((condition, {action}, resources))
    return [(condition, sorted(actions), sorted(held)) for condition, actions, held in parts]


def _gains(action: str, needs: frozenset[str], given: frozenset[str]) -> bool:
    """Whether an action could be used on one of the given resources without needing it."""
    more = given - needs
    if "*" in more:
        return True
    if "*" in needs:
        return bool(more)
    shapes = [kind.shape for kind in resource_types(action)]
    return any(shape.match(resource) for shape in shapes for resource in more)


def _one_or_list(texts: list[str]) -> str | list[str]:
    return texts[0] if len(texts) == 1 else texts
