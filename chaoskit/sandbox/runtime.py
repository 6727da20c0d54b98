"""SageMaker Runtime: an endpoint that exists answers and is measured, one that does not is refused.

Sources: SageMaker API Reference, "InvokeEndpoint"; SageMaker Developer Guide, "Metrics for monitoring Amazon
SageMaker AI with Amazon CloudWatch" and "Testing models with production variants".
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from functools import partial
from hashlib import sha256
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.async_inference import accepted, process
from chaoskit.sandbox.data_capture import DataCapture, Exchange
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
_PART = 64
_NO_CONFIG = SimpleNamespace(production_variants=(), async_inference_config=None, data_capture_config={})
"""Stands for the configuration of an endpoint that outlived it."""
_MODEL_LATENCY, _OVERHEAD_LATENCY = 5_000, 3_000
"""Microseconds that an invocation is said to take: fixed, so that the same calls give the same metrics."""


class SageMakerRuntime:
    """Answers invocations with a small inference that follows from the request's body alone."""

    service = "sagemaker-runtime"

    def __init__(self, cloud: Sandbox, cloudwatch: CloudWatch) -> None:
        self._cloud = cloud
        self._cloudwatch = cloudwatch
        self._capture = DataCapture(cloud)
        self._served: dict[tuple[str, str, str], Counter[str]] = {}

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "InvokeEndpoint": self.invoke_endpoint,
            "InvokeEndpointAsync": self.invoke_endpoint_async,
            "InvokeEndpointWithResponseStream": self.invoke_endpoint_with_response_stream,
        }

    def invoke_endpoint(self, call: ApiCall) -> Mapping[str, Any]:
        """Answer an inference request.

        Raises:
            ApiError: `ValidationError` when the account has no such endpoint in this region or it is not
                in service, or it is one for asynchronous inference, or the body is larger than 6 MB
                (SageMaker Developer Guide, InvokeEndpoint).
        """
        made = self._answered(call)
        return {
            "Body": made.answer,
            "ContentType": made.content_type,
            "InvokedProductionVariant": made.variant,
        }

    def invoke_endpoint_with_response_stream(self, call: ApiCall) -> Mapping[str, Any]:
        """Answer an inference request in parts.

        Raises:
            ApiError: as for InvokeEndpoint.
        """
        made = self._answered(call)
        parts = [made.answer[at : at + _PART] for at in range(0, len(made.answer), _PART)]
        return {
            "Body": [{"PayloadPart": {"Bytes": part}} for part in parts],
            "ContentType": made.content_type,
            "InvokedProductionVariant": made.variant,
        }

    def invoke_endpoint_async(self, call: ApiCall) -> Mapping[str, Any]:
        """Say where the answer will be, and make it in the background.

        Raises:
            ApiError: `ValidationError` as for InvokeEndpoint, or for an endpoint that answers at once.
        """
        with self._cloud.lock:
            config, variant = _config(call), self._variant(call)
            exchange = _exchange(call, config, variant)
        output = (config.async_inference_config or {}).get("OutputConfig")
        if not output:
            raise ApiError("ValidationError", f"Endpoint {call.params['EndpointName']} is not asynchronous.")
        told = accepted(exchange, output)
        self._cloud.spawn(partial(self._measure, call, variant))
        self._cloud.spawn(partial(process, self._cloud, exchange, output, told, infer))
        return told

    def _answered(self, call: ApiCall) -> Exchange:
        body = _bytes(call.params.get("Body", b""))
        with self._cloud.lock:
            config, variant = _config(call), self._variant(call)
            exchange = _exchange(call, config, variant)
        if config.async_inference_config:
            raise ApiError(
                "ValidationError", f"Endpoint {call.params['EndpointName']} takes asynchronous calls only."
            )
        if len(body) > _LARGEST:
            raise ApiError("ValidationError", f"Request body is larger than {_LARGEST} bytes.")
        self._cloud.spawn(partial(self._measure, call, variant))
        made = replace(exchange, body=body, answer=infer(body))
        self._capture.take(made, config.data_capture_config)
        return made

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


def _config(call: ApiCall) -> Any:
    """Moto's configuration of the endpoint that a call names."""
    configs = backends("sagemaker")[call.account][call.region].endpoint_configs
    return configs.get(_endpoint(call).endpoint_config_name) or _NO_CONFIG


def _exchange(call: ApiCall, config: Any, variant: Mapping[str, Any]) -> Exchange:
    """An invocation before anything is inferred."""
    accept = call.params.get("Accept", "")
    content_type = accept if accept and "*" not in accept else "application/json"
    configured = {one[_NAME]: one for one in config.production_variants}.get(variant[_NAME], {})
    models = backends("sagemaker")[call.account][call.region]._models  # noqa: SLF001 - moto's only list of them
    model = models.get(configured.get("ModelName", ""))
    role = model.execution_role_arn if model is not None else ""
    return Exchange(call, variant[_NAME], role, b"", b"", content_type)


def infer(body: bytes) -> bytes:
    """A prediction in JSON that is the same for the same input: a class, and a score per class."""
    digest = sha256(body).digest()
    total = sum(digest[:_CLASSES]) or 1
    scores = [round(byte / total, 4) for byte in digest[:_CLASSES]]
    label = max(range(_CLASSES), key=lambda index: digest[index])
    return json.dumps({"predictions": [{"label": label, "scores": scores}]}).encode()


def _bytes(body: bytes | str) -> bytes:
    return body.encode() if isinstance(body, str) else body
