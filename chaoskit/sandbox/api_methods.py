"""`UpdateMethod` and `UpdateUsagePlan`: moto lacks the one, and keeps numbers as text in the other.

Source: Amazon API Gateway API Reference, "Patch operations" (tables UpdateMethod and UpdateUsagePlan).
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
_TYPES = frozenset({"NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS"})
_LIMITS: Mapping[str, type[int | float]] = {
    "/throttle/rateLimit": float,
    "/throttle/burstLimit": int,
    "/quota/limit": int,
}


class ApiMethods:
    """Answers UpdateMethod, and UpdateUsagePlan for limits."""

    service = "apigateway"

    def __init__(self, cloud: Sandbox) -> None:
        self._lock = cloud.lock

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {"UpdateMethod": self.update_method, "UpdateUsagePlan": self.update_plan}

    def update_method(self, call: ApiCall) -> Mapping[str, Any]:
        """Replace settings of a method.

        Raises:
            ApiError: `NotFoundException` for no such method, `BadRequestException` for no such setting.
        """
        where = (call.params["restApiId"], call.params["resourceId"], call.params["httpMethod"])
        with self._lock:
            try:
                method: Any = backends("apigateway")[call.account][call.region].get_method(*where)
            except ApiGatewayException as error:
                raise _told(error) from None
            changes = [_method_change(each) for each in call.params.get("patchOperations", ())]
            for name, value in changes:
                setattr(method, name, value)
            shown: Mapping[str, Any] = method.to_json()
        return {name: value for name, value in shown.items() if value is not None}

    def update_plan(self, call: ApiCall) -> Mapping[str, Any]:
        """Change a usage plan; its limits are numbers.

        Raises:
            ApiError: `NotFoundException`, when there is no such plan.
        """
        with self._lock:
            held: Any = backends("apigateway")[call.account][call.region]
            try:
                plan = held.update_usage_plan(call.params["usagePlanId"], call.params["patchOperations"])
            except ApiGatewayException as error:
                raise _told(error) from None
            for each in call.params["patchOperations"]:
                kind = _LIMITS.get(each["path"])
                if kind is not None and each["op"] in {"add", "replace"}:
                    _, group, name = each["path"].split("/")
                    getattr(plan, group)[name] = kind(each["value"])
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


def _told(error: ApiGatewayException) -> ApiError:
    return ApiError(str(error.error_type), str(error.message), int(error.code))
