"""The KMS keys of queues, topics, functions and SageMaker's volumes, which those who use them need too.

Source: Amazon SQS Developer Guide, "Key management"; Amazon SNS Developer Guide, "Managing Amazon SNS
encryption keys and costs"; AWS Lambda Developer Guide, "Securing Lambda environment variables"; Amazon
SageMaker AI Developer Guide, "API Permissions: Actions, Permissions, and Resources Reference".
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import jmespath

from chaoskit.permissions.key_use import KeyUse, is_aws_managed, via
from chaoskit.permissions.resources import key_arn, resources

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.permissions.call import Account, Call

_SENDS = ("kms:GenerateDataKey", "kms:Decrypt")
_MESSAGES: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType(
    {
        ("sqs", "SendMessage"): _SENDS,
        ("sqs", "SendMessageBatch"): _SENDS,
        ("sqs", "ReceiveMessage"): ("kms:Decrypt",),
        ("sns", "Publish"): _SENDS,
        ("sns", "PublishBatch"): _SENDS,
    }
)
_CONTEXT = {"sqs": "aws:sqs:arn", "sns": "aws:sns:topicArn"}
# Operation -> where the volume's key and the role stand; that role may have the permission instead.
_VOLUMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "CreateHyperParameterTuningJob": (
            "TrainingJobDefinition.ResourceConfig.VolumeKmsKeyId",
            "TrainingJobDefinition.RoleArn",
        ),
        "CreateNotebookInstance": ("KmsKeyId", "`null`"),
        "CreateProcessingJob": ("ProcessingResources.ClusterConfig.VolumeKmsKeyId", "RoleArn"),
        "CreateTrainingJob": ("ResourceConfig.VolumeKmsKeyId", "RoleArn"),
        "CreateTransformJob": ("TransformResources.VolumeKmsKeyId", "`null`"),
    }
)
_DEPLOYS = frozenset({"CreateEndpoint", "UpdateEndpoint"})


def service_key_uses(call: Call, known: Account) -> list[KeyUse]:
    """The KMS actions that SQS, SNS, Lambda or SageMaker takes on the caller's behalf."""
    actions = _MESSAGES.get((call.service, call.operation))
    if actions is not None:
        return _message(call, actions, known)
    if call.service == "sagemaker":
        return _sagemaker(call, known)
    if call.service == "lambda" and call.params.get("KMSKeyArn"):
        return _function(call, known)
    return []


def _message(call: Call, actions: tuple[str, ...], known: Account) -> list[KeyUse]:
    arn = resources(call, f"{call.service}:{call.operation.removesuffix('Batch')}", known)[0]
    under = known.key_of_resource(arn) if arn != "*" else ""
    if not under or "alias/aws/" in under:
        return []
    key = key_arn(under, arn.split(":")[4], call.region, known)
    if known.key_is_aws_managed(key):
        return []
    keys = via(call, call.service, {_CONTEXT[call.service]: arn})
    return [KeyUse(action, key, keys) for action in actions]


def _function(call: Call, known: Account) -> list[KeyUse]:
    """The environment of a function is encrypted for it under a grant."""
    given = call.params["KMSKeyArn"]
    if is_aws_managed(given, call, known):
        return []
    key = key_arn(given, call.account, call.region, known)
    arn = f"arn:aws:lambda:{call.region}:{call.account}:function:{call.params.get('FunctionName', '')}"
    keys = via(call, "lambda", {"aws:lambda:FunctionArn": arn})
    return [KeyUse("kms:Encrypt", key, keys), _grant(call, key, "lambda")]


def _sagemaker(call: Call, known: Account) -> list[KeyUse]:
    """Volumes are encrypted under a grant, made with the caller's or the role's permission."""
    given, role = _volume(call, known)
    if not given or is_aws_managed(given, call, known):
        return []
    key = key_arn(given, call.account, call.region, known)
    uses = [_grant(call, key, "sagemaker", role)]
    if call.operation == "CreateNotebookInstance":
        uses.append(KeyUse("kms:DescribeKey", key, via(call, "sagemaker", {})))
    return uses


def _volume(call: Call, known: Account) -> tuple[str, str]:
    """The key that a call's volumes are under, and the role that may do instead of the caller."""
    if call.operation in _DEPLOYS:
        name = str(call.params.get("EndpointConfigName", "")).lower()
        config = f"arn:aws:sagemaker:{call.region}:{call.account}:endpoint-config/{name}"
        return known.key_of_resource(config), ""
    where = _VOLUMES.get(call.operation)
    if where is None:
        return "", ""
    found: list[Any] = [jmespath.search(path, call.params) for path in where]
    return str(found[0] or ""), str(found[1] or "")


def _grant(call: Call, key: str, service: str, role: str = "") -> KeyUse:
    keys = {**via(call, service, {}), "kms:GrantIsForAWSResource": True}
    return KeyUse("kms:CreateGrant", key, keys, role)
