"""The policies that an account and its principals stand under, read from moto's IAM and Organizations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from weakref import WeakKeyDictionary

from chaoskit.policy import Kind as PolicyKind
from chaoskit.policy import MalformedPolicyDocument
from chaoskit.sandbox.state import backend, organization_of
from chaoskit.sandbox.wire import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.policy import Policy, PolicyCache
    from chaoskit.sandbox.wire import Principal

    Levels = tuple[tuple[Policy, ...], ...]

SCP = "SERVICE_CONTROL_POLICY"
RCP = "RESOURCE_CONTROL_POLICY"
_WITH_POLICIES = frozenset({Kind.USER, Kind.ROLE, Kind.FEDERATED})
_ARNS: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
_EMPTY = '{"Version":"2012-10-17","Statement":[]}'


def compiled(cache: PolicyCache, document: str | Mapping[str, Any], kind: PolicyKind, name: str) -> Policy:
    """A stored policy made ready; one that cannot be read grants nothing (AWS would not have stored it)."""
    try:
        return cache.compile(document, kind, name=name)
    except MalformedPolicyDocument:
        return cache.compile(_EMPTY, kind, name=name)


@dataclass(frozen=True, slots=True)
class Membership:
    """An account's place in an organization.

    Attributes:
        organization_id: `o-...`.
        management_account: The account that pays for it and stands above its policies.
        path: `o-.../r-.../ou-.../`, as `aws:PrincipalOrgPaths` has it.
        nodes: moto's root, OUs and account, root first.
        enabled: The policy types that the root has enabled.
    """

    organization_id: str
    management_account: str
    path: str
    nodes: tuple[Any, ...]
    enabled: frozenset[str]


def membership(account: str) -> Membership | None:
    """Where an account stands in an organization; None when in none."""
    held = organization_of(account)
    if held is None or held.org is None:
        return None
    node = next((each for each in held.accounts if each.id == account), None)
    if node is None:
        return None
    units = {unit.id: unit for unit in held.ou}
    nodes = [node]
    parent = units.get(node.parent_id)
    while parent is not None:
        nodes.append(parent)
        parent = units.get(parent.parent_id) if parent.id != held.org.root_id else None
    nodes.reverse()
    above = "/".join(each.id for each in nodes[:-1])
    return Membership(
        organization_id=held.org.id,
        management_account=held.org.master_account_id,
        path=f"{held.org.id}/{above}/",
        nodes=tuple(nodes),
        enabled=frozenset(each["Type"] for each in nodes[0].policy_types if each["Status"] == "ENABLED"),
    )


def levels(place: Membership | None, kind: str, cache: PolicyCache) -> Levels | None:
    """The policies of one type above an account, a tuple per level, root first; None when none apply."""
    if place is None or kind not in place.enabled:
        return None
    compiled_as = PolicyKind.SCP if kind == SCP else PolicyKind.RCP
    return tuple(
        tuple(
            compiled(cache, policy.content, compiled_as, _arn(policy))
            for policy in node.attached_policies
            if policy.type == kind
        )
        for node in place.nodes
    )


def _arn(policy: Any) -> str:
    """The ARN of moto's policy of an organization, which moto puts together whenever it is asked."""
    known = _ARNS.get(policy)
    if known is None:
        known = _ARNS[policy] = str(policy.arn)
    return known


@dataclass(frozen=True, slots=True)
class Granted:
    """What a principal was given.

    Attributes:
        identity: Inline, managed and group policies.
        boundary: The permissions boundary, or None.
        tags: The user's or role's tags.
        service_linked: The role belongs to a service: SCPs do not apply to it.
    """

    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    tags: Mapping[str, str] | None = None
    service_linked: bool = False


def granted(principal: Principal, cache: PolicyCache) -> Granted:
    """The policies attached to a user or role; nothing for one that has been deleted."""
    held = backend("iam", principal.account) if principal.kind in _WITH_POLICIES else None
    if held is None:
        return Granted()
    if principal.kind is not Kind.ROLE:
        user = held.users.get(principal.user_name or principal.issuer.rpartition("/")[2])
        if user is None:
            return Granted()
        groups = [group for group in held.groups.values() if user in group.users]
        texts = [*documents(user), *(each for group in groups for each in documents(group))]
        # moto has no boundary for users; `UserBoundaries` puts it there.
        boundary = getattr(user, "permissions_boundary", {}).get("PermissionsBoundaryArn")
        tags = {tag["Key"]: tag["Value"] for tag in user.tags or ()}
    else:
        role = _role(held, principal.role_arn)
        if role is None:
            return Granted()
        texts = list(documents(role))
        boundary = role.permissions_boundary_arn
        tags = {tag["Key"]: tag["Value"] for tag in role.tags or ()}
    return Granted(
        identity=tuple(compiled(cache, text, PolicyKind.IDENTITY, name) for name, text in texts),
        boundary=_boundary(held, boundary, cache),
        tags=tags,
        service_linked=":role/aws-service-role/" in principal.role_arn,
    )


def _role(held: Any, arn: str) -> Any:
    return next((each for each in held.roles.values() if each.arn == arn), None)


def documents(holder: Any) -> Iterator[tuple[str, str]]:
    """The policies of moto's user, group or role: name (inline) or ARN (managed), and text."""
    for name, text in holder.policies.items():
        yield name, _text(text)
    for arn, policy in holder.managed_policies.items():
        yield arn, managed_document(policy)


def managed_document(policy: Any) -> str:
    """The text of a managed policy's default version."""
    default = next(each for each in policy.versions if each.version_id == policy.default_version_id)
    return _text(default.document)


def _text(document: str) -> str:
    return unquote(document) if document.startswith("%") else document


def _boundary(held: Any, arn: str | None, cache: PolicyCache) -> Policy | None:
    if not arn:
        return None
    policy = held.managed_policies.get(arn)
    if policy is None:
        # A boundary that has been deleted permits nothing.
        return compiled(cache, _EMPTY, PolicyKind.BOUNDARY, arn)
    return compiled(cache, managed_document(policy), PolicyKind.BOUNDARY, arn)
