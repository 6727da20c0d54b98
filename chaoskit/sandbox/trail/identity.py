"""Who did it, as a record says it (CloudTrail User Guide, "CloudTrail userIdentity element")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.wire import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chaoskit.sandbox.wire import Principal


def timestamp(at: datetime) -> str:
    """A moment in a record's own form: UTC, whole seconds, `2024-07-30T21:31:21Z`."""
    return f"{at.isoformat()[:19]}Z"


def user_identity(principal: Principal) -> dict[str, Any]:
    """`userIdentity` of a caller, for its own account."""
    match principal.kind:
        case Kind.SERVICE:
            return {"type": "AWSService", "invokedBy": principal.arn}
        case Kind.ANONYMOUS:
            return {"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}
    identity: dict[str, Any] = {
        "type": principal.kind.value,
        "principalId": principal.principal_id or principal.account,
        "arn": principal.arn,
        "accountId": principal.account,
    }
    if principal.access_key_id:
        identity["accessKeyId"] = principal.access_key_id
    if principal.kind is Kind.USER:
        identity["userName"] = principal.user_name
    context = _session_context(principal)
    if context:
        identity["sessionContext"] = context
    if principal.invoked_by:
        identity["invokedBy"] = principal.invoked_by
    return identity


def asserted_identity(operation: str, output: Mapping[str, Any] | None) -> dict[str, Any]:
    """`userIdentity` of a call that a provider vouched for instead of a key; empty when it is none or failed.

    As the guide's examples of AssumeRoleWithWebIdentity and AssumeRoleWithSAML have it.
    """
    if not output or operation not in _ASSERTED:
        return {}
    kind, *names = _ASSERTED[operation]
    provider, *rest = (str(output.get(name, "")) for name in names)
    return {
        "type": kind,
        "principalId": ":".join((provider, *rest)),
        "userName": rest[-1],
        "identityProvider": provider,
    }


_ASSERTED = {
    "AssumeRoleWithSAML": ("SAMLUser", "NameQualifier", "Subject"),
    "AssumeRoleWithWebIdentity": (
        "WebIdentityUser",
        "Provider",
        "Audience",
        "SubjectFromWebIdentityToken",
    ),
}
"""The kind of such a caller, and what of the answer its id is made of: provider first, name last."""


def foreign_identity(principal: Principal) -> dict[str, Any]:
    """`userIdentity` in the record that another account gets of the call: only who and whose."""
    if principal.kind in (Kind.SERVICE, Kind.ANONYMOUS):
        return user_identity(principal)
    return {
        "type": "AWSAccount",
        "principalId": principal.principal_id or principal.account,
        "accountId": principal.account,
    }


def _session_context(principal: Principal) -> dict[str, Any]:
    if principal.issued is None or (principal.kind is not Kind.ROLE and principal.expires is None):
        return {}
    context: dict[str, Any] = {
        "attributes": {"creationDate": timestamp(principal.issued), "mfaAuthenticated": "false"},
    }
    if principal.kind is Kind.FEDERATED:
        context["sessionIssuer"] = _issuer(principal)
    if principal.federated_provider:
        context["webIdFederationData"] = {"federatedProvider": principal.federated_provider, "attributes": {}}
    if principal.kind is Kind.ROLE:
        context["sessionIssuer"] = {
            "type": "Role",
            "principalId": principal.principal_id.partition(":")[0],
            "arn": principal.role_arn,
            "accountId": principal.account,
            "userName": principal.role_arn.rpartition("/")[2],
        }
    return context


def _issuer(principal: Principal) -> dict[str, str]:
    """Who got a federated user's session: an IAM user, or root, who has no name."""
    by_root = principal.issuer.endswith(":root")
    issuer = {
        "type": "Root" if by_root else "IAMUser",
        "principalId": principal.issuer_id,
        "arn": principal.issuer,
        "accountId": principal.account,
    }
    return issuer if by_root else {**issuer, "userName": principal.issuer.rpartition("/")[2]}
