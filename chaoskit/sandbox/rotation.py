"""How secrets rotate: the function is invoked for each of the four steps, by Secrets Manager.

A step that fails is the last one. The schedule is kept, but rotates nothing by itself.
Sources: Secrets Manager API Reference, "RotateSecret", "CancelRotateSecret" and "RotationRulesType"; Secrets
Manager User Guide, "Lambda rotation functions".
"""

from __future__ import annotations

import json
import math
import uuid
from functools import wraps
from importlib import import_module
from inspect import unwrap
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from chaoskit.recurrence import InvalidScheduleError, next_time
from chaoskit.sandbox.state import backends
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.wire import ApiCall

_LONGEST_DAYS = 1000
_DAY_S: Final = 86_400
_STEPS: Final = ("createSecret", "setSecret", "testSecret", "finishSecret")


class Rotation:
    """Answers what turns the rotation of a secret on and off."""

    service = "secretsmanager"

    def __init__(self, cloud: Sandbox) -> None:
        self._cloud = cloud

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {"RotateSecret": self.rotate, "CancelRotateSecret": self.cancel}

    def rotate(self, call: ApiCall) -> Mapping[str, Any]:
        """Turn rotation on, or change how it is done, and rotate; what is not given stays as it was.

        The answer does not wait for the rotation, whose new version it names.

        Raises:
            ApiError: `ResourceNotFoundException`, `InvalidParameterException` for a schedule that can't be,
                or `InvalidRequestException` without a rotation function or while a rotation is under way.
        """
        rules = dict(call.params.get("RotationRules") or {})
        _check_schedule(rules, self._cloud.now())
        with self._cloud.lock:
            secret = _secret(call)
            function = call.params.get("RotationLambdaARN") or secret.rotation_lambda_arn
            if not function:
                raise _no_function()
            if _under_way(secret):
                raise ApiError(
                    "InvalidRequestException",
                    "A previous rotation isn't complete. That rotation will be reattempted.",
                )
            secret.rotation_lambda_arn = function
            if rules:
                secret.auto_rotate_after_days = int(rules.pop("AutomaticallyAfterDays", 0))
                secret.rotation_schedule = rules
            secret.rotation_requested = secret.rotation_enabled = True
            shown = {"ARN": secret.arn, "Name": secret.name}
        if not call.params.get("RotateImmediately", True):
            return shown
        token = str(call.params.get("ClientRequestToken") or uuid.uuid4())
        self._cloud.spawn(lambda: self._take_place(call, secret, token))
        return {**shown, "VersionId": token}

    def _take_place(self, call: ApiCall, secret: Any, token: str) -> None:
        """Have the function take the four steps; only when the last is done, the secret was rotated."""
        service = self._cloud.service_principal(
            "secretsmanager.amazonaws.com", account=call.account, source_arn=secret.arn
        )
        client = self._cloud.client("lambda", service, region=call.region)
        for step in _STEPS:
            event = {"Step": step, "SecretId": secret.arn, "ClientRequestToken": token}
            try:
                answer = client.invoke(
                    FunctionName=secret.rotation_lambda_arn, Payload=json.dumps(event).encode()
                )
            except ClientError:
                return
            if "FunctionError" in answer:
                return
        with self._cloud.lock:
            secret.last_rotation_date = int(self._cloud.now().timestamp())
            expression = getattr(secret, "rotation_schedule", {}).get("ScheduleExpression")
            if expression:
                secret.auto_rotate_after_days = _days_between(expression, self._cloud.now())
            # Secrets Manager takes the label off once a rotation has ended.
            secret.remove_version_stages_from_old_versions(["AWSPENDING"])

    def cancel(self, call: ApiCall) -> Mapping[str, Any]:
        """Turn rotation off; the function and the schedule stay on record.

        Raises:
            ApiError: `ResourceNotFoundException`, or `InvalidRequestException` without a rotation function.
        """
        with self._cloud.lock:
            secret = _secret(call)
            if not secret.rotation_lambda_arn:
                raise _no_function()
            secret.rotation_enabled = False
            return {"ARN": secret.arn, "Name": secret.name}


def amend() -> None:
    """Have moto's secrets tell their whole schedule; again, it changes nothing."""
    secrets = import_module("moto.secretsmanager.models").FakeSecret
    secrets.to_dict = _with_schedule(unwrap(secrets.to_dict))


def _with_schedule(tell: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    """What DescribeSecret and ListSecrets tell, with the expression and window that moto does not keep."""

    @wraps(tell)
    def told(secret: Any) -> dict[str, Any]:
        found = tell(secret)
        if "RotationRules" in found:
            days = {"AutomaticallyAfterDays": secret.auto_rotate_after_days}
            kept = getattr(secret, "rotation_schedule", {})
            found["RotationRules"] = {**(days if secret.auto_rotate_after_days else {}), **kept}
        return found

    return told


def _check_schedule(rules: Mapping[str, Any], now: datetime) -> None:
    """Refuse a schedule that can't be: days out of range, an expression that is none, both or neither."""
    expression = rules.get("ScheduleExpression")
    if expression and "AutomaticallyAfterDays" in rules:
        raise ApiError(
            "InvalidParameterException",
            "You cannot specify both rotation frequency and schedule expression together.",
        )
    days = int(rules.get("AutomaticallyAfterDays", 1))
    if not 1 <= days <= _LONGEST_DAYS:
        raise ApiError("InvalidParameterException", "AutomaticallyAfterDays must be within 1-1000.")
    if expression:
        try:
            next_time(expression, "UTC", now, now)
        except InvalidScheduleError as error:
            raise ApiError("InvalidParameterException", str(error)) from None


def _days_between(expression: str, now: datetime) -> int:
    """The days between two rotations by an expression, which AWS reckons once a secret has been rotated."""
    first = next_time(expression, "UTC", now, now)
    then = next_time(expression, "UTC", first, now) if first else None
    return math.ceil((then - first).total_seconds() / _DAY_S) if first and then else 0


def _under_way(secret: Any) -> bool:
    """Whether a rotation is under way: AWSPENDING is on a version that is not the current one."""
    stages = [version["version_stages"] for version in secret.versions.values()]
    return any("AWSPENDING" in labels and "AWSCURRENT" not in labels for labels in stages)


def _secret(call: ApiCall) -> Any:
    secrets = backends("secretsmanager")[call.account][call.region].secrets
    wanted = str(call.params["SecretId"])
    for secret in secrets.values():
        if wanted in (secret.arn, secret.name) and not secret.is_deleted():
            return secret
    raise ApiError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")


def _no_function() -> ApiError:
    return ApiError(
        "InvalidRequestException",
        "You tried to enable rotation on a secret that doesn't already have a Lambda function ARN configured "
        "and you didn't include such an ARN as a parameter in this call.",
    )
