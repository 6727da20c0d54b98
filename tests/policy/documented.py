"""Decision cases in tables: what a sentence of AWS's documentation says about them stands above each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.policy.support import FULL, allow, ask, deny, doc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.policy.support import Doc

ALLOW, DENY, IMPLICIT = "allow", "explicit", "implicit"
ORG = "o-a1b2c3d4e5"
EC2 = doc(allow("ec2:*"))


@dataclass(frozen=True)
class Case:
    """A request under policies; `expected` is `allow` or the kind of denial."""

    expected: str
    policies: Doc
    request: Mapping[str, Any] = field(default_factory=dict)

    def outcome(self) -> str:
        decision = ask(self.policies, **self.request)
        return decision.kind or str(decision.effect)


Tables = dict[str, list[Case]]
"""From the sentence, with its page, to its cases."""


def case(expected: str, policies: Doc, **request: Any) -> Case:
    return Case(expected, policies, request)


def parameters(tables: Tables) -> list[Any]:
    """The cases for `parametrize`, each named by its sentence and number."""
    return [
        pytest.param(one, id=f"{sentence}-{number}")
        for sentence, cases in tables.items()
        for number, one in enumerate(cases, 1)
    ]


def identity(*statements: Doc, **more: Any) -> Doc:
    """Policies of which these statements are the identity policy."""
    return {"identityPolicies": [doc(*statements)], **more}


def granted(condition: Doc) -> Doc:
    return identity(allow(Condition=condition))


def full_but(condition: Doc) -> Doc:
    """Everything is allowed but what a Deny with this condition takes away."""
    return identity(allow(), deny(Condition=condition))


def resource_policy(principal: Any, *, effect: str = "Allow", element: str = "Principal", **more: Any) -> Doc:
    """A policy on any resource about any action."""
    action = more.pop("Action", "*")
    return doc({"Effect": effect, element: principal, "Action": action, "Resource": "*", **more})


def aws(*names: str) -> Doc:
    return {"AWS": list(names)}


def blocked(*statements: Doc) -> list[Doc]:
    """A level that allows everything but what these deny."""
    return [doc(allow()), doc(*(deny(**{"action": "*", **one}) for one in statements))]


def policy_for(action: str, principal: Any, **more: Any) -> Doc:
    """A policy of the resource that the action is about; a trust policy names no resource."""
    made = resource_policy(principal, **{"Action": action, **more})
    if action.startswith("sts:"):
        del made["Statement"][0]["Resource"]
    return made


def across(action: str, principal: Any, *, mine: bool = True, **more: Any) -> Doc:
    """The identity policy of a caller from another account, or none, and the resource's policy."""
    return {
        "identityPolicies": [FULL] if mine else [],
        "resourcePolicy": policy_for(action, principal, **more),
    }
