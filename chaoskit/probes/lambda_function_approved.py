"""Looks whether a function runs what was approved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("lambda.function-approved")
class FunctionApproved(Probe):
    """The function has the approved object's code, byte for byte, the approved handler, and no layers.

    Code is compared by SHA-256: what Lambda says of the function with what S3 keeps of the object, which must
    have been stored with that checksum (Amazon S3 User Guide, "Checking object integrity").

    Attributes:
        function: The function's name.
        bucket: Where the approved code is.
        key: The approved code's key.
        handler: The approved handler.
    """

    function: str
    bucket: str
    key: str
    handler: str

    reads = ("lambda:GetFunctionConfiguration", "s3:HeadObject")

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Compare the two checksums, then the settings."""
        del trace
        select = "{code: CodeSha256, handler: Handler, layers: Layers[].Arn}"
        where = {"FunctionName": self.function}
        found = aws.read(Query("lambda", "GetFunctionConfiguration", where, select))
        source = {"Bucket": self.bucket, "Key": self.key, "ChecksumMode": "ENABLED"}
        approved = aws.read(Query("s3", "HeadObject", source, "ChecksumSHA256"))
        evidence = {**found, "approved_code": approved, "approved_handler": self.handler}
        if approved is None:
            why = f"S3 keeps no SHA-256 of s3://{self.bucket}/{self.key}"
            return Observation(
                holds=None, summary=f"{self.function} can't be compared: {why}", evidence=evidence
            )
        other = [
            *(["code"] if found["code"] != approved else []),
            *(["handler"] if found["handler"] != self.handler else []),
            *(["layers"] if found["layers"] else []),
        ]
        return Observation(
            holds=not other,
            summary=f"function {self.function} "
            + (
                f"has another {', another '.join(other)} than approved" if other else "runs what was approved"
            ),
            evidence=evidence,
        )
