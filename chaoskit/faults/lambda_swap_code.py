"""A function's code is replaced."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.errors import GuardError

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_BUSY: Final = ("ResourceConflictException",)  # an earlier update is still in progress


@fault(
    "lambda.swap-code",
    layer="application",
    attack=("T1648", "T1554"),
    atlas=("AML.T0010",),
    owasp_ml=("ML06", "ML09"),
)
class SwapCode(Fault):
    """Replace a function's code, as an intruder who wants its role, its callers' data or false predictions.

    Lambda never gives code back in a form that could be journaled, so the function must have been deployed
    from an object in S3 whose SHA-256 checksum S3 keeps: that object is what the undo deploys again, in the
    version that it has now if the bucket keeps versions, and under the key that its package is encrypted by.

    Detected by: UpdateFunctionCode (lambda.amazonaws.com)

    Attributes:
        function: The function's name.
        bucket: Where its approved code is.
        key: The approved code's key.
        source: The Python code that takes its place, in a file named like the handler's module.
    """

    function: str
    bucket: str
    key: str
    source: str = (
        "def handler(event, context):\n    return {'statusCode': 200, 'body': '{\"prediction\": 0}'}\n"
    )

    def changes(self, aws: Reader) -> Changes:
        """Upload other code; undone by deploying the approved object, which must be what runs now.

        Raises:
            GuardError: The function does not run the approved code, or its package's key can't be used, so
                it could not be put back.
        """
        where: dict[str, Any] = {"FunctionName": self.function}
        running = Query("lambda", "GetFunctionConfiguration", where, "CodeSha256")
        stored = aws.read(
            Query(
                "s3",
                "HeadObject",
                {"Bucket": self.bucket, "Key": self.key, "ChecksumMode": "ENABLED"},
                "{sum: ChecksumSHA256, version: VersionId}",
            )
        )
        # Both are the SHA-256 of the whole zip in base64 (Lambda API Reference, CodeSha256; Amazon S3 User
        # Guide, "Checking object integrity").
        if aws.read(running) != stored["sum"]:
            raise GuardError(
                f"{self.function} does not run s3://{self.bucket}/{self.key} (or S3 keeps no SHA-256 of it), "
                "so its code could not be put back: name the object that it was deployed from"
            )
        handler: str = aws.read(Query("lambda", "GetFunctionConfiguration", where, "Handler"))
        package: dict[str, Any] = {"S3Bucket": self.bucket, "S3Key": self.key}
        if stored["version"] not in (None, "null"):  # null: from before the bucket kept versions
            package["S3ObjectVersion"] = stored["version"]
        # Without it Lambda takes a key of its own (AWS Lambda API Reference, UpdateFunctionCode).
        told = "Code.{key: SourceKMSKeyArn, error: Error.ErrorCode}"
        code = aws.read(Query("lambda", "GetFunction", where, told)) or {}
        if code.get("error"):
            raise GuardError(
                f"{self.function}'s package can't be read ({code['error']}), so it could not be encrypted as "
                "it is: let the run's role use the package's KMS key, or name another function"
            )
        if code.get("key"):
            package["SourceKMSKeyArn"] = code["key"]
        yield Change(
            do=Call(
                "lambda",
                "UpdateFunctionCode",
                not_yet=_BUSY,
                **where,
                ZipFile=_zipped(handler.rpartition(".")[0], self.source),
            ),
            undo=(Call("lambda", "UpdateFunctionCode", **where, **package),),
            state=running,
        )


def _zipped(module: str, source: str) -> bytes:
    """A deployment package of one module, the same bytes for the same code."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        entry = zipfile.ZipInfo(f"{module.replace('.', '/')}.py", (1980, 1, 1, 0, 0, 0))
        entry.external_attr = 0o644 << 16  # Lambda runs code that everyone may read only
        archive.writestr(entry, source)
    return out.getvalue()
