"""The member roles' policies: as few managed policies as their quotas allow, each of few statements.

Quotas: IAM User Guide, "IAM and AWS STS quotas": 6,144 characters of a managed policy without white space,
and ten of them attached to a role.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from chaoskit.errors import ChaoskitError
from chaoskit.permissions.statements import MANAGED_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from chaoskit.fleet.actions import Allowed

MOST_POLICIES: Final = 9
"""Of ten that a role may have: one is what no experiment may change."""
_ACCOUNT: Final = {"aws:ResourceAccount": {"Ref": "AWS::AccountId"}}
_ACCOUNT_CHARACTERS: Final = 12
# What belongs to no account of the organization: foundation models are AWS's own.
_ELSEWHERE: Final = frozenset({"bedrock:InvokeModel"})
# Buckets of a stranger that a fault puts a canary into; see the fault's page in docs/catalog.md.
_STRANGERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "s3.exfiltrate-through-endpoint": {
        "Sid": "ReachTheStranger",
        "Effect": "Allow",
        "Action": ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
        "Resource": {"Fn::Sub": "arn:${AWS::Partition}:s3:::chaoskit-stranger-*/*"},
    }
}
# Data rather than settings: member-roles.yaml says whose.
_DATA: Final = frozenset({"s3:GetObject", "sqs:DeleteMessage", "sqs:ReceiveMessage"})


@dataclass(frozen=True, slots=True)
class Policies:
    """A role's managed policies, as documents with CloudFormation's functions in them."""

    name: str
    documents: tuple[Mapping[str, Any], ...]


def policies(given: Allowed) -> tuple[Policies, ...]:
    """The policies of the roles inject, undo and read.

    Raises:
        ChaoskitError: A role would need more of them than it may have.
    """
    strangers = [statement for name, statement in _STRANGERS.items() if name in given.faults]
    return (
        _policies("inject", given.inject, strangers),
        _policies("undo", given.undo, strangers),
        _policies("read", given.read - _DATA, []),
    )


def size(document: Mapping[str, Any]) -> int:
    """Characters as IAM counts them, with account ids for the functions that become one."""
    compact = json.dumps(document, separators=(",", ":"))
    return len(compact.replace('{"Ref":"AWS::AccountId"}', f'"{"0" * _ACCOUNT_CHARACTERS}"'))


def _policies(name: str, actions: Iterable[str], more: list[Mapping[str, Any]]) -> Policies:
    documents: list[dict[str, Any]] = []
    for statement in [*_statements(name, actions), *more]:
        if documents and size(_document([*documents[-1]["Statement"], statement])) <= MANAGED_LIMIT:
            documents[-1]["Statement"].append(statement)
        else:
            documents.append(_document([statement]))
    if len(documents) > MOST_POLICIES:
        raise ChaoskitError(
            f"The role {name} would need {len(documents)} managed policies, and may have {MOST_POLICIES}: "
            "deploy it for fewer experiments."
        )
    return Policies(name, tuple(documents))


def _document(statements: list[Mapping[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


def _statements(name: str, actions: Iterable[str]) -> Iterator[dict[str, Any]]:
    """One for each condition; a long one is split, so that policies can be filled."""
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for each in sorted(set(actions)):
        action, *given = each.split(" ")
        groups[("elsewhere",) if action in _ELSEWHERE else tuple(given)].append(action)
    number = 0
    for conditions, members in sorted(groups.items()):
        for part in _parts(members):
            number += 1
            statement: dict[str, Any] = {
                "Sid": f"{name.title()}{number}",
                "Effect": "Allow",
                "Action": part,
                "Resource": "*",
            }
            if conditions != ("elsewhere",):
                statement["Condition"] = _condition(conditions)
            yield statement


def _parts(actions: list[str]) -> Iterator[list[str]]:
    """By services, about a third of a policy each."""
    part: list[str] = []
    for action in actions:
        if (
            part
            and sum(len(each) + 3 for each in part) > MANAGED_LIMIT // 3
            and _service(part[-1]) != _service(action)
        ):
            yield part
            part = []
        part.append(action)
    if part:
        yield part


def _service(action: str) -> str:
    return action.partition(":")[0]


def _condition(conditions: Iterable[str]) -> dict[str, Any]:
    """The account's own resources only, where a service says whose they are, and what calls came with."""
    out: dict[str, Any] = {"StringEqualsIfExists": dict(_ACCOUNT)}
    for each in conditions:
        key, _, value = each.partition("=")
        if key == "kms:ViaService":  # service.region.amazonaws.com
            out.setdefault("StringLike", {})[key] = f"{_first(value)}.*.amazonaws.com"
        else:
            out.setdefault("StringEquals", {})[key] = value
    return out


def _first(text: str) -> str:
    return text.partition(".")[0]
