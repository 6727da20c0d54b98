"""`resources` of a record, and what event history lists as a call's resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.trail.names import data_resource_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.sandbox.wire import Answer, ApiCall

_HISTORY = {
    "accessKeyId": "AWS::IAM::AccessKey",
    "bucketName": "AWS::S3::Bucket",
    "endpointName": "AWS::SageMaker::Endpoint",
    "functionName": "AWS::Lambda::Function",
    "groupId": "AWS::EC2::SecurityGroup",
    "groupName": "AWS::IAM::Group",
    "instanceId": "AWS::EC2::Instance",
    "keyId": "AWS::KMS::Key",
    "modelName": "AWS::SageMaker::Model",
    "policyArn": "AWS::IAM::Policy",
    "roleArn": "AWS::IAM::Role",
    "roleName": "AWS::IAM::Role",
    "secretId": "AWS::SecretsManager::Secret",
    "trailName": "AWS::CloudTrail::Trail",
    "userName": "AWS::IAM::User",
}


def resources(call: ApiCall, answer: Answer) -> list[dict[str, str]]:
    """The resources a call touched, for the services that name them (STS, S3, KMS, SSM and data events)."""
    match call.service:
        case "s3":
            return _s3(call)
        case "sts" if answer.error is None and "RoleArn" in call.params:
            return [_resource(str(call.params["RoleArn"]), "AWS::IAM::Role")]
        case "kms":
            return _kms(call, answer)
        case "ssm" if answer.error is None and call.operation in ("GetParameter", "GetParameters"):
            names = call.params.get("Names") or [call.params.get("Name", "")]
            return [
                {"ARN": _parameter_arn(call, str(name)), "accountId": call.account} for name in names if name
            ]
    kind = data_resource_type(call.service, call.operation)
    arn = _data_arn(call, kind)
    return [_resource(arn, kind, call.account)] if kind and arn else []


def history_resources(record: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """What `LookupEvents` lists of a record: its resources and those its parameters name."""
    seen: set[tuple[str, str]] = set()
    named = [(one.get("type", ""), one.get("ARN", "")) for one in record.get("resources", ())]
    for part in (record.get("requestParameters"), record.get("responseElements")):
        named += [(_HISTORY[name], value) for name, value in _named(part)]
    for kind, name in named:
        if kind and name and (kind, name) not in seen:
            seen.add((kind, name))
            yield {"ResourceType": kind, "ResourceName": name}


def _named(part: object) -> Iterator[tuple[str, str]]:
    if not isinstance(part, dict):
        return
    for name, value in part.items():
        if name in _HISTORY and isinstance(value, str):
            yield name, value
        elif isinstance(value, dict):
            yield from _named(value)


def _resource(arn: str, kind: str, account: str = "") -> dict[str, str]:
    parts = arn.split(":")
    return {"ARN": arn, "accountId": account or (parts[4] if len(parts) > 4 else ""), "type": kind}  # noqa: PLR2004 - an ARN's fifth part


def _s3(call: ApiCall) -> list[dict[str, str]]:
    bucket = str(call.params.get("Bucket", ""))
    if not bucket:
        return []
    arn = f"arn:aws:s3:::{bucket}"
    of_bucket = {"accountId": call.account, "type": "AWS::S3::Bucket", "ARN": arn}
    if not data_resource_type("s3", call.operation):
        return [of_bucket]
    if "Key" in call.params:
        return [{"type": "AWS::S3::Object", "ARN": f"{arn}/{call.params['Key']}"}, of_bucket]
    return [{"type": "AWS::S3::Object", "ARNPrefix": f"{arn}/"}, of_bucket]


def _kms(call: ApiCall, answer: Answer) -> list[dict[str, str]]:
    asked = str(call.params.get("KeyId", ""))
    # Only an alias or a new key is looked up in the answer: reading that costs as much as moto's own work.
    key = asked if asked and "alias/" not in asked else _told_key(answer.output or {})
    if not key:
        return []
    arn = key if key.startswith("arn:") else f"arn:aws:kms:{call.region}:{call.account}:key/{key}"
    return [_resource(arn, "AWS::KMS::Key", call.account)]


def _told_key(output: Mapping[str, Any]) -> str:
    """The ARN of the key that an answer names, or empty."""
    told = str((output.get("KeyMetadata") or {}).get("Arn", "") or output.get("KeyId", ""))
    return told if told.startswith("arn:") else ""


def _parameter_arn(call: ApiCall, name: str) -> str:
    return (
        name
        if name.startswith("arn:")
        else f"arn:aws:ssm:{call.region}:{call.account}:parameter/{name.lstrip('/')}"
    )


def _data_arn(call: ApiCall, kind: str) -> str:
    params, place = call.params, f"{call.region}:{call.account}"

    def told(*names: str) -> str:
        return next((str(params[name]) for name in names if params.get(name)), "")

    match kind:
        case "AWS::Lambda::Function":
            prefix, name = f"arn:aws:lambda:{place}:function:", told("FunctionName")
        case "AWS::SageMaker::Endpoint":
            prefix, name = f"arn:aws:sagemaker:{place}:endpoint/", told("EndpointName").lower()
        case "AWS::DynamoDB::Table":
            prefix, name = f"arn:aws:dynamodb:{place}:table/", told("TableName")
        case "AWS::SQS::Queue":
            prefix, name = f"arn:aws:sqs:{place}:", told("QueueUrl", "QueueName").rpartition("/")[2]
        case "AWS::Kinesis::Stream":
            prefix, name = f"arn:aws:kinesis:{place}:stream/", told("StreamARN", "StreamName")
        case "AWS::Bedrock::Guardrail":
            prefix, name = f"arn:aws:bedrock:{place}:guardrail/", told("guardrailIdentifier")
        case _:
            prefix, name = "", told("TopicArn", "TargetArn", "stateMachineArn")
    return name if not name or name.startswith("arn:") else prefix + name
