"""SimulatePrincipalPolicy, SimulateCustomPolicy, and the context keys of policies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chaoskit.policy import Kind, MalformedPolicyDocument, PolicyCache, compile_policy
from chaoskit.sandbox import account_policies
from chaoskit.sandbox.simulation.attachments import Attachments, Exclusions, find
from chaoskit.sandbox.simulation.simulator import ALL, IDENTITY, RESOURCE, Simulation
from chaoskit.sandbox.simulation.sources import Source, context_keys
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chaoskit.policy import Policy
    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.wire import ApiCall

_PAGE = 100
_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z0-9]+", re.ASCII | re.IGNORECASE)
_CALLER = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):(user|group|role)/.+")
_OWNER = re.compile(r"(?:arn:aws[\w-]*:iam::)?(\d{12})(?::root)?")
# IAM API Reference, SimulatePrincipalPolicy, ResourceHandlingOption.
_INSTANCE = ("instance", "image", "security-group", "network-interface")
_SCENARIOS = {
    "EC2-VPC-InstanceStore": _INSTANCE,
    "EC2-VPC-InstanceStore-Subnet": (*_INSTANCE, "subnet"),
    "EC2-VPC-EBS": (*_INSTANCE, "volume"),
    "EC2-VPC-EBS-Subnet": (*_INSTANCE, "subnet", "volume"),
}


class PolicySimulator:
    """IAM's policy simulator, which moto's IAM lacks."""

    service = "iam"
    NOT_STATE = frozenset({"_cache"})

    def __init__(self, cloud: Sandbox) -> None:
        self._cloud = cloud
        self._cache = PolicyCache()

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "GetContextKeysForCustomPolicy": self.keys_of_custom,
            "GetContextKeysForPrincipalPolicy": self.keys_of_principal,
            "SimulateCustomPolicy": self.simulate_custom,
            "SimulatePrincipalPolicy": self.simulate_principal,
        }

    def keys_of_custom(self, call: ApiCall) -> Mapping[str, Any]:
        """The condition keys of policies given as text."""
        return {"ContextKeyNames": _keys(_given(call))}

    def keys_of_principal(self, call: ApiCall) -> Mapping[str, Any]:
        """The condition keys of a user's, group's or role's policies, and of those given besides."""
        with self._cloud.lock:
            held = find(call.params["PolicySourceArn"])
        return {"ContextKeyNames": _keys([*held.identity, *_given(call)])}

    def simulate_custom(self, call: ApiCall) -> Mapping[str, Any]:
        """Simulate policies given as text."""
        caller = call.params.get("CallerArn", "")
        if call.params.get("ResourcePolicy") and not caller:
            raise _invalid("CallerArn", "it is needed besides a ResourcePolicy, to be its Principal")
        levels = call.params.get("OrderedOrganizationPolicyInputList")
        held = Attachments(scps=_levels(levels) if levels else None)
        return self._simulate(call, caller, held)

    def simulate_principal(self, call: ApiCall) -> Mapping[str, Any]:
        """Simulate the policies of a user, group or role, in its organization, and those given besides."""
        source = call.params["PolicySourceArn"]
        caller = call.params.get("CallerArn", "")
        if call.params.get("ResourcePolicy") and not caller and ":user/" not in source:
            raise _invalid(
                "CallerArn", "it is needed besides a ResourcePolicy unless a user's policies are asked for"
            )
        excluded = Exclusions(call.params.get("PolicyExclusionList") or ())
        with self._cloud.lock:
            held = find(source)
            place = account_policies.membership(held.account)
            scps = account_policies.levels(place, account_policies.SCP, self._cache)
        exempt = place is not None and place.management_account == held.account
        return self._simulate(call, caller or source, excluded.without(held, scps), exempt=exempt)

    def _simulate(
        self, call: ApiCall, caller: str, held: Attachments, *, exempt: bool = False
    ) -> Mapping[str, Any]:
        params = call.params
        account, kind = _caller(caller) if caller else (call.account, "group")
        resources = list(params.get("ResourceArns") or [ALL])
        given = params.get("ResourcePolicy")
        _check(params, resources, of_role=bool(given) and kind == "role")
        boundaries = _texts(params, "PermissionsBoundaryPolicyInputList", Kind.BOUNDARY)
        if len(boundaries) > 1:
            raise _invalid("PermissionsBoundaryPolicyInputList", "there can be one permissions boundary")
        simulation = Simulation(
            caller=caller or f"arn:aws:iam::{account}:group/-",
            account=account,
            identity=(*held.identity, *_given(call)),
            context=_context(params),
            resource=Source("ResourcePolicy", RESOURCE, given) if given else None,
            owner=_owner(params),
            boundary=boundaries[0] if boundaries else held.boundary,
            scps=held.scps,
            exempt=exempt,
            nameless=kind == "group",
        )
        actions: Sequence[str] = params["ActionNames"]
        start, end = _page(params, len(actions))
        try:
            results = [simulation.result(action, resources) for action in actions[start:end]]
        except MalformedPolicyDocument as fault:
            raise _invalid("ResourcePolicy", str(fault)) from None
        if end < len(actions):
            return {"EvaluationResults": results, "IsTruncated": True, "Marker": str(end)}
        return {"EvaluationResults": results, "IsTruncated": False}


