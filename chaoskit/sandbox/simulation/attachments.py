"""The policies of a user, group or role, read from moto's state, and those that a simulation leaves out."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.account_policies import documents, managed_document
from chaoskit.sandbox.simulation.simulator import IDENTITY
from chaoskit.sandbox.simulation.sources import Source
from chaoskit.sandbox.state import backend
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chaoskit.policy import Policy

    Levels = tuple[tuple[Policy, ...], ...]

_HOLDER = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):(user|group|role)/(?:.*/)?([^/]+)")
_POLICY = re.compile(r"arn:aws[\w-]*:(?:iam|organizations)::(?:aws|\d{12}):policy/.+")
_STORES = {"user": "users", "group": "groups", "role": "roles"}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A policy and how it is attached: by its ARN, or inline: its name, and its holder's kind and name."""

    source: Source
    arn: str = ""
    inline: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Attachments:
    """What a principal stands under; `boundary_arn` names the boundary's policy."""

    account: str = ""
    policies: tuple[Attachment, ...] = ()
    boundary: Source | None = None
    boundary_arn: str = ""
    scps: Levels | None = None

    @property
    def identity(self) -> tuple[Source, ...]:
        """The identity policies."""
        return tuple(each.source for each in self.policies)


def find(arn: str) -> Attachments:
    """The policies of a user (with those of its groups), group or role, and its boundary. Hold moto's lock.

    Raises:
        ApiError: `InvalidInput` for an ARN of something else, `NoSuchEntity` for one that is not there.
    """
    named = _HOLDER.fullmatch(arn)
    if named is None:
        raise ApiError("InvalidInput", f"{arn} is not the ARN of an IAM user, group or role.", 400)
    account, kind, name = named[1], named[2], named[3]
    held = backend("iam", account)
    known = getattr(held, _STORES[kind]) if held is not None else {}
    holder = next((each for each in known.values() if each.arn == arn), None)
    if holder is None:
        raise ApiError("NoSuchEntity", f"The {kind} with name {name} cannot be found.", 404)
    found = list(_of(kind, holder))
    if kind == "user":
        for group in held.groups.values():
            if holder in group.users:
                found.extend(_of("group", group))
    boundary = _boundary_arn(kind, holder)
    policy = held.managed_policies.get(boundary)
    return Attachments(
        account=account,
        policies=tuple(found),
        boundary=Source(policy.name, IDENTITY, managed_document(policy)) if policy is not None else None,
        boundary_arn=boundary,
    )


def _of(kind: str, holder: Any) -> Iterable[Attachment]:
    for name, text in documents(holder):
        if name.startswith("arn:"):
            yield Attachment(Source(name.rpartition("/")[2], IDENTITY, text), arn=name)
        else:
            source = Source(f"{kind}_{holder.name}_{name}", IDENTITY, text)
            yield Attachment(source, inline=(name, kind, holder.name))


def _boundary_arn(kind: str, holder: Any) -> str:
    if kind == "user":
        return str(getattr(holder, "permissions_boundary", {}).get("PermissionsBoundaryArn", ""))
    return str(getattr(holder, "permissions_boundary_arn", None) or "")


class Exclusions:
    """The policies that a simulation leaves out (`PolicyExclusionList`)."""

    def __init__(self, given: Sequence[Mapping[str, Any]]) -> None:
        """Raise `ApiError` InvalidInput when an entry names nothing, or no policy's ARN."""
        self._types = {each["PolicyType"] for each in given if "PolicyType" in each}
        self._arns = [each["PolicyArn"] for each in given if "PolicyArn" in each]
        inline = [each["InlinePolicyIdentifier"] for each in given if "InlinePolicyIdentifier" in each]
        self._inline = {
            (each["PolicyName"], each["AttachmentType"], each["AttachmentName"]) for each in inline
        }
        for arn in self._arns:
            if not _POLICY.fullmatch(arn):
                raise ApiError("InvalidInput", f"{arn} is no ARN of a policy.", 400)

    def without(self, held: Attachments, scps: Levels | None) -> Attachments:
        """What is left of a principal's policies and of the service control policies above it."""
        unbounded = "permission-boundary" in self._types or self._names(held.boundary_arn)
        if scps is not None:
            scps = (
                None
                if "scp" in self._types
                else tuple(tuple(each for each in level if not self._names(each.name)) for level in scps)
            )
        return replace(
            held,
            policies=tuple(each for each in held.policies if not self._excludes(each)),
            boundary=None if unbounded else held.boundary,
            scps=scps,
        )

    def _excludes(self, attachment: Attachment) -> bool:
        if attachment.inline is not None:
            return "inline" in self._types or attachment.inline in self._inline
        kind = "aws-managed" if ":iam::aws:" in attachment.arn else "user-managed"
        return kind in self._types or self._names(attachment.arn)

    def _names(self, arn: str) -> bool:
        return any(fnmatchcase(arn, pattern) for pattern in self._arns)
