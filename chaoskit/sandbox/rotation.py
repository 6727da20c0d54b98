"""How secrets rotate: the function is invoked for each of the four steps, by Secrets Manager.

A step that fails is the last one. The schedule is kept, but rotates nothing by itself.
Sources: Secrets Manager API Reference, "RotateSecret" and "CancelRotateSecret"; Secrets Manager User Guide,
"Lambda rotation functions".
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from chaoskit.sandbox.state import backends
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.wire import ApiCall

_LONGEST_DAYS = 1000
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
                or `InvalidRequestException` without a rotation function.
        """
        days = int((call.params.get("RotationRules") or {}).get("AutomaticallyAfterDays", 1))
        if not 1 <= days <= _LONGEST_DAYS:
            raise ApiError("InvalidParameterException", "AutomaticallyAfterDays must be within 1-1000.")
        with self._cloud.lock:
            secret = _secret(call)
            function = call.params.get("RotationLambdaARN") or secret.rotation_lambda_arn
            if not function:
                raise _no_function()
            secret.rotation_lambda_arn = function
            if "RotationRules" in call.params:
                secret.auto_rotate_after_days = days
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
