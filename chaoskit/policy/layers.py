"""The policies that bear on a request, layer by layer, and which of their statements match it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chaoskit.policy.callers import CallerType
from chaoskit.policy.compiled import Hit
from chaoskit.policy.kinds import Kind, Layer
from chaoskit.policy.principals import Grant
from chaoskit.policy.truth import every

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chaoskit.policy.compiled import Policy
    from chaoskit.policy.context import Query
    from chaoskit.policy.truth import Truth

# Organizations User Guide, "List of AWS services that support RCPs".
_RCP_SERVICES: Final = frozenset(
    {"s3", "sts", "kms", "sqs", "secretsmanager", "cognito-idp", "logs", "ecr", "aoss", "dynamodb"}
)
# Organizations User Guide, "Resources and entities not restricted by RCPs".
_RCP_EXEMPT: Final = frozenset({"kms:retiregrant"})
# S3 API Reference, PutBucketPolicy: a bucket policy can't lock out its owner's root user.
_BUCKET_POLICY_ACTIONS: Final = frozenset(
    {"s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy"}
)


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Compiled policies that bear on a request.

    Attributes:
        identity: Policies of the user or role, inline, managed and of groups alike.
        resource: The resource's own policy; empty when it has none.
        boundary: The permissions boundary.
        session: The session policies, together one; None when the session has none.
        scps: Levels, root first, down to the account of the caller; None outside an organization.
        rcps: The same for the account of the resource; RCPFullAWSAccess is implied.
        endpoint: The policy of the VPC endpoint that the call passes.
    """

    identity: tuple[Policy, ...] = ()
    resource: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: tuple[Policy, ...] | None = None
    scps: tuple[tuple[Policy, ...], ...] | None = None
    rcps: tuple[tuple[Policy, ...], ...] | None = None
    endpoint: Policy | None = None


class Scan:
    """What one layer (one level, for SCPs) says.

    Attributes:
        layer: Whose statements these are.
        label: What the level is called when it has no allow.
        limits: Whether the absence of an allow here is a denial of its own.
        denied: Whether a Deny surely matches.
    """

    __slots__ = ("allows", "denied", "denies", "label", "layer", "limits")

    def __init__(self, layer: Layer, label: str = "", *, limits: bool = False) -> None:
        self.layer = layer
        self.label = label
        self.limits = limits
        self.denied = False
        self.denies: list[Hit] = []
        self.allows: list[Hit] = []


class Findings:
    """All scans of one request, in the order in which denials are reported; what does not apply is None."""

    __slots__ = ("boundary", "identity", "must_grant", "query", "resource", "scans", "session")

    def __init__(self, query: Query) -> None:
        kind = Kind.of_resource(query.action, query.resource)
        self.query = query
        self.must_grant = kind is not Kind.RESOURCE
        self.scans: list[Scan] = []
        self.resource = Scan(Layer.KMS if kind is Kind.KEY else Layer.RESOURCE)
        self.identity = Scan(Layer.IDENTITY)
        self.boundary: Scan | None = None
        self.session: Scan | None = None

    def add(self, scan: Scan, policies: Iterable[Policy], *, bounded: bool) -> Scan:
        """Match one layer's statements. Once an Allow is as strong as can be, further ones don't matter."""
        query = self.query
        action = query.action
        settled = False
        for policy in policies:
            denying, allowing = policy.candidates(action)
            for hit in denying:
                truth = hit.statement.matches(query, bounded=bounded)
                if truth is True:
                    scan.denied = True
                    scan.denies.append(hit)
                elif truth is not False:
                    scan.denies.append(Hit(policy, hit.statement, truth=truth))
            if settled:
                continue
            for hit in allowing:
                statement = hit.statement
                truth = statement.unconditional or statement.matches(query, bounded=bounded)
                if truth is False:
                    continue
                if truth is True and (statement.principals is None or statement.grant(query) is Grant.DIRECT):
                    scan.allows.append(hit)
                    settled = True
                    break
                scan.allows += _reaching(hit, truth, query)
        self.scans.append(scan)
        return scan


def _reaching(hit: Hit, truth: Truth, query: Query) -> Iterator[Hit]:
    """An Allow with its reach, and once more as far as it could reach if what is not known were so."""
    statement = hit.statement
    grant = statement.grant(query)
    if grant is not Grant.NONE:
        yield Hit(hit.policy, statement, grant, truth)
    doubts = statement.doubts(query) if grant is not Grant.DIRECT else None
    if doubts:
        yield Hit(hit.policy, statement, Grant.DIRECT, every((truth, doubts)))


def collect(query: Query, policies: PolicySet, *, complete: bool = False) -> Findings:
    """Match every layer that applies; stop after the first sure Deny unless asked to be complete."""
    findings = Findings(query)
    bounded = policies.boundary is not None
    for scan, members in _applicable(findings, policies):
        found = findings.add(scan, members, bounded=bounded)
        if found is findings.resource and _keeps_bucket_policy(query):
            found.denies.clear()
            found.denied = False
        if found.denied and not complete:
            break
    return findings


def _applicable(findings: Findings, policies: PolicySet) -> Iterator[tuple[Scan, Iterable[Policy]]]:
    """The layers that bear on the request, each with its policies."""
    query = findings.query
    in_account = query.caller.in_account
    if policies.scps is not None and in_account and _scps_apply(query):
        for number, level in enumerate(policies.scps):
            yield Scan(Layer.SCP, f"scps[{number}]", limits=True), level
    if policies.rcps is not None and _rcps_apply(query):
        yield Scan(Layer.RCP), (one for level in policies.rcps for one in level)
    if policies.endpoint is not None:
        yield Scan(Layer.ENDPOINT, policies.endpoint.name, limits=True), (policies.endpoint,)
    yield findings.resource, policies.resource
    if not in_account:
        return
    yield findings.identity, policies.identity
    if policies.boundary is not None:
        findings.boundary = Scan(Layer.BOUNDARY, policies.boundary.name)
        yield findings.boundary, (policies.boundary,)
    session = policies.session
    if session is None and query.caller.type is CallerType.FEDERATED_USER:
        # STS API Reference, GetFederationToken: without a policy the session has no permissions of its own.
        session = ()
    if session is not None:
        findings.session = Scan(Layer.SESSION, session[0].name if session else "")
        yield findings.session, session


def _keeps_bucket_policy(query: Query) -> bool:
    """Whether the owner's root user handles the bucket policy, which no Deny in it can stop."""
    return query.is_root and query.same_account and query.action in _BUCKET_POLICY_ACTIONS


def _scps_apply(query: Query) -> bool:
    """SCPs leave the management account and service-linked roles alone; a member's root user they bind."""
    return not (query.request.management_account or query.is_service_linked_role)


def _rcps_apply(query: Query) -> bool:
    """RCPs bind every caller, but not for each service, and not in the management account."""
    request = query.request
    if request.resource_in_management_account or query.is_service_linked_role:
        return False
    if request.management_account and query.same_account:
        return False
    return query.action.partition(":")[0] in _RCP_SERVICES and query.action not in _RCP_EXEMPT