def _invalid(parameter: str, reason: str) -> ApiError:
    return ApiError("InvalidInput", f"Invalid input in {parameter}: {reason}.", 400)


def _given(call: ApiCall) -> list[Source]:
    return _texts(call.params, "PolicyInputList", Kind.IDENTITY)


def _texts(params: Mapping[str, Any], parameter: str, kind: Kind) -> list[Source]:
    found = []
    for number, text in enumerate(params.get(parameter) or (), 1):
        _compiled(text, kind, f"{parameter}.{number}")
        found.append(Source(f"{parameter}.{number}", IDENTITY, text))
    return found


def _compiled(text: str, kind: Kind, name: str) -> Policy:
    try:
        return compile_policy(text, kind, name)
    except MalformedPolicyDocument as fault:
        raise _invalid(name, str(fault)) from None


def _levels(given: Sequence[Mapping[str, Any]]) -> tuple[tuple[Policy, ...], ...]:
    return tuple(
        tuple(
            _compiled(text, Kind.SCP, f"OrderedOrganizationPolicyInputList.{number}.{position}")
            for position, text in enumerate(level.get("ServiceControlPolicyInputList") or (), 1)
        )
        for number, level in enumerate(given, 1)
    )


def _keys(sources: Sequence[Source]) -> list[str]:
    return context_keys(source.text for source in sources)


def _caller(arn: str) -> tuple[str, str]:
    """The account of a caller, and whether it is a user, a group or a role."""
    found = _CALLER.fullmatch(arn)
    if found is None:
        raise _invalid("CallerArn", f"{arn} is not the ARN of an IAM user, group or role")
    return found[1], found[2]


def _owner(params: Mapping[str, Any]) -> str:
    given = params.get("ResourceOwner", "")
    found = _OWNER.fullmatch(given)
    if given and found is None:
        raise _invalid("ResourceOwner", f"{given} is not the ARN of an account")
    return found[1] if found else ""


def _check(params: Mapping[str, Any], resources: Sequence[str], *, of_role: bool) -> None:
    for action in params["ActionNames"]:
        if not _ACTION.fullmatch(action):
            raise _invalid("ActionNames", f"{action} is no single action such as s3:GetObject")
    for resource in resources:
        if resource != ALL and resource.count(":") < len("arn:"):
            raise _invalid("ResourceArns", f"{resource} is neither an ARN nor *")
    if of_role:
        raise _invalid(
            "ResourcePolicy", "the simulation of resource-based policies is not supported for roles"
        )
    scenario = params.get("ResourceHandlingOption")
    if not scenario:
        return
    if scenario not in _SCENARIOS:
        raise _invalid("ResourceHandlingOption", f"{scenario} is none of {', '.join(_SCENARIOS)}")
    kinds = {resource.rpartition(":")[2].partition("/")[0] for resource in resources}
    lacking = [kind for kind in _SCENARIOS[scenario] if kind not in kinds]
    if lacking:
        raise _invalid("ResourceArns", f"{scenario} needs a resource of type {', '.join(lacking)}")


def _context(params: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    found: dict[str, Sequence[str]] = {}
    for number, entry in enumerate(params.get("ContextEntries") or (), 1):
        name, kind = entry.get("ContextKeyName", ""), entry.get("ContextKeyType", "string")
        values = list(entry.get("ContextKeyValues") or ())
        if ":" not in name:
            raise _invalid(f"ContextEntries.{number}", f"{name!r} is no condition key such as aws:SourceIp")
        if len(values) != 1 and not kind.endswith("List"):
            raise _invalid(
                f"ContextEntries.{number}", f"a {kind} has one value; the type for more is {kind}List"
            )
        found[name] = values
    return found


def _page(params: Mapping[str, Any], total: int) -> tuple[int, int]:
    """Which of the actions to answer now; a marker is the number of those answered before."""
    marker = params.get("Marker", "0")
    if not marker.isdecimal() or int(marker) > total:
        raise _invalid("Marker", f"{marker} is none that an earlier answer gave")
    start = int(marker)
    return start, min(total, start + int(params.get("MaxItems") or _PAGE))
