"""Brings the calls of the sandbox's own services to the gateway, signed as any other but without a socket."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse
from urllib3 import HTTPHeaderDict, HTTPResponse

from chaoskit.sandbox.http import HttpRequest, spelled

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.awsrequest import AWSPreparedRequest

    from chaoskit.sandbox.wire import Answer


def bring(client: Any, handle: Callable[[HttpRequest], Answer]) -> None:
    """Let a boto3 client ask `handle` instead of its endpoint.

    botocore emits `before-send` with the request as it would go on the wire, and takes an answer for the
    endpoint's (botocore's `Endpoint._get_response`).
    """

    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        answer = handle(_read(request))
        headers = HTTPHeaderDict(answer.headers)
        headers.setdefault("content-length", str(len(answer.body)))
        raw = HTTPResponse(BytesIO(answer.body), headers, answer.status, preload_content=False)
        return AWSResponse(request.url, answer.status, headers, raw)

    client.meta.events.register_last("before-send", send)


def _read(request: AWSPreparedRequest) -> HttpRequest:
    """The request as the server would have read it."""
    url = urlsplit(request.url)
    headers = {"host": url.netloc}
    for name, value in request.headers.items():
        headers[name.lower()] = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    body = request.body or b""
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        body = body.encode()
    return HttpRequest(
        request.method, url.path or "/", url.query, headers, bytes(body), names=spelled(headers)
    )
