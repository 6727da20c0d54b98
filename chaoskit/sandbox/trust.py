"""Whether a role trusts the identity provider that vouches for a caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.policy import Kind as PolicyKind
from chaoskit.policy import PolicySet, Request, decide
from chaoskit.sandbox import account_policies, context
from chaoskit.sandbox.account_policies import compiled
from chaoskit.sandbox.assertions import asserted
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from chaoskit.permissions import Requirement
    from chaoskit.policy import PolicyCache
    from chaoskit.sandbox.attached import Attached
    from chaoskit.sandbox.wire import ApiCall


def check_trust(call: ApiCall, needed: Requirement, resource: Attached, cache: PolicyCache) -> None:
    """Let pass whom an identity provider vouches for, when the role trusts the provider.

    Raises:
        ApiError: the role's trust policy does not, or the token is not good.
    """
    said = asserted(call)
    role, owner = needed.resource, needed.resource.split(":")[4]
    place = account_policies.membership(owner)
    name = str(call.params.get("RoleSessionName") or said.session_name)
    keys = {**context.of_request(call), **context.of_resource(owner, place, resource.tags, "iam")}
    keys |= {**said.keys, "aws:FederatedProvider": said.provider, "sts:RoleSessionName": name}
    if said.tags:
        keys |= {f"aws:RequestTag/{tag}": value for tag, value in said.tags.items()}
        keys |= {"aws:TagKeys": list(said.tags), "sts:TransitiveTagKeys": sorted(said.transitive)}
    policies = PolicySet(
        resource=(compiled(cache, resource.policy, PolicyKind.TRUST, role),) if resource.policy else (),
        rcps=account_policies.levels(place, account_policies.RCP, cache),
    )
    managed = place is not None and place.management_account == owner
    for action in (needed.action, *(["sts:TagSession"] if said.tags else [])):
        request = Request(
            principal=said.provider,
            action=action,
            resource=role,
            resource_account=owner,
            context=keys,
            federated=True,
            resource_in_management_account=managed,
        )
        if not decide(request, policies).allowed:
            raise ApiError("AccessDenied", f"Not authorized to perform {action}", 403)
    call.account = owner
