"""Data capture: what an endpoint was asked and answered, as JSON lines in a bucket.

Sources: SageMaker Developer Guide, "Capture data from real-time endpoint" and "View captured data" (layout
and form); SageMaker API Reference, `DataCaptureConfig`, `CaptureContentTypeHeader`,
`DataCaptureConfigSummary`.
"""

from __future__ import annotations

import json
import logging
import uuid
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from chaoskit.sandbox.state import backends
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.wire import ApiCall

SAGEMAKER = "sagemaker.amazonaws.com"
_log = logging.getLogger(__name__)
_ALL = 100


@dataclass(frozen=True, slots=True)
class Exchange:
    """One invocation of an endpoint.

    Attributes:
        call: What was asked.
        variant: The production variant that answered.
        role_arn: The execution role of its model, which captures and asynchronous inference act as.
        body: The request's body.
        answer: The answer's body.
        content_type: The answer's content type.
    """

    call: ApiCall
    variant: str
    role_arn: str
    body: bytes
    answer: bytes
    content_type: str


class DataCapture:
    """Writes captures in the background, one file for each invocation that is sampled."""

    def __init__(self, cloud: Sandbox) -> None:
        self._cloud = cloud
        self._seen: Counter[tuple[str, str, str]] = Counter()

    def take(self, exchange: Exchange, config: Mapping[str, Any]) -> None:
        """Capture an invocation, if the endpoint's configuration says so and it is this one's turn.

        Of 100 invocations in a row as many are captured as the sampling percentage says, evenly spread.
        """
        if not config or not config.get("EnableCapture", True):
            return
        call, share = exchange.call, int(config.get("InitialSamplingPercentage", _ALL))
        place = (call.account, call.region, str(call.params["EndpointName"]))
        with self._cloud.lock:
            before = self._seen[place]
            self._seen[place] += 1
        if (before + 1) * share // _ALL > before * share // _ALL:
            self._cloud.spawn(partial(self._write, exchange, config))

    def _write(self, exchange: Exchange, config: Mapping[str, Any]) -> None:
        call, endpoint = exchange.call, str(exchange.call.params["EndpointName"])
        bucket, prefix = location(str(config["DestinationS3Uri"]))
        identity = uuid.uuid5(uuid.NAMESPACE_OID, call.request_id)
        name = f"{call.at:%M-%S}-{call.at.microsecond // 1000:03}-{identity}.jsonl"
        path = (prefix, endpoint, exchange.variant, f"{call.at:%Y/%m/%d/%H}", name)
        encrypted: dict[str, str] = {}
        if config.get("KmsKeyId"):
            encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": str(config["KmsKeyId"])}
        try:
            as_model(self._cloud, exchange, "s3").put_object(
                Bucket=bucket,
                Key="/".join(part for part in path if part),
                Body=f"{json.dumps(captured(exchange, config))}\n".encode(),
                **encrypted,
            )
        except (ApiError, ClientError) as refused:
            _log.info("a capture of %s was not delivered: %s", endpoint, refused)


def captured(exchange: Exchange, config: Mapping[str, Any]) -> dict[str, Any]:
    """The line that a capture is."""
    call, headers = exchange.call, config.get("CaptureContentTypeHeader") or {}
    wanted = {str(one.get("CaptureMode")) for one in config.get("CaptureOptions", ())}
    both = "InputAndOutput" in wanted
    parts: dict[str, Any] = {}
    if both or "Input" in wanted:
        given = str(call.params.get("ContentType", ""))
        parts["endpointInput"] = _part("INPUT", given, exchange.body, headers)
    if both or "Output" in wanted:
        parts["endpointOutput"] = _part("OUTPUT", exchange.content_type, exchange.answer, headers)
    metadata: dict[str, Any] = {
        "eventId": str(uuid.uuid5(uuid.NAMESPACE_OID, call.event_id)),
        "inferenceTime": f"{call.at:%Y-%m-%dT%H:%M:%SZ}",
    }
    if call.params.get("CustomAttributes"):
        metadata["customAttributes"] = [call.params["CustomAttributes"]]
    if call.params.get("InferenceId"):
        metadata["inferenceId"] = call.params["InferenceId"]
    return {"captureData": parts, "eventMetadata": metadata, "eventVersion": "0"}


def summarize(call: ApiCall) -> None:
    """Let an endpoint that was made or updated tell of its captures what DescribeEndpoint tells: their state.

    Hold the sandbox's lock.
    """
    endpoint = backends("sagemaker")[call.account][call.region].endpoints.get(call.params["EndpointName"])
    if endpoint is None or not endpoint.data_capture_config:
        return
    config = endpoint.data_capture_config
    on = bool(config.get("EnableCapture", True))
    endpoint.data_capture_config = {
        "EnableCapture": on,
        "CaptureStatus": "Started" if on else "Stopped",
        "CurrentSamplingPercentage": config.get("InitialSamplingPercentage", _ALL),
        "DestinationS3Uri": config.get("DestinationS3Uri", ""),
        **({"KmsKeyId": config["KmsKeyId"]} if config.get("KmsKeyId") else {}),
    }


def location(uri: str) -> tuple[str, str]:
    """The bucket and key (or prefix, without slashes around it) of an `s3://` address."""
    parts = urlsplit(uri)
    return parts.netloc, parts.path.strip("/")


def as_model(cloud: Sandbox, exchange: Exchange, service: str) -> Any:
    """A client that acts as the execution role of the model.

    Raises:
        ApiError: `AccessDenied`, when there is no such role or it does not trust SageMaker.
    """
    acting = cloud.assume(exchange.role_arn, service=SAGEMAKER, session_name="SageMaker")
    return cloud.client(service, acting, region=exchange.call.region)


def _part(mode: str, content_type: str, body: bytes, headers: Mapping[str, Any]) -> dict[str, str]:
    plain = content_type.partition(";")[0].strip().lower()
    encoding = "BASE64"
    for kind in ("Csv", "Json"):
        if plain in (one.lower() for one in headers.get(f"{kind}ContentTypes", ())):
            encoding = kind.upper()
    data = b64encode(body).decode() if encoding == "BASE64" else body.decode(errors="replace")
    return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}
