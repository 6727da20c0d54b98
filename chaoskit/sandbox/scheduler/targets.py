"""How a schedule's target is invoked: any operation of any service, or one of a few templates.

Source: EventBridge Scheduler User Guide, "Using templated targets" and "Using universal targets".
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from botocore import xform_name
from botocore.exceptions import UnknownServiceError

from chaoskit.sandbox.models import session
from chaoskit.sandbox.sending import send_to_queue
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.wire import Cloud, Principal

    Invoke = Callable[["Cloud", "Principal", Mapping[str, Any], str], None]

_UNIVERSAL: Final = re.compile(r"arn:aws[a-z-]*:scheduler:::aws-sdk:([a-z0-9-]+):([A-Za-z0-9]+)")
_READS: Final = re.compile(
    r"get|describe|list|poll|receive|search|scan|query|select|read|lookup|discover|validate|batchGet|"
    r"batchDescribe|batchRead|transactGet|adminGet|adminList|testMigration|retrieve|testConnection|"
    r"translateDocument|isAuthorized|invokeModel"
)
# Where a service's identifier in the SDKs is not botocore's name for it without hyphens.
_IDENTIFIERS: Final = {
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "configservice": "config",
    "elasticloadbalancingv2": "elbv2",
    "eventbridge": "events",
    "sfn": "stepfunctions",
}


def invoke(cloud: Cloud, principal: Principal, target: Mapping[str, Any], text: str) -> None:
    """Invoke a target as its role.

    Raises:
        ApiError: This kind of target is unknown, or its input is not what it takes.
        botocore.exceptions.ClientError: The target's service refused.
    """
    arn = str(target["Arn"])
    universal = _UNIVERSAL.fullmatch(arn)
    if universal:
        _call(cloud, principal, universal[1], universal[2], text)
        return
    kind = arn.split(":")[2] if arn.count(":") > 1 else ""
    known = _TEMPLATES.get(kind)
    if known is None:
        raise ApiError("ValidationException", f"The embedded Scheduler cannot invoke {arn}.")
    known(cloud, principal, target, text)


def refusal(arn: str) -> str | None:
    """Why a universal target is none, or None."""
    found = _UNIVERSAL.fullmatch(arn)
    if found and _READS.match(found[2]):
        return f"{arn} is not a supported target: EventBridge Scheduler calls no read-only operation."
    return None


def _call(cloud: Cloud, principal: Principal, service: str, action: str, text: str) -> None:
    try:
        given = json.loads(text or "{}")
        client = cloud.client(_service(service), principal)
    except ValueError as error:
        raise ApiError("ValidationException", f"The input is not JSON: {error}") from error
    except UnknownServiceError as error:
        raise ApiError("ValidationException", f"There is no service {service}.") from error
    operations = client.meta.method_to_api_mapping
    method = next((m for m, name in operations.items() if name.lower() == action.lower()), None)
    if method is None:
        raise ApiError("ValidationException", f"{service} has no operation {action}.")
    shape = client.meta.service_model.operation_model(operations[method]).input_shape
    names = {name.lower(): name for name in shape.members} if shape else {}
    getattr(client, xform_name(operations[method]))(
        **{names.get(name.lower(), name): value for name, value in given.items()}
    )


@cache
def _service(identifier: str) -> str:
    """Botocore's name of the service with this SDK identifier."""
    if identifier in _IDENTIFIERS:
        return _IDENTIFIERS[identifier]
    known = session().get_component("data_loader").list_available_services("service-2")
    return next((name for name in known if name.replace("-", "") == identifier), identifier)


def _queue(cloud: Cloud, principal: Principal, target: Mapping[str, Any], text: str) -> None:
    group = (target.get("SqsParameters") or {}).get("MessageGroupId")
    send_to_queue(cloud, principal, target["Arn"], text, **({"MessageGroupId": group} if group else {}))


def _function(cloud: Cloud, principal: Principal, target: Mapping[str, Any], text: str) -> None:
    client = cloud.client("lambda", principal)
    client.invoke(FunctionName=target["Arn"], InvocationType="Event", Payload=text.encode())


def _state_machine(cloud: Cloud, principal: Principal, target: Mapping[str, Any], text: str) -> None:
    client = cloud.client("stepfunctions", principal)
    client.start_execution(stateMachineArn=target["Arn"], input=text or "{}")


def _topic(cloud: Cloud, principal: Principal, target: Mapping[str, Any], text: str) -> None:
    cloud.client("sns", principal).publish(TopicArn=target["Arn"], Message=text)


_TEMPLATES: Final[Mapping[str, Invoke]] = {
    "lambda": _function,
    "sns": _topic,
    "sqs": _queue,
    "states": _state_machine,
}
