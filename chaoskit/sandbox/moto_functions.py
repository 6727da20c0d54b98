"""What Lambda keeps of a function and moto drops, put into moto's own store.

Source: AWS Lambda API Reference, "AddPermission", "UpdateFunctionCode" and "FunctionCodeLocation"; AWS Lambda
Developer Guide, "Control access to Lambda function URLs" (the conditions of a statement).
"""

from __future__ import annotations

from functools import wraps
from inspect import unwrap
from typing import TYPE_CHECKING, Any, Final

from moto.awslambda import models, policy

from chaoskit.sandbox import state
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

_CODE: Final = frozenset({"ImageUri", "S3Bucket", "ZipFile"})


def amend() -> None:
    """Put moto's ways right; again, it changes nothing."""
    vars_of: tuple[tuple[Any, str, Callable[..., Any]], ...] = (
        (policy.Policy, "condition_merge", _conditions),
        (models.LambdaFunction, "_set_function_code", _of_version),
        (models.LambdaFunction, "get_code", _with_key),
    )
    for of, name, better in vars_of:
        setattr(of, name, better(unwrap(getattr(of, name))))


def _conditions(merge: Callable[..., None]) -> Callable[..., None]:
    """Writing a permission's statement, with what is asked of function URLs among its conditions."""

    @wraps(merge)
    def merged(held: Any, statement: dict[str, Any]) -> None:
        merge(held, statement)
        auth, via = statement.pop("FunctionUrlAuthType", None), statement.pop("InvokedViaFunctionUrl", None)
        tests = {
            "StringEquals": {"lambda:FunctionUrlAuthType": auth} if auth else {},
            "Bool": {} if via is None else {"lambda:InvokedViaFunctionUrl": str(via).lower()},
        }
        for operator, tested in tests.items():
            if tested:
                conditions = statement.setdefault("Condition", {})
                conditions[operator] = {**conditions.get(operator, {}), **tested}

    return merged


def _of_version(keep: Callable[..., None]) -> Callable[..., None]:
    """Taking a function's code, of the object's version that is asked for, and noting the package's key."""

    @wraps(keep)
    def kept(function: Any, given: dict[str, Any]) -> None:
        keep(function, given)
        if given.get("DryRun") or not _CODE & set(given):
            return
        function.source_kms_key_arn = given.get("SourceKMSKeyArn")
        if "S3Bucket" in given and given.get("S3ObjectVersion"):
            content = _content(given["S3Bucket"], given["S3Key"], given["S3ObjectVersion"])
            function.code_bytes, function.code_size, function.code_sha_256, function.code_digest = content

    return kept


def _content(bucket: str, key: str, version: str) -> Any:
    """A version of an object as moto keeps code.

    Raises:
        ApiError: `InvalidParameterValueException`, when there is none.
    """
    _, held = state.bucket(bucket)
    versions = held.keys.getlist(key, default=[]) if held is not None else []
    found = next((one for one in versions if getattr(one, "version_id", "") == version), None)
    if found is None:
        raise ApiError(
            "InvalidParameterValueException",
            "Error occurred while GetObject. S3 Error Code: NoSuchVersion. S3 Error Message: The specified "
            "version does not exist.",
        )
    return models._s3_content(found)  # noqa: SLF001 - as moto reads it itself


def _with_key(tell: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """What GetFunction tells of the code, with the customer's key that the package is encrypted by."""

    @wraps(tell)
    def told(function: Any) -> dict[str, Any]:
        found = tell(function)
        key = getattr(function, "source_kms_key_arn", None)
        if key and "Code" in found:
            found["Code"]["SourceKMSKeyArn"] = key
        return found

    return told
