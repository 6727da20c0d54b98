"""`evaluate`: decisions from plain, JSON-shaped data."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from chaoskit.policy.compiled import compile_policy
from chaoskit.policy.context import Request
from chaoskit.policy.evaluate import decide
from chaoskit.policy.faults import MalformedPolicyDocument, shown
from chaoskit.policy.kinds import Kind
from chaoskit.policy.layers import PolicySet

if TYPE_CHECKING:
    from chaoskit.policy.compiled import Policy
    from chaoskit.policy.decision import Decision

_REQUEST_KEYS: Final = (
    "principal",
    "action",
    "resource",
    "resourceAccount",
    "context",
    "unknownKeys",
    "principalIsManagementAccount",
    "principalIsServiceLinkedRole",
    "resourceIsManagementAccount",
    "sessionIssuer",
    "principalCanonicalId",
)
_POLICY_KEYS: Final = (
    "identityPolicies",
    "resourcePolicy",
    "permissionsBoundary",
    "sessionPolicy",
    "scps",
    "rcps",
    "endpointPolicy",
)
_ALSO: Final = {"vpcendpointpolicy": "endpointPolicy", "sessionpolicies": "sessionPolicy"}
_ALIKE: Final = 0.85


def evaluate(request: Request | Mapping[str, Any], policies: PolicySet | Mapping[str, Any]) -> Decision:
    """Decide one request; README.md describes both arguments.

    Raises:
        MalformedPolicyDocument: A policy is one that AWS would refuse; the path begins with its key.
        TypeError: The request lacks its action or resource, or levels are no list.
        ValueError: The request names no principal, or a key looks misspelt.
    """
    asked = request if isinstance(request, Request) else _request(request)
    if isinstance(policies, PolicySet):
        return decide(asked, policies)
    kind = Kind.of_resource(asked.action, asked.resource)
    return decide(asked, _policy_set(policies, kind))


def _request(given: Mapping[str, Any]) -> Request:
    fields = _known(given, _REQUEST_KEYS)
    for name in ("action", "resource"):
        if not isinstance(fields.get(name), str):
            raise TypeError(f"the request's {name} is text, not {shown(fields.get(name))}")
    principal, federated = _principal(fields.get("principal"))
    return Request(
        principal=principal,
        action=fields["action"],
        resource=fields["resource"],
        resource_account=str(fields.get("resourceAccount") or ""),
        context=fields.get("context") or {},
        unknown=tuple(fields.get("unknownKeys") or ()),
        federated=federated,
        management_account=bool(fields.get("principalIsManagementAccount")),
        service_linked_role=bool(fields.get("principalIsServiceLinkedRole")),
        resource_in_management_account=bool(fields.get("resourceIsManagementAccount")),
        session_issuer=str(fields.get("sessionIssuer") or ""),
        canonical_id=str(fields.get("principalCanonicalId") or ""),
    )


def _principal(given: object) -> tuple[str, bool]:
    """The principal's name, and whether it is an identity provider."""
    if given is None:
        return "anonymous", False
    if isinstance(given, str):
        return given, False
    if isinstance(given, Mapping) and len(given) == 1:
        (kind, name), *_ = given.items()
        if isinstance(name, str) and kind in {"AWS", "Service", "Federated"}:
            return name, kind == "Federated"
    raise ValueError(f'the principal is an ARN, "anonymous" or {{"Service": name}}, not {shown(given)}')


def _policy_set(given: Mapping[str, Any], resource_kind: Kind) -> PolicySet:
    fields = _known(given, _POLICY_KEYS)
    session = fields.get("sessionPolicy")
    boundary = _documents(fields.get("permissionsBoundary"), Kind.BOUNDARY, "permissionsBoundary")
    endpoint = _documents(fields.get("endpointPolicy"), Kind.ENDPOINT, "endpointPolicy")
    return PolicySet(
        identity=_documents(fields.get("identityPolicies"), Kind.IDENTITY, "identityPolicies"),
        resource=_documents(fields.get("resourcePolicy"), resource_kind, "resourcePolicy"),
        boundary=_single(boundary, "permissionsBoundary"),
        session=None if session is None else _documents(session, Kind.SESSION, "sessionPolicy"),
        scps=_levels(fields.get("scps"), Kind.SCP, "scps"),
        rcps=_levels(fields.get("rcps"), Kind.RCP, "rcps"),
        endpoint=_single(endpoint, "endpointPolicy"),
    )


def _levels(given: object, kind: Kind, name: str) -> tuple[tuple[Policy, ...], ...] | None:
    if given is None:
        return None
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise TypeError(f"{name} is a list of levels, root first, not {shown(given)}")
    return tuple(_documents(level, kind, f"{name}[{n}]") for n, level in enumerate(given))


def _documents(given: object, kind: Kind, name: str) -> tuple[Policy, ...]:
    """Compile one document or a list of them."""
    if given is None:
        return ()
    if isinstance(given, Sequence) and not isinstance(given, str):
        return tuple(_document(one, kind, f"{name}[{n}]") for n, one in enumerate(given))
    return (_document(given, kind, name),)


def _document(given: Any, kind: Kind, name: str) -> Policy:
    label = name
    if isinstance(given, Mapping) and "document" in given:
        label, given = str(given.get("name") or name), given["document"]
    try:
        return compile_policy(given, kind, label)
    except MalformedPolicyDocument as error:
        raise error.within(name) from None


def _single(found: tuple[Policy, ...], name: str) -> Policy | None:
    if len(found) > 1:
        raise ValueError(f"{name} is one policy, not {len(found)}")
    return found[0] if found else None


def _known(given: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The known keys, in camel case; refuse a key that can only be a misspelling of one."""
    spellings = {name.lower(): name for name in names}
    spellings |= {also: name for also, name in _ALSO.items() if name in names}
    found: dict[str, Any] = {}
    for key, value in given.items():
        name = spellings.get(key.replace("_", "").lower())
        if name is not None:
            found[name] = value
            continue
        for near in difflib.get_close_matches(key.lower(), spellings, 1, _ALIKE):
            raise ValueError(f"{key!r} is not a known key; did you mean {spellings[near]!r}?")
    return found
