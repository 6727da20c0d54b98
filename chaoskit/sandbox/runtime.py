"""SageMaker Runtime: an endpoint that exists answers and is measured, one that does not is refused.

Sources: SageMaker API Reference, "InvokeEndpoint"; SageMaker Developer Guide, "Metrics for monitoring Amazon
SageMaker AI with Amazon CloudWatch" and "Testing models with production variants".
"""

from __future__ import annotations

import json
from collections import Counter
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.state import backends
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.metrics import CloudWatch
    from chaoskit.sandbox.wire import ApiCall

_CLASSES = 10
_LARGEST = 6_291_456
_NAME = "VariantName"
_MODEL_LATENCY, _OVERHEAD_LATENCY = 5_000, 3_000
"""Microseconds that an invocation is said to take: fixed, so that the same calls give the same metrics."""


class SageMakerRuntime:
    """Answers `InvokeEndpoint` with a small inference that follows from the request's body alone."""

    service = "sagemaker-runtime"

    def __init__(self, cloud: Sandbox, cloudwatch: CloudWatch) -> None:
        self._cloud = cloud
        self._cloudwatch = cloudwatch
        self._served: dict[tuple[str, str, str], Counter[str]] = {}

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "InvokeEndpoint": self.invoke_endpoint,
            "InvokeEndpointAsync": self.refuse,
            "InvokeEndpointWithResponseStream": self.refuse,
        }

    def invoke_endpoint(self, call: ApiCall) -> Mapping[str, Any]:
        """Answer an inference request.

        Raises:
            ApiError: `ValidationError` when the account has no such endpoint in this region or it is not
                in service, or the body is larger than 6 MB (SageMaker Developer Guide, InvokeEndpoint).
        """
        body = _bytes(call.params.get("Body", b""))
        with self._cloud.lock:
            variant = self._variant(call)
        if len(body) > _LARGEST:
            raise ApiError("ValidationError", f"Request body is larger than {_LARGEST} bytes.")
        self._cloud.spawn(partial(self._measure, call, variant))
        accept = call.params.get("Accept", "")
        content_type = accept if accept and "*" not in accept else "application/json"
        return {"Body": infer(body), "ContentType": content_type, "InvokedProductionVariant": variant[_NAME]}

    def refuse(self, call: ApiCall) -> Mapping[str, Any]:
        """Say that there is no such way to invoke an endpoint here, if there is such an endpoint.

        Raises:
            ApiError: `ValidationError` as for InvokeEndpoint, else `NotImplemented`.
        """
        with self._cloud.lock:
            _endpoint(call)
        raise ApiError(
            "NotImplemented", f"The embedded sandbox does not have sagemaker-runtime {call.operation}.", 501
        )

    def _variant(self, call: ApiCall) -> Mapping[str, Any]:
        """The variant that the call names, or the one whose turn it is by the variants' weights."""
        endpoint = _endpoint(call)
        variants: dict[str, Mapping[str, Any]] = {
            one[_NAME]: one for one in endpoint.production_variants or [{_NAME: "AllTraffic"}]
        }
        wanted = call.params.get("TargetVariant", "")
        if wanted and wanted not in variants:
            raise ApiError(
                "ValidationError", f"Variant {wanted} of endpoint {endpoint.endpoint_name} not found."
            )
        if wanted:
            return variants[wanted]
        place = (call.account, call.region, endpoint.endpoint_name)
        served = self._served.setdefault(place, Counter())
        chosen = whose_turn({name: one.get("CurrentWeight", 1.0) for name, one in variants.items()}, served)
        served[chosen] += 1
        return variants[chosen]

    def _measure(self, call: ApiCall, variant: Mapping[str, Any]) -> None:
        dimensions = [
            {"Name": "EndpointName", "Value": call.params["EndpointName"]},
            {"Name": "VariantName", "Value": variant[_NAME]},
        ]
        values = {
            "Invocations": (1, "None"),
            "InvocationsPerInstance": (1 / (variant.get("CurrentInstanceCount") or 1), "None"),
            "Invocation4XXErrors": (0, "None"),
            "Invocation5XXErrors": (0, "None"),
            "ModelLatency": (_MODEL_LATENCY, "Microseconds"),
            "OverheadLatency": (_OVERHEAD_LATENCY, "Microseconds"),
        }
        self._cloudwatch.record(
            call.account,
            call.region,
            "AWS/SageMaker",
            [
                {"MetricName": name, "Value": float(value), "Unit": unit, "Dimensions": dimensions}
                for name, (value, unit) in values.items()
            ],
        )


def whose_turn(weights: Mapping[str, float], served: Mapping[str, int]) -> str:
    """The variant that is furthest behind its share of the traffic; the first of those that are equal.

    The share is the weight over the sum of weights; when all weights are 0, each has the same share.
    """
    total = sum(weights.values())
    shares = {name: weight / total if total else 1 / len(weights) for name, weight in weights.items()}
    turn = sum(served.get(name, 0) for name in weights) + 1
    return max(shares, key=lambda name: (shares[name] > 0, shares[name] * turn - served.get(name, 0)))


def _endpoint(call: ApiCall) -> Any:
    """Moto's endpoint that a call names."""
    name = call.params["EndpointName"]
    endpoint = backends("sagemaker")[call.account][call.region].endpoints.get(name)
    if endpoint is None or endpoint.endpoint_status != "InService":
        raise ApiError("ValidationError", f"Endpoint {name} of account {call.account} not found.")
    return endpoint


def infer(body: bytes) -> bytes:
    """A prediction in JSON that is the same for the same input: a class, and a score per class."""
    digest = sha256(body).digest()
    total = sum(digest[:_CLASSES]) or 1
    scores = [round(byte / total, 4) for byte in digest[:_CLASSES]]
    label = max(range(_CLASSES), key=lambda index: digest[index])
    return json.dumps({"predictions": [{"label": label, "scores": scores}]}).encode()


def _bytes(body: bytes | str) -> bytes:
    return body.encode() if isinstance(body, str) else body
