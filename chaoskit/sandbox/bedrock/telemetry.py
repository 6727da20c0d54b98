"""What Bedrock tells of invocations: metrics, and the model invocation log in S3 and CloudWatch Logs.

Source: Bedrock User Guide, "Monitor model invocation using CloudWatch Logs and Amazon S3", "Monitoring the
performance of Amazon Bedrock" and "Monitor Amazon Bedrock Guardrails using Amazon CloudWatch metrics".
"""

from __future__ import annotations

import gzip
import json
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chaoskit.sandbox.state import backends
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.bedrock.assessment import Assessment
    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.metrics import CloudWatch
    from chaoskit.sandbox.wire import ApiCall

BEDROCK = "bedrock.amazonaws.com"
STREAM = "aws/bedrock/modelinvocations"
_POLICY_TYPES = {
    "topicPolicy": "TopicPolicy",
    "contentPolicy": "ContentPolicy",
    "wordPolicy": "WordPolicy",
    "sensitiveInformationPolicy": "SensitiveInformationPolicy",
}


@dataclass(frozen=True, slots=True)
class Invocation:
    """An invocation that was answered."""

    call: ApiCall
    model: str
    asked: Mapping[str, Any]
    answer: Mapping[str, Any]
    in_tokens: int
    out_tokens: int
    latency_ms: int


class Telemetry:
    """Publishes in the background, as Bedrock does."""

    def __init__(self, cloud: Sandbox, cloudwatch: CloudWatch) -> None:
        self._cloud = cloud
        self._cloudwatch = cloudwatch

    def invoked(self, one: Invocation) -> None:
        """Measure and log an invocation."""
        values = {
            "Invocations": (1, "Count"),
            "InvocationLatency": (one.latency_ms, "Milliseconds"),
            "InputTokenCount": (one.in_tokens, "Count"),
            "OutputTokenCount": (one.out_tokens, "Count"),
        }
        self._publish(one.call, "AWS/Bedrock", values, {"ModelId": one.call.params["modelId"]})
        with self._cloud.lock:
            kept = backends("bedrock")[one.call.account][one.call.region]
            logging = kept.model_invocation_logging_configuration
            config = logging.logging_config if logging else None
        if config:
            self._cloud.spawn(partial(self._log, one, dict(config)))

    def client_error(self, call: ApiCall) -> None:
        """Count an invocation that the caller got wrong."""
        values = {"InvocationClientErrors": (1, "Count")}
        self._publish(call, "AWS/Bedrock", values, {"ModelId": call.params["modelId"]})

    def guardrail(self, call: ApiCall, guardrail: Mapping[str, Any], source: str, found: Assessment) -> None:
        """Count an assessment, and an intervention if it was one, by each set of dimensions that AWS has."""
        values = {"Invocations": (1, "Count")}
        if found.intervened:
            values["InvocationsIntervened"] = (1, "Count")
        which = {"GuardrailArn": guardrail["guardrailArn"], "GuardrailVersion": guardrail["version"]}
        self._publish(call, _GUARDRAILS, values, {"Operation": "ApplyGuardrail"})
        self._publish(call, _GUARDRAILS, values, which)
        self._publish(call, _GUARDRAILS, values, {"GuardrailContentSource": source.title()})
        for policy in found.found if found.intervened else ():
            self._publish(call, _GUARDRAILS, values, {"GuardrailPolicyType": _POLICY_TYPES[policy]})

    def _publish(
        self,
        call: ApiCall,
        namespace: str,
        values: Mapping[str, tuple[float, str]],
        dimensions: Mapping[str, str],
    ) -> None:
        named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
        data = [
            {"MetricName": name, "Value": float(value), "Unit": unit, "Dimensions": named}
            for name, (value, unit) in values.items()
        ]
        self._cloud.spawn(partial(self._cloudwatch.record, call.account, call.region, namespace, data))

    def _log(self, one: Invocation, config: Mapping[str, Any]) -> None:
        record = _record(one, bodies=config.get("textDataDeliveryEnabled", True))
        if config.get("s3Config"):
            self._deliver(one.call, "S3", partial(self._to_s3, one, config["s3Config"], record))
        if config.get("cloudWatchConfig"):
            self._deliver(
                one.call, "CloudWatch", partial(self._to_logs, one, config["cloudWatchConfig"], record)
            )

    def _deliver(self, call: ApiCall, where: str, send: Callable[[], None]) -> None:
        """Send, and count whether it arrived: a role or bucket that refuses loses the record, as on AWS."""
        try:
            send()
        except (ApiError, ClientError):
            ended = "Failure"
        else:
            ended = "Success"
        values = {f"ModelInvocationLogs{where}Delivery{ended}": (1, "Count")}
        self._publish(call, "AWS/Bedrock", values, {"Across all model IDs": "Across all model IDs"})

    def _to_s3(self, one: Invocation, config: Mapping[str, Any], record: Mapping[str, Any]) -> None:
        call = one.call
        source = f"arn:aws:bedrock:{call.region}:{call.account}:model-invocation-logging"
        acting = self._cloud.service_principal(BEDROCK, account=call.account, source_arn=source)
        prefix = str(config.get("keyPrefix") or "").strip("/")
        moment = f"{call.at:%Y%m%dT%H%M%S}{call.at.microsecond // 1000:03}Z"
        key = (
            f"AWSLogs/{call.account}/BedrockModelInvocationLogs/{call.region}/{call.at:%Y/%m/%d/%H}/"
            f"{moment}_{call.request_id.replace('-', '')[:16]}.json.gz"
        )
        self._cloud.client("s3", acting, region=call.region).put_object(
            Bucket=config["bucketName"],
            Key=f"{prefix}/{key}" if prefix else key,
            Body=gzip.compress(f"{json.dumps(record)}\n".encode(), mtime=0),
            ContentType="application/json",
            ContentEncoding="gzip",
        )

    def _to_logs(self, one: Invocation, config: Mapping[str, Any], record: Mapping[str, Any]) -> None:
        call = one.call
        acting = self._cloud.assume(
            config["roleArn"],
            service=BEDROCK,
            session_name="BedrockModelInvocationLogging",
            source_arn=f"arn:aws:bedrock:{call.region}:{call.account}:model-invocation-logging",
        )
        logs = self._cloud.client("logs", acting, region=call.region)
        where = {"logGroupName": config["logGroupName"], "logStreamName": STREAM}
        with suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_stream(**where)
        event = {"timestamp": int(call.at.timestamp() * 1000), "message": json.dumps(record)}
        logs.put_log_events(**where, logEvents=[event])


_GUARDRAILS = "AWS/Bedrock/Guardrails"


def _record(one: Invocation, *, bodies: bool) -> dict[str, Any]:
    """A record of the model invocation log; without bodies where the delivery of text is off."""
    call = one.call
    asked: dict[str, Any] = {"inputContentType": "application/json"}
    answered: dict[str, Any] = {"outputContentType": "application/json"}
    if bodies:
        asked["inputBodyJson"] = one.asked
        answered["outputBodyJson"] = one.answer
    record: dict[str, Any] = {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "timestamp": f"{call.at:%Y-%m-%dT%H:%M:%SZ}",
        "accountId": call.account,
        "identity": {"arn": call.principal.arn},
        "region": call.region,
        "requestId": call.request_id,
        "operation": call.operation,
        "modelId": call.params["modelId"],
        "input": {**asked, "inputTokenCount": one.in_tokens},
        "output": {**answered, "outputTokenCount": one.out_tokens},
    }
    metadata = call.params.get("requestMetadata")
    return {**record, "requestMetadata": metadata} if metadata else record
