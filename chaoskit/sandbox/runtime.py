"""SageMaker Runtime: an endpoint that exists answers, one that does not is refused as AWS refuses it."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.state import backends
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.wire import ApiCall

_CLASSES = 10
_LARGEST = 6_291_456


class SageMakerRuntime:
    """Answers `InvokeEndpoint` with a small inference that follows from the request's body alone."""

    service = "sagemaker-runtime"

    def __init__(self, cloud: Sandbox) -> None:
        self._lock = cloud.lock

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {"InvokeEndpoint": self.invoke_endpoint}

    def invoke_endpoint(self, call: ApiCall) -> Mapping[str, Any]:
        """Answer an inference request.

        Raises:
            ApiError: `ValidationError` when the account has no such endpoint in this region or it is not
                in service, or the body is larger than 6 MB (SageMaker Developer Guide, InvokeEndpoint).
        """
        name = call.params["EndpointName"]
        with self._lock:
            endpoint = backends("sagemaker")[call.account][call.region].endpoints.get(name)
            variant = _variant(endpoint) if endpoint is not None else ""
        if endpoint is None or endpoint.endpoint_status != "InService":
            raise ApiError("ValidationError", f"Endpoint {name} of account {call.account} not found.")
        wanted = call.params.get("TargetVariant", "")
        if wanted and wanted != variant:
            raise ApiError("ValidationError", f"Variant {wanted} of endpoint {name} not found.")
        body = _bytes(call.params.get("Body", b""))
        if len(body) > _LARGEST:
            raise ApiError("ValidationError", f"Request body is larger than {_LARGEST} bytes.")
        accept = call.params.get("Accept", "")
        content_type = accept if accept and "*" not in accept else "application/json"
        return {"Body": infer(body), "ContentType": content_type, "InvokedProductionVariant": variant}


def infer(body: bytes) -> bytes:
    """A prediction in JSON that is the same for the same input: a class, and a score per class."""
    digest = sha256(body).digest()
    total = sum(digest[:_CLASSES]) or 1
    scores = [round(byte / total, 4) for byte in digest[:_CLASSES]]
    label = max(range(_CLASSES), key=lambda index: digest[index])
    return json.dumps({"predictions": [{"label": label, "scores": scores}]}).encode()


def _variant(endpoint: Any) -> str:
    variants = endpoint.production_variants or []
    return str(variants[0].get("VariantName", "AllTraffic")) if variants else "AllTraffic"


def _bytes(body: bytes | str) -> bytes:
    return body.encode() if isinstance(body, str) else body
