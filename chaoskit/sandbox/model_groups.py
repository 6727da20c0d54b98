"""What moto lacks of SageMaker's model package groups: resource policies, and an end.

Source: SageMaker API Reference, "PutModelPackageGroupPolicy", "GetModelPackageGroupPolicy",
"DeleteModelPackageGroupPolicy" and "DeleteModelPackageGroup". Authorization reads the policy from
`resource_policy` of moto's group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.state import backends
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.wire import ApiCall


class ModelGroupPolicies:
    """Answers what stores, shows and takes away the policy of a model package group, and the group."""

    service = "sagemaker"

    def __init__(self, cloud: Sandbox) -> None:
        self._lock = cloud.lock

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "PutModelPackageGroupPolicy": self.put,
            "GetModelPackageGroupPolicy": self.get,
            "DeleteModelPackageGroupPolicy": self.delete,
            "DeleteModelPackageGroup": self.delete_group,
        }

    def put(self, call: ApiCall) -> Mapping[str, Any]:
        """Store a policy, which has been read and found good before.

        Raises:
            ApiError: `ValidationException`, when there is no such group.
        """
        with self._lock:
            group = _group(call)
            group.resource_policy = call.params["ResourcePolicy"]
            return {"ModelPackageGroupArn": group.arn}

    def get(self, call: ApiCall) -> Mapping[str, Any]:
        """Show a policy.

        Raises:
            ApiError: `ValidationException`, when there is no such group or it has no policy.
        """
        with self._lock:
            return {"ResourcePolicy": _policy(_group(call))}

    def delete(self, call: ApiCall) -> Mapping[str, Any]:
        """Take a policy away.

        Raises:
            ApiError: `ValidationException`, when there is no such group or it has no policy.
        """
        with self._lock:
            group = _group(call)
            _policy(group)
            del group.resource_policy  # as it was before there was one
        return {}

    def delete_group(self, call: ApiCall) -> Mapping[str, Any]:
        """Take a group away; one with model packages stays.

        Raises:
            ApiError: `ValidationException`, when there is no such group; `ConflictException`.
        """
        with self._lock:
            group, backend = _group(call), backends("sagemaker")[call.account][call.region]
            name = group.model_package_group_name
            if any(each.model_package_group_name == name for each in backend.model_packages.values()):
                raise ApiError("ConflictException", f"ModelPackageGroup {group.arn} has model packages.")
            del backend.model_package_groups[name]
        return {}


def _group(call: ApiCall) -> Any:
    name = str(call.params["ModelPackageGroupName"]).rpartition("/")[2]
    known = backends("sagemaker")[call.account][call.region].model_package_groups
    if name not in known:
        arn = f"arn:aws:sagemaker:{call.region}:{call.account}:model-package-group/{name}"
        raise ApiError("ValidationException", f"ModelPackageGroup {arn} does not exist.")
    return known[name]


def _policy(group: Any) -> str:
    policy = str(getattr(group, "resource_policy", ""))
    if not policy:
        raise ApiError("ValidationException", f"Cannot find resource policy for: {group.arn}")
    return policy
