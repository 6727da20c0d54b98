"""May this call be made? Every requirement of a call is put to `chaoskit.policy`, and all must be allowed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chaoskit.permissions import actions, requirements
from chaoskit.permissions.service_context import of_action
from chaoskit.policy import Kind as PolicyKind
from chaoskit.policy import (
    PolicyCache,
    PolicySet,
    Request,
    decide,
    denial_message,
)
from chaoskit.sandbox import account_policies, bucket_access, context
from chaoskit.sandbox.account_policies import compiled
from chaoskit.sandbox.attached import attached
from chaoskit.sandbox.endpoints import endpoint
from chaoskit.sandbox.errors import denial
from chaoskit.sandbox.grants import granted_by
from chaoskit.sandbox.lookups import MotoAccount
from chaoskit.sandbox.policy_documents import check_policies
from chaoskit.sandbox.sealed import check_key_works, uses_key
from chaoskit.sandbox.trust import check_trust
from chaoskit.sandbox.wire import ApiError, Kind, Principal

if TYPE_CHECKING:
    from chaoskit.permissions import Requirement
    from chaoskit.policy import (
        Decision,
        Policy,
    )
    from chaoskit.sandbox.account_policies import Granted, Membership
    from chaoskit.sandbox.attached import Attached
    from chaoskit.sandbox.bucket_access import Bucket
    from chaoskit.sandbox.errors import Dialect
    from chaoskit.sandbox.wire import ApiCall

# Services whose calls act in the account that owns the named resource, wherever the caller is from.
_ACTS_THERE = frozenset(
    {"dynamodb", "ecr", "events", "kms", "lambda", "sagemaker", "secretsmanager", "sns", "sqs"}
)
_BPA_REASONS = {
    "PutBucketPolicy": "public policies are blocked by the BlockPublicPolicy block public access setting",
}
_BPA_ACLS = (
    "public access control lists (ACLs) are blocked by the BlockPublicAcls block public access setting"
)
_BPA_RESTRICTED = (
    "the RestrictPublicBuckets block public access setting limits access to a bucket with a public policy"
)
# SQS and SNS API Reference, SendMessage and Publish: a key that the caller may not use has its own code.
_KEY_DENIED = {"sns": "KMSAccessDenied", "sqs": "KMS.AccessDeniedException"}
_OPEN_TO_ANYONE = frozenset({"sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"})


class Denied(ApiError):  # noqa: N818 - it is what happened, and what the trail records
    """A call that authorization refused."""

    def __init__(self, error: ApiError) -> None:
        super().__init__(error.code, error.message, error.status)


class Authorizer:
    """Decides calls by the policies in moto's state. Hold moto's lock while asking."""

    NOT_STATE = frozenset({"_cache"})

    def __init__(self) -> None:
        self._cache = PolicyCache()
        self._known = MotoAccount()

    def check(self, call: ApiCall, dialect: Dialect) -> None:
        """Let an allowed call pass, and set the account it acts in.

        Raises:
            Denied: some requirement of the call is not allowed, in AWS's words.
            ApiError: S3 refuses an ACL on a bucket that has them disabled.
        """
        bucket = bucket_access.find(call.params.get("Bucket", "")) if call.service == "s3" else None
        if call.service == "s3" and bucket is None and call.principal.kind in (Kind.ANONYMOUS, Kind.SERVICE):
            self._check_nameless(call, dialect)
            return
        case = _Case(call, _Caller(call.principal, self._cache), bucket, dialect, self._cache)
        for index, needed in enumerate(requirements(call, self._known)):
            resource = attached(needed.resource)
            self._check_either(case, needed, resource)
            if index == 0:
                _move(call, resource, bucket)
            if uses_key(call, needed.action) and needed.resource != "*":
                check_key_works(call, needed.resource)
        check_policies(call)
        if bucket is not None:
            bucket_access.check_acls_allowed(call, bucket)
            if bucket_access.blocked(call, bucket):
                raise _blocked(case)

    def trusts(self, service: Principal, role: Any, session_name: str) -> None:
        """Let a service that a role's trust policy names pass.

        Raises:
            Denied: the trust policy, or a resource control policy, does not let it assume the role.
        """
        resource = attached(role.arn)
        place = account_policies.membership(role.account_id)
        caller = _Caller(service, self._cache)
        request = Request(
            principal=service.arn,
            action="sts:AssumeRole",
            resource=role.arn,
            resource_account=role.account_id,
            context={**caller.keys, "sts:RoleSessionName": session_name},
            resource_in_management_account=place is not None and place.management_account == role.account_id,
        )
        policies = PolicySet(
            resource=(compiled(self._cache, resource.policy, PolicyKind.TRUST, role.arn),),
            rcps=account_policies.levels(place, account_policies.RCP, self._cache),
        )
        decision = decide(request, policies)
        if not decision.allowed:
            raise Denied(ApiError("AccessDenied", denial_message(request, decision), 403))

    def _check_either(self, case: _Case, needed: Requirement, resource: Attached) -> None:
        """Check a requirement of the caller; where the role it passes may do instead, of that role."""
        try:
            self._check_one(case, needed, resource)
        except Denied:
            if not needed.or_role:
                raise
            account, name = needed.or_role.split(":")[4], needed.or_role.rpartition("/")[2]
            role = Principal(
                kind=Kind.ROLE,
                account=account,
                arn=f"arn:aws:sts::{account}:assumed-role/{name}/SageMaker",
                role_arn=needed.or_role,
                session_name="SageMaker",
            )
            call = replace(case.call, principal=role)
            other = _Case(call, _Caller(role, self._cache), None, case.dialect, self._cache)
            try:
                self._check_one(other, needed, resource)
            except Denied:
                other = case
            if other is case:
                raise

    def _check_nameless(self, call: ApiCall, dialect: Dialect) -> None:
        """Anyone learns that a bucket does not exist, but who has no policies may do nothing without one."""
        if not call.params.get("Bucket") or call.operation == "CreateBucket":
            raise Denied(denial("Access Denied", call.service, dialect))

    def _check_one(self, case: _Case, needed: Requirement, resource: Attached) -> None:
        call, caller, bucket = case.call, case.caller, case.bucket
        if needed.action in _OPEN_TO_ANYONE:
            try:
                check_trust(call, needed, resource, self._cache)
            except ApiError as error:
                raise Denied(error) from None
            return
        owner = resource.owner or (bucket.owner if bucket is not None else "") or call.account
        place = caller.place if owner == call.principal.account else account_policies.membership(owner)
        prefix = needed.action.partition(":")[0]
        keys = {**case.keys, **context.of_resource(owner, place, resource.tags, prefix)}
        keys.update(of_action(call, needed.action, self._known) if needed.keys is None else needed.keys)
        request = Request(
            principal=_named(call.principal),
            action=needed.action,
            resource=needed.resource,
            resource_account=owner,
            context=keys,
            management_account=caller.place is not None
            and caller.place.management_account == call.principal.account,
            service_linked_role=caller.granted.service_linked,
            session_issuer=call.principal.issuer,
            resource_in_management_account=place is not None and place.management_account == owner,
        )
        policies = PolicySet(
            identity=caller.granted.identity,
            resource=self._resource_policies(call, needed, resource, bucket),
            boundary=caller.granted.boundary,
            session=caller.session,
            endpoint=case.endpoint,
            scps=caller.scps,
            rcps=account_policies.levels(place, account_policies.RCP, self._cache),
        )
        decision = decide(request, policies)
        if bucket is not None and decision.allowed and bucket_access.restricted(call.principal, bucket):
            raise _refused_by_block(case, needed.action, needed.resource, _BPA_RESTRICTED)
        if not decision.allowed:
            refused = denial(_words(call, request, decision), call.service, case.dialect)
            if prefix == "kms":
                refused.code = _KEY_DENIED.get(call.service, refused.code)
            raise Denied(refused)

    def _resource_policies(
        self, call: ApiCall, needed: Requirement, resource: Attached, bucket: Bucket | None
    ) -> tuple[Policy, ...]:
        kind = PolicyKind.of_resource(needed.action, needed.resource)
        texts = []
        if resource.policy and not (":role/" in needed.resource and kind is not PolicyKind.TRUST):
            texts.append((needed.resource, resource.policy))
        if kind is PolicyKind.KEY:
            grants = granted_by(needed.resource, call)
            if grants:
                texts.append(("grants", grants))
        if bucket is not None and needed.action.startswith("s3:"):
            granted = bucket_access.acl_statement(call, bucket)
            if granted:
                texts.append(("acl", granted))
        return tuple(compiled(self._cache, text, kind, name) for name, text in texts)


class _Caller:
    """What is true of a caller for the whole call."""

    def __init__(self, principal: Principal, cache: PolicyCache) -> None:
        self.granted: Granted = account_policies.granted(principal, cache)
        self.place: Membership | None = (
            account_policies.membership(principal.account) if principal.account else None
        )
        self.keys = context.of_principal(principal, self.place, self.granted.tags or {})
        self.scps = (
            account_policies.levels(self.place, account_policies.SCP, cache)
            if principal.kind is not Kind.SERVICE
            else None
        )
        self.session = (
            tuple(
                compiled(cache, document, PolicyKind.SESSION, f"session policy {index}")
                for index, document in enumerate(principal.session_policies)
            )
            or None
        )


@dataclass(slots=True)
class _Case:
    """A call, and what all its requirements share."""

    call: ApiCall
    caller: _Caller
    bucket: Bucket | None
    dialect: Dialect
    cache: PolicyCache
    keys: dict[str, Any] = field(init=False)
    endpoint: Policy | None = None

    def __post_init__(self) -> None:
        self.keys = {**self.caller.keys, **context.of_request(self.call)}
        through = endpoint(self.call)
        if through is not None:
            self.keys["aws:SourceVpc"] = through.vpc_id
            self.endpoint = compiled(self.cache, through.policy_document, PolicyKind.ENDPOINT, through.id)


def _named(principal: Principal) -> str:
    return "anonymous" if principal.kind is Kind.ANONYMOUS else principal.arn


def _move(call: ApiCall, resource: Attached, bucket: Bucket | None) -> None:
    """Let the call act in the account that owns what it names."""
    if bucket is not None and call.operation != "CreateBucket":
        call.account = bucket.owner
    elif resource.owner and actions.prefix(call.service) in _ACTS_THERE:
        call.account = resource.owner


def _words(call: ApiCall, request: Request, decision: Decision) -> str:
    if call.principal.kind is Kind.ANONYMOUS:
        return "Access Denied"
    return denial_message(request, decision)


def _blocked(case: _Case) -> Denied:
    call = case.call
    key = call.params.get("Key")
    resource = f"arn:aws:s3:::{call.params['Bucket']}" + (f"/{key}" if key else "")
    needed = actions.action(call.service, call.operation, call.params, call.method)
    return _refused_by_block(case, needed, resource, _BPA_REASONS.get(call.operation, _BPA_ACLS))


def _refused_by_block(case: _Case, action: str, resource: str, reason: str) -> Denied:
    call = case.call
    message = "Access Denied"
    if call.principal.kind is not Kind.ANONYMOUS:
        message = (
            f"User: {call.principal.arn} is not authorized to perform: {action} "
            f'on resource: "{resource}" because {reason}'
        )
    return Denied(denial(message, call.service, case.dialect))
