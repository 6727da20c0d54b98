"""A policy's statements as controls: each that denies is one, and the policy is put again without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.mutate.control import Control

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chaoskit.aws import Call

    Put = Callable[[Mapping[str, Any] | None], list[Call]]
    """The calls that make a document the policy; None takes the policy away."""

ORGANIZATION: Final = {"scp": "SERVICE_CONTROL_POLICY", "rcp": "RESOURCE_CONTROL_POLICY"}
"""The kinds that are the management account's, and what Organizations calls them."""


def statements_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Its statements, also when it has one only that is not in a list."""
    found = document["Statement"]
    return found if isinstance(found, list) else [found]


def sid_of(statement: Mapping[str, Any], number: int) -> str:
    """A statement's Sid; `#2` of the second one, if it has none."""
    return str(statement.get("Sid") or f"#{number + 1}")


def denials(  # noqa: PLR0917 - what a policy is known by
    kind: str,
    name: str,
    document: Mapping[str, Any],
    put: Put,
    layer: str,
    of: tuple[str, ...] = (),
) -> Iterator[Control]:
    """A control for each statement that denies; without the only one, the policy has nothing to say.

    Args:
        kind: As of `Control`.
        name: The policy's name, or that of what it is on.
        document: The policy.
        put: Makes a document the policy.
        layer: As of `Control`.
        of: More names of the policy, or of what it is on.
    """
    statements = statements_of(document)
    for number, statement in enumerate(statements):
        if statement["Effect"] != "Deny":
            continue
        left = [each for each in statements if each is not statement]
        sid, known = sid_of(statement, number), frozenset({name, *of})
        yield Control(
            kind,
            f"{name}/{sid}",
            tuple(put({**document, "Statement": left} if left else None)),
            tuple(put(document)),
            management=kind in ORGANIZATION,
            layer=layer,
            services=_services(statement),
            words=frozenset(f"{each}/{sid}" for each in known),
            protects=known,
        )


def _services(statement: Mapping[str, Any]) -> frozenset[str] | None:
    actions = statement.get("Action")
    if actions is None:  # NotAction
        return None
    listed = [actions] if isinstance(actions, str) else actions
    # A role is passed by a call of another service.
    found = {"*" if each.lower() == "iam:passrole" else each.partition(":")[0].lower() for each in listed}
    return None if "*" in found else frozenset(found)
