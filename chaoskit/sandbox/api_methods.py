"""Calls of API Gateway that moto lacks (`UpdateMethod`), or answers otherwise than AWS does.

Source: Amazon API Gateway API Reference, "Patch operations" (tables UpdateMethod and UpdateUsagePlan) and
DeleteDeployment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.apigateway.exceptions import ApiGatewayException

from chaoskit.sandbox.state import backends
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.wire import ApiCall

_METHOD = {
    "/apiKeyRequired": "api_key_required",
    "/authorizationType": "authorization_type",
    "/authorizerId": "authorizer_id",
    "/operationName": "operation_name",
    "/requestValidatorId": "request_validator_id",
}
_SCOPES = "/authorizationScopes"
_POOLS = "COGNITO_USER_POOLS"
_TYPES = frozenset({"NONE", "AWS_IAM", "CUSTOM", _POOLS})
_LIMITS: Mapping[str, type[int | float]] = {
    "/throttle/rateLimit": float,
    "/throttle/burstLimit": int,
    "/quota/limit": int,
}


class ApiMethods:
    """Answers UpdateMethod, UpdateUsagePlan (moto keeps its numbers as text) and DeleteDeployment."""

    service = "apigateway"

    def __init__(self, cloud: Sandbox) -> None:
        self._lock = cloud.lock

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "DeleteDeployment": self.delete_deployment,
            "UpdateMethod": self.update_method,
            "UpdateUsagePlan": self.update_plan,
        }

    def delete_deployment(self, call: ApiCall) -> Mapping[str, Any]:
        """Delete a deployment that no stage has; moto looks whether it was made for one.

        Raises:
            ApiError: `NotFoundException` for no such deployment, `BadRequestException` where a stage has it.
        """
        which = call.params["deploymentId"]
        with self._lock:
            try:
                api: Any = backends("apigateway")[call.account][call.region].get_rest_api(
                    call.params["restApiId"]
                )
            except ApiGatewayException as error:
                raise _told(error) from None
            if which not in api.deployments:
                raise ApiError("NotFoundException", "Invalid Deployment identifier specified", 404)
            if any(stage.deployment_id == which for stage in api.stages.values()):
                raise ApiError(
                    "BadRequestException",
                    "Active stages pointing to this deployment must be moved or deleted",
                )
            del api.deployments[which]
        return {"ResponseMetadata": {"HTTPStatusCode": 202}}

    def update_method(self, call: ApiCall) -> Mapping[str, Any]:
        """Replace settings of a method, and add and remove scopes.

        Raises:
            ApiError: `NotFoundException` for no such method, `BadRequestException` for no such setting.
        """
        where = (call.params["restApiId"], call.params["resourceId"], call.params["httpMethod"])
        with self._lock:
            try:
                method: Any = backends("apigateway")[call.account][call.region].get_method(*where)
            except ApiGatewayException as error:
                raise _told(error) from None
            patches = call.params.get("patchOperations", ())
            changes = [_method_change(each) for each in patches if each["path"] != _SCOPES]
            scopes = [_scope_change(each) for each in patches if each["path"] == _SCOPES]
            for name, value in changes:
                setattr(method, name, value)
            held = [each for each in method.authorization_scopes or () if ("remove", each) not in scopes]
            held += [scope for op, scope in scopes if op == "add" and scope not in held]
            # Only a user pool has scopes.
            method.authorization_scopes = held if method.authorization_type == _POOLS and held else None
            shown: Mapping[str, Any] = method.to_json()
        return {name: value for name, value in shown.items() if value is not None}

    def update_plan(self, call: ApiCall) -> Mapping[str, Any]:
        """Change a usage plan; its limits are numbers.

        Raises:
            ApiError: `NotFoundException`, when there is no such plan.
        """
        patches = call.params["patchOperations"]
        limits = [each for each in patches if each["path"] in _LIMITS and each["op"] in {"add", "replace"}]
        rest = [each for each in patches if each not in limits]
        with self._lock:
            held: Any = backends("apigateway")[call.account][call.region]
            try:
                plan = held.update_usage_plan(call.params["usagePlanId"], rest)
            except ApiGatewayException as error:
                raise _told(error) from None
            for each in limits:
                _, group, name = each["path"].split("/")
                getattr(plan, group)[name] = _LIMITS[each["path"]](each["value"])
            shown: Mapping[str, Any] = plan.to_json()
        return {name: value for name, value in shown.items() if value is not None}


def _method_change(patch: Mapping[str, Any]) -> tuple[str, Any]:
    path, value = str(patch["path"]), patch.get("value")
    if patch["op"] != "replace" or path not in _METHOD:
        raise ApiError("BadRequestException", f"Invalid patch path {path} or operation {patch['op']}")
    if path == "/apiKeyRequired":
        return _METHOD[path], value == "true"
    if path == "/authorizationType" and value not in _TYPES:
        raise ApiError("BadRequestException", f"Invalid authorization type specified: {value}")
    return _METHOD[path], value


def _scope_change(patch: Mapping[str, Any]) -> tuple[str, str]:
    if patch["op"] not in {"add", "remove"}:
        raise ApiError("BadRequestException", f"Invalid patch path {_SCOPES} or operation {patch['op']}")
    return str(patch["op"]), str(patch.get("value", ""))


def _told(error: ApiGatewayException) -> ApiError:
    return ApiError(str(error.error_type), str(error.message), int(error.code))
