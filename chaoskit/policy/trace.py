"""What each layer says about a request, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.policy.callers import CallerType
from chaoskit.policy.kinds import Layer
from chaoskit.policy.layers import collect
from chaoskit.policy.principals import Grant

if TYPE_CHECKING:
    from chaoskit.policy.compiled import Hit
    from chaoskit.policy.context import Query
    from chaoskit.policy.layers import PolicySet, Scan

_TITLES = {
    Layer.SCP: "Service control policies",
    Layer.RCP: "Resource control policies",
    Layer.ENDPOINT: "VPC endpoint policy",
    Layer.RESOURCE: "Resource policy",
    Layer.KMS: "Key policy",
    Layer.IDENTITY: "Identity policies",
    Layer.BOUNDARY: "Permissions boundary",
    Layer.SESSION: "Session policy",
}
_REACH = {
    Grant.ACCOUNT: " to the caller's account, which must allow it as well",
    Grant.ROLE: " to the caller's role, within its boundary and session policy",
    Grant.DIRECT: " to the caller itself",
}


def write_trace(query: Query, policies: PolicySet) -> tuple[str, ...]:
    """Match every layer once more, to the end, and tell what each said."""
    findings = collect(query, policies, complete=True)
    lines = [_opening(query)]
    for scan in findings.scans:
        if scan.layer is Layer.IDENTITY and (query.has_roots_permissions or not query.caller.in_account):
            if query.has_roots_permissions:
                lines.append("Identity policies: the root user needs none.")
            continue
        lines.extend(_sentences(scan))
    return tuple(lines)


def _opening(query: Query) -> str:
    caller = query.caller
    request = query.request
    asked = f"{caller.name} asks for {request.action} on {request.resource}"
    if caller.type in {CallerType.ANONYMOUS, CallerType.SERVICE, CallerType.PROVIDER}:
        return f"{asked}; the caller belongs to no account, so the resource's policy must allow it."
    if query.same_account:
        return f"{asked}, within account {caller.account}."
    return f"{asked}, which account {query.resource_account} owns: both accounts must allow it."


def _sentences(scan: Scan) -> list[str]:
    title = _TITLES[scan.layer]
    if scan.layer is Layer.SCP:
        title = f"{title}, level {scan.label}"
    lines = [f"{title}: {_named(hit)} denies{_unless(hit)}." for hit in scan.denies]
    for hit in scan.allows:
        reach = _REACH.get(hit.grant, "") if scan.layer in {Layer.RESOURCE, Layer.KMS} else ""
        lines.append(f"{title}: {_named(hit)} allows{reach}{_unless(hit)}.")
    if not scan.allows and scan.layer is not Layer.RCP:
        lines.append(f"{title}: nothing allows it.")
    elif not lines:
        lines.append(f"{title}: nothing denies it.")
    return lines


def _named(hit: Hit) -> str:
    policy = hit.policy.name or "a policy"
    return f"{policy} (Sid {hit.statement.sid})" if hit.statement.sid else policy


def _unless(hit: Hit) -> str:
    if isinstance(hit.truth, bool):
        return ""
    return f", depending on {', '.join(sorted(hit.truth))}"
