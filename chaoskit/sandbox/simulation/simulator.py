"""One action on one resource under given policies, and what the simulator says of it.

Source: IAM API Reference, SimulatePrincipalPolicy, SimulateCustomPolicy and EvaluationResult.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chaoskit.permissions.arns import resource_types
from chaoskit.policy import Kind, Layer, PolicySet, Request, compile_policy, decide
from chaoskit.policy.context import Query
from chaoskit.policy.layers import collect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from chaoskit.policy import Decision, Policy
    from chaoskit.policy.layers import Findings
    from chaoskit.sandbox.simulation.sources import Source

ALL = "*"
_ALLOWED, _EXPLICIT, _IMPLICIT = "allowed", "explicitDeny", "implicitDeny"
_RESTRICTIVE = (_EXPLICIT, _IMPLICIT, _ALLOWED)
IDENTITY, RESOURCE = "IAM Policy", "Resource Policy"
BOUNDARY = "Permissions Boundary Policy"


@dataclass(frozen=True)
class Simulation:
    """What is asked.

    Attributes:
        caller: The ARN of the simulated caller.
        account: The caller's account.
        identity: The caller's policies.
        context: Condition keys and their values.
        resource: The resource policy, or None.
        owner: The account that owns resources whose ARN does not tell; empty: the caller's.
        boundary: The permissions boundary, or None.
        scps: Levels of service control policies, root first; None outside an organization.
        exempt: The caller's account is the management account, which SCPs leave alone.
        nameless: No user stands behind the caller: `aws:username` has no value.
    """

    caller: str
    account: str
    identity: Sequence[Source]
    context: Mapping[str, Sequence[str]]
    resource: Source | None = None
    owner: str = ""
    boundary: Source | None = None
    scps: tuple[tuple[Policy, ...], ...] | None = None
    exempt: bool = False
    nameless: bool = False

    @cached_property
    def _identity(self) -> tuple[Policy, ...]:
        return tuple(source.whole(Kind.IDENTITY) for source in self.identity)

    @cached_property
    def _boundary(self) -> Policy | None:
        return self.boundary.whole(Kind.BOUNDARY) if self.boundary is not None else None

    @cached_property
    def _statements(self) -> tuple[tuple[Policy, Mapping[str, Any]], ...]:
        return tuple(each for source in self.identity for each in source.statements(Kind.IDENTITY))

    def result(self, action: str, resources: Sequence[str]) -> dict[str, Any]:
        """The `EvaluationResult` of an action: the strictest of all decisions, and each resource's own."""
        verdicts = [self._verdict(action, resource) for resource in resources]
        named = list(resources) != [ALL]
        found: dict[str, Any] = {
            "EvalActionName": action,
            "EvalResourceName": _pattern(action, resources) if named else ALL,
            "EvalDecision": strictest(verdict.decision for verdict in verdicts),
            "MatchedStatements": _union(each for verdict in verdicts for each in verdict.matched),
            "MissingContextValues": sorted({key for verdict in verdicts for key in verdict.missing}),
        }
        if self.scps is not None:
            allowed = all(verdict.by_organization for verdict in verdicts)
            found["OrganizationsDecisionDetail"] = {"AllowedByOrganizations": allowed}
        found |= self._bounded(all(verdict.by_boundary for verdict in verdicts))
        if named:
            found["EvalDecisionDetails"] = {
                name: strictest(verdict.details[name] for verdict in verdicts if name in verdict.details)
                for name in dict.fromkeys(name for verdict in verdicts for name in verdict.details)
            }
            found["ResourceSpecificResults"] = [self._specific(verdict) for verdict in verdicts]
        return found

    def _specific(self, verdict: _Verdict) -> dict[str, Any]:
        return {
            "EvalResourceName": verdict.resource,
            "EvalResourceDecision": verdict.decision,
            "MatchedStatements": verdict.matched,
            "MissingContextValues": verdict.missing,
            "EvalDecisionDetails": verdict.details,
            **self._bounded(verdict.by_boundary),
        }

    def _bounded(self, allowed: bool) -> dict[str, Any]:
        if self.boundary is None:
            return {}
        return {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": allowed}}

    def _verdict(self, action: str, resource: str) -> _Verdict:
        request = self._request(action, resource)
        query = Query(request)
        policies = PolicySet(
            identity=self._identity,
            resource=self._resource_policy(query),
            boundary=self._boundary,
            scps=self.scps,
        )
        findings = collect(query, policies, complete=True)
        decision = _word(decide(request, policies))
        verdict = _Verdict(resource, decision)
        verdict.by_organization = _passes(findings, Layer.SCP)
        verdict.by_boundary = _passes(findings, Layer.BOUNDARY)
        self._explain(verdict, request)
        if not query.same_account and verdict.by_organization:
            verdict.details = {IDENTITY: _said(findings, Layer.IDENTITY)}
            verdict.details[RESOURCE] = _said(findings, findings.resource.layer)
            if self.boundary is not None:
                verdict.details[BOUNDARY] = _said(findings, Layer.BOUNDARY)
        return verdict

    def _request(self, action: str, resource: str, unknown: tuple[str, ...] = ()) -> Request:
        nobody: dict[str, Sequence[str]] = {"aws:username": ()} if self.nameless and not unknown else {}
        account = resource.split(":", 5)[4] if resource.startswith("arn:") else ""
        return Request(
            principal=self.caller,
            action=action,
            resource=resource,
            resource_account=account if account.isdigit() else self.owner or self.account,
            context={**nobody, **self.context},
            unknown=(*unknown, "aws:username") if self.nameless and unknown else unknown,
            management_account=self.exempt,
        )

    def _resource_policy(self, query: Query) -> tuple[Policy, ...]:
        kind = Kind.of_resource(query.action, query.resource)
        if self.resource is not None:
            return (self.resource.whole(kind),)
        if kind is Kind.RESOURCE or not query.same_account:
            return ()
        # The simulator looks up no key or trust policy: it takes one that leaves the matter to IAM.
        return (compile_policy(_delegation(self.account, query.request.action), kind),)

    def _explain(self, verdict: _Verdict, request: Request) -> None:
        """Note the statements that made the decision, and the keys that some lacked."""
        unknown = Query(self._request(request.action, request.resource, ("*",)))
        missing: dict[str, None] = {}
        for alone, place in self._candidates(request):
            settled = collect(Query(request), alone, complete=True)
            hits = [hit for scan in settled.scans for hit in (*scan.denies, *scan.allows)]
            for hit in hits:
                if verdict.decision == (_ALLOWED if hit.statement.allows else _EXPLICIT):
                    verdict.matched.append(place)
            for scan in collect(unknown, alone, complete=True).scans:
                for hit in (*scan.denies, *scan.allows):
                    if not isinstance(hit.truth, bool):
                        missing.update(dict.fromkeys(sorted(hit.truth)))
        verdict.missing.extend(missing)

    def _candidates(self, request: Request) -> Iterator[tuple[PolicySet, Mapping[str, Any]]]:
        for policy, place in self._statements:
            yield PolicySet(identity=(policy,)), place
        if self.resource is not None:
            for policy, place in self.resource.statements(Kind.of_resource(request.action, request.resource)):
                yield PolicySet(resource=(policy,)), place


@dataclass(slots=True)
class _Verdict:
    """What one resource's simulation came to."""

    resource: str
    decision: str
    matched: list[Mapping[str, Any]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    details: dict[str, str] = field(default_factory=dict)
    by_organization: bool = True
    by_boundary: bool = True


def strictest(decisions: Iterable[str]) -> str:
    """The most restrictive of some decisions."""
    return min(decisions, key=_RESTRICTIVE.index)


def _word(decision: Decision) -> str:
    if decision.allowed:
        return _ALLOWED
    return _EXPLICIT if decision.explicit else _IMPLICIT


def _passes(findings: Findings, layer: Layer) -> bool:
    """Whether every level of a layer allows; true for a layer that does not apply."""
    return all(scan.allows and not scan.denied for scan in findings.scans if scan.layer is layer)


def _said(findings: Findings, layer: Layer) -> str:
    scans = [scan for scan in findings.scans if scan.layer is layer]
    if any(scan.denied for scan in scans):
        return _EXPLICIT
    return _ALLOWED if any(scan.allows for scan in scans) else _IMPLICIT


def _delegation(account: str, action: str) -> str:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": action,
    }
    if not action.lower().startswith("sts:"):
        statement["Resource"] = "*"
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _union(matched: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for each in matched:
        if each not in found:
            found.append(each)
    return found


def _pattern(action: str, resources: Sequence[str]) -> str:
    """The ARN pattern of the simulated resource type, or `*` when the action has none."""
    kinds = resource_types(action)
    fitting = (kind.pattern for kind in kinds if any(kind.shape.match(each) for each in resources))
    return next(fitting, kinds[0].pattern if kinds else ALL)
