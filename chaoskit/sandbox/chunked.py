"""S3's aws-chunked uploads: taken apart, and their chunk signatures checked.

Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring
Payload in Multiple Chunks" and "... Including trailing headers".
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from chaoskit.sandbox.sigv4 import signing_key
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from chaoskit.sandbox.http import HttpRequest
    from chaoskit.sandbox.sigv4 import Signature

_INCOMPLETE = ApiError("IncompleteBody", "The request body terminated unexpectedly")


def is_chunked(http: HttpRequest) -> bool:
    """Whether the body is a sequence of aws-chunked chunks."""
    return http.headers.get("x-amz-content-sha256", "").startswith("STREAMING-")


def decoded(http: HttpRequest, signature: Signature | None) -> HttpRequest:
    """The request with its chunks put together and its trailers among the headers; others come back as is.

    Raises:
        ApiError: the chunks do not add up.
    """
    if signature is None or not is_chunked(http):
        return http
    body, trailers, _ = _split(http.body)
    stated = http.headers.get("x-amz-decoded-content-length")
    if stated is not None and stated != str(len(body)):
        raise ApiError(_INCOMPLETE.code, _INCOMPLETE.message)
    headers = {**http.headers, **trailers, "x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
    headers.pop("x-amz-trailer", None)
    encoding = [
        e for e in headers.pop("content-encoding", "").split(",") if e.strip() not in {"", "aws-chunked"}
    ]
    if encoding:
        headers["content-encoding"] = ",".join(encoding)
    return replace(http, body=body, headers=headers)


def _split(body: bytes) -> tuple[bytes, dict[str, str], list[tuple[bytes, str]]]:
    chunks: list[tuple[bytes, str]] = []
    at = 0
    while True:
        end = body.find(b"\r\n", at)
        if end < 0:
            raise ApiError(_INCOMPLETE.code, _INCOMPLETE.message)
        size, _, extension = body[at:end].partition(b";")
        try:
            length = int(size, 16)
        except ValueError:
            raise ApiError(_INCOMPLETE.code, _INCOMPLETE.message) from None
        data = body[end + 2 : end + 2 + length]
        if len(data) != length:
            raise ApiError(_INCOMPLETE.code, _INCOMPLETE.message)
        chunks.append((data, extension.decode().removeprefix("chunk-signature=")))
        at = end + 2 + length
        if length == 0:
            break
        at += 2
    return b"".join(data for data, _ in chunks), _trailers(body[at:]), chunks


def _trailers(rest: bytes) -> dict[str, str]:
    found = {}
    for line in rest.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon and name.strip().lower() != b"x-amz-trailer-signature":
            found[name.strip().lower().decode()] = value.strip().decode()
    return found


def genuine(http: HttpRequest, signature: Signature, secret: str) -> bool:
    """Whether each signed chunk follows from the one before it, beginning with the request's own signature.

    True also when the chunks are not signed.
    """
    if not http.headers.get("x-amz-content-sha256", "").startswith("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"):
        return True
    key = signing_key(signature, secret)
    previous = signature.value
    for data, stated in _split(http.body)[2]:
        to_sign = "\n".join(
            (
                "AWS4-HMAC-SHA256-PAYLOAD",
                signature.timestamp,
                signature.scope,
                previous,
                sha256(b"").hexdigest(),
                sha256(data).hexdigest(),
            )
        )
        expected = hmac.new(key, to_sign.encode(), sha256).hexdigest()
        if not hmac.compare_digest(expected, stated):
            return False
        previous = stated
    return True
