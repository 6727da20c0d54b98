"""Whether and how secrets rotate: kept, not acted on; moto would run the rotation function in Docker.

Source: Secrets Manager API Reference, "RotateSecret" and "CancelRotateSecret". The schedule is what detectors
look at; that the rotation function itself works is not the sandbox's to prove, so no rotation takes place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.state import backends
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.wire import ApiCall

_LONGEST_DAYS = 1000


class Rotation:
    """Answers what turns the rotation of a secret on and off."""

    service = "secretsmanager"

    def __init__(self, cloud: Sandbox) -> None:
        self._lock = cloud.lock

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {"RotateSecret": self.rotate, "CancelRotateSecret": self.cancel}

    def rotate(self, call: ApiCall) -> Mapping[str, Any]:
        """Turn rotation on, or change how it is done; what is not given stays as it was.

        Raises:
            ApiError: `ResourceNotFoundException`, `InvalidParameterException` for a schedule that can't be,
                or `InvalidRequestException` without a rotation function.
        """
        days = int((call.params.get("RotationRules") or {}).get("AutomaticallyAfterDays", 1))
        if not 1 <= days <= _LONGEST_DAYS:
            raise ApiError("InvalidParameterException", "AutomaticallyAfterDays must be within 1-1000.")
        with self._lock:
            secret = _secret(call)
            function = call.params.get("RotationLambdaARN") or secret.rotation_lambda_arn
            if not function:
                raise _no_function()
            secret.rotation_lambda_arn = function
            if "RotationRules" in call.params:
                secret.auto_rotate_after_days = days
            secret.rotation_requested = secret.rotation_enabled = True
            return {"ARN": secret.arn, "Name": secret.name}

    def cancel(self, call: ApiCall) -> Mapping[str, Any]:
        """Turn rotation off; the function and the schedule stay on record.

        Raises:
            ApiError: `ResourceNotFoundException`, or `InvalidRequestException` without a rotation function.
        """
        with self._lock:
            secret = _secret(call)
            if not secret.rotation_lambda_arn:
                raise _no_function()
            secret.rotation_enabled = False
            return {"ARN": secret.arn, "Name": secret.name}


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
