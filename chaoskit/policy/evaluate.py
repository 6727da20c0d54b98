"""The decision: AWS's order of evaluation over what each layer says.

Source: IAM User Guide, "Policy evaluation logic", "Cross-account policy evaluation logic" and "Permissions
boundaries for IAM entities"; Organizations User Guide, "SCP evaluation" and "RCP evaluation".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from chaoskit.policy.callers import CallerType
from chaoskit.policy.compiled import Hit
from chaoskit.policy.context import Query
from chaoskit.policy.decision import Decision, Effect
from chaoskit.policy.kinds import Layer
from chaoskit.policy.layers import collect
from chaoskit.policy.principals import Grant
from chaoskit.policy.trace import write_trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaoskit.policy.context import Request
    from chaoskit.policy.layers import Findings, PolicySet, Scan

Counts: TypeAlias = Callable[[Hit], bool]
"""Whether a statement that may match is taken to match."""

_LONG_TERM: Final = frozenset({CallerType.USER, CallerType.ROOT})


def decide(request: Request, policies: PolicySet) -> Decision:
    """Decide a request under compiled policies.

    Raises:
        ValueError: The principal or the action of the request is none.
    """
    query = Query(request)
    fixed = _without_policies(query)
    if fixed is not None:
        return fixed
    findings = collect(query, policies)
    trace = partial(write_trace, query, policies)
    if not query.has_unknowns:
        return _settle(findings, _all, trace)
    worst = _settle(findings, _worst, trace)
    if worst.allowed:
        return worst
    best = _settle(findings, _best, trace)
    if not best.allowed:
        return best
    return Decision(Effect.DEPENDS, depends_on=_deciding_keys(findings), _trace=trace)


def _without_policies(query: Query) -> Decision | None:
    """The calls whose outcome no policy changes (STS API Reference)."""
    caller = query.caller
    service, _, name = query.action.partition(":")
    if service == "iam" and caller.type is CallerType.FEDERATED_USER:
        return _fixed("A federated user session can't call IAM.", Effect.DENY)
    if service != "sts":
        return None
    if name == "getcalleridentity" and caller.in_account:
        return _fixed("sts:GetCallerIdentity needs no permission and can't be denied.", Effect.ALLOW)
    if name == "getsessiontoken" and caller.type in _LONG_TERM:
        return _fixed("sts:GetSessionToken needs no permission.", Effect.ALLOW)
    if name == "assumerole" and caller.type is CallerType.ROOT:
        return _fixed("A root user can't assume a role.", Effect.DENY)
    if caller.type is CallerType.FEDERATED_USER:
        return _fixed("A federated user session can call no STS action but GetCallerIdentity.", Effect.DENY)
    return None


def _fixed(sentence: str, effect: Effect) -> Decision:
    return Decision(effect, layer=Layer.STS, _trace=lambda: (sentence,))


def _all(_hit: Hit) -> bool:
    return True


def _worst(hit: Hit) -> bool:
    return hit.truth is True or not hit.statement.allows


def _best(hit: Hit) -> bool:
    return hit.truth is True or hit.statement.allows


def _settle(findings: Findings, counts: Counts, trace: Callable[[], tuple[str, ...]]) -> Decision:
    """Apply AWS's order: an explicit deny anywhere, then each limit, then what grants."""
    for scan in findings.scans:
        for hit in scan.denies:
            if counts(hit):
                return Decision(Effect.DENY, True, scan.layer, hit.policy.name, hit.statement.sid, (), trace)
    for scan in findings.scans:
        if scan.limits and _allow(scan, counts) is None:
            return Decision(Effect.DENY, False, scan.layer, scan.label, "", (), trace)
    granted = _strongest(findings.resource.allows, counts)
    lacking = _lacking(findings, granted.grant if granted else Grant.NONE, counts)
    if lacking is not None:
        return Decision(Effect.DENY, False, lacking.layer, lacking.label, "", (), trace)
    if granted is not None and granted.grant >= Grant.ROLE:
        return _allowed(findings.resource, granted, trace)
    return _allowed(findings.identity, _allow(findings.identity, counts), trace)


def _lacking(findings: Findings, grant: Grant, counts: Counts) -> Scan | None:
    """The layer whose allow is missing, or None when enough of them allow."""
    query = findings.query
    if not query.caller.in_account:
        return None if grant is Grant.DIRECT else findings.resource
    if query.same_account:
        if findings.must_grant and grant is Grant.NONE:
            return findings.resource
        if grant is Grant.DIRECT:
            return None
        return _identity_side(findings, counts, by_role_grant=grant is Grant.ROLE)
    lacking = _identity_side(findings, counts, by_role_grant=False)
    if lacking is None and grant is Grant.NONE:
        return findings.resource
    return lacking


def _identity_side(findings: Findings, counts: Counts, *, by_role_grant: bool) -> Scan | None:
    """What the caller's own account lacks: identity policies (or a grant to the role), boundary, session."""
    identity = findings.identity
    rooted = findings.query.has_roots_permissions
    if not by_role_grant and not rooted and _allow(identity, counts) is None:
        return identity
    for scan in (findings.boundary, findings.session):
        if scan is not None and _allow(scan, counts) is None:
            return scan
    return None


def _allow(scan: Scan, counts: Counts) -> Hit | None:
    for hit in scan.allows:
        if counts(hit):
            return hit
    return None


def _strongest(hits: Sequence[Hit], counts: Counts) -> Hit | None:
    strongest = None
    for hit in hits:
        if counts(hit) and (strongest is None or hit.grant > strongest.grant):
            strongest = hit
    return strongest


def _allowed(scan: Scan, hit: Hit | None, trace: Callable[[], tuple[str, ...]]) -> Decision:
    if hit is None:  # the root user needs no policy
        return Decision(Effect.ALLOW, layer=scan.layer, _trace=trace)
    return Decision(Effect.ALLOW, False, scan.layer, hit.policy.name, hit.statement.sid, (), trace)


def _deciding_keys(findings: Findings) -> tuple[str, ...]:
    """The unknown keys that can tip the decision.

    A statement is in question when taking it the other way changes the best or the worst case. Should no
    single one do so, all that are undecided are named.
    """
    undecided = [
        hit
        for scan in findings.scans
        for hit in (*scan.denies, *scan.allows)
        if not isinstance(hit.truth, bool)
    ]
    tipping = [hit for hit in undecided if _tips(findings, hit)] or undecided
    keys: dict[str, str] = {}
    for hit in tipping:
        if not isinstance(hit.truth, bool):
            for key in sorted(hit.truth):
                keys.setdefault(key.lower(), key)
    return tuple(sorted(keys.values(), key=str.lower))


def _tips(findings: Findings, hit: Hit) -> bool:
    best = _settle(findings, lambda one: _worst(one) if one is hit else _best(one), tuple)
    worst = _settle(findings, lambda one: _best(one) if one is hit else _worst(one), tuple)
    return worst.allowed or not best.allowed
