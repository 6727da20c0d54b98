"""Makes CloudTrail records of calls.

Source: CloudTrail User Guide, "CloudTrail record contents for management, data, and network activity events".
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from moto.core.utils import get_service_model

from chaoskit.sandbox.trail import s3
from chaoskit.sandbox.trail.identity import asserted_identity, foreign_identity, timestamp, user_identity
from chaoskit.sandbox.trail.names import GLOBAL_SERVICES, data_resource_type, event_name
from chaoskit.sandbox.trail.parameters import request_parameters, response_elements
from chaoskit.sandbox.trail.resources import resources
from chaoskit.sandbox.wire import Kind

if TYPE_CHECKING:
    from datetime import datetime

    from chaoskit.sandbox.wire import Answer, ApiCall, ApiError

_HOME_OF_GLOBALS = "us-east-1"
_SERVER_FAULT = 500
_ARN_COLONS = 5


@dataclass(frozen=True, slots=True)
class Recorded:
    """One record, and where it belongs.

    Attributes:
        record: The record, as JSON has it.
        account: The account whose trails and event history get it (`recipientAccountId`).
        region: The region it is recorded in (`awsRegion`).
        at: The call's time, which the record has only in whole seconds.
        order: Counts up with every record; later calls have larger ones.
    """

    NEVER_CHANGES: ClassVar = True

    record: dict[str, Any]
    account: str
    region: str
    at: datetime
    order: int = 0


def records(call: ApiCall, answer: Answer) -> list[Recorded]:
    """The records of one call: the caller's, and the resource owner's when that is another account.

    The owner hears of a call that its authorization refused only from S3. A stranger's call to what
    nobody owns belongs to no account.
    """
    region = _HOME_OF_GLOBALS if call.service in GLOBAL_SERVICES else call.region
    record = _record(call, answer, region)
    owner = _owner(call)
    caller = call.principal.account or owner
    if not caller:
        return []
    if call.principal.kind is Kind.SERVICE or caller == owner:
        record["recipientAccountId"] = owner
        return [Recorded(record, owner, region, call.at)]
    record["recipientAccountId"] = caller
    made = [Recorded(record, caller, region, call.at)]
    if not answer.denied or call.service == "s3":
        shared = str(uuid.uuid5(uuid.NAMESPACE_OID, call.event_id))
        record["sharedEventID"] = shared
        foreign = {
            **record,
            "userIdentity": foreign_identity(call.principal),
            "eventID": str(uuid.uuid5(uuid.UUID(shared), owner)),
            "recipientAccountId": owner,
        }
        made.append(Recorded(foreign, owner, region, call.at))
    return made


def _owner(call: ApiCall) -> str:
    """The account a call acts on: of the role, when one is assumed."""
    role = str(call.params.get("RoleArn", "")) if call.service == "sts" else ""
    return role.split(":")[4] if role.startswith("arn:") and role.count(":") >= _ARN_COLONS else call.account


def _record(call: ApiCall, answer: Answer, region: str) -> dict[str, Any]:
    name = event_name(call.service, call.operation)
    data = bool(data_resource_type(call.service, call.operation))
    by_service = call.principal.kind is Kind.SERVICE or bool(call.principal.invoked_by)
    record: dict[str, Any] = {
        "eventVersion": name.version,
        "userIdentity": _identity(call, answer),
        "eventTime": timestamp(call.at),
        "eventSource": name.source,
        "eventName": name.name,
        "awsRegion": region,
        "sourceIPAddress": call.source_ip,
        "userAgent": call.principal.invoked_by or call.user_agent if by_service else call.user_agent,
    }
    if answer.error is not None:
        record["errorCode"] = _error_code(call, answer.error, denied=answer.denied)
        record["errorMessage"] = answer.error.message
    record["requestParameters"] = request_parameters(call, denied=answer.denied)
    record["responseElements"] = response_elements(call, answer)
    if call.service == "s3":
        record["additionalEventData"] = s3.additional_data(call, answer)
    record["requestID"] = call.request_id
    record["eventID"] = call.event_id
    record["readOnly"] = name.read_only
    touched = resources(call, answer)
    if touched:
        record["resources"] = touched
    record["eventType"] = "AwsApiCall"
    record["managementEvent"] = not data
    if call.vpce:
        record["vpcEndpointId"] = call.vpce
    record["eventCategory"] = "Data" if data else "Management"
    if not by_service:
        record["tlsDetails"] = {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": _host(call),
        }
    return record


def _identity(call: ApiCall, answer: Answer) -> dict[str, Any]:
    if call.service == "sts" and call.principal.kind is Kind.ANONYMOUS:
        asserted = asserted_identity(call.operation, answer.output)
        if asserted:
            return asserted
    return user_identity(call.principal)


def _error_code(call: ApiCall, error: ApiError, *, denied: bool) -> str:
    """EC2's code with whose fault it is before it, a bare AccessDenied, else the exception's name."""
    if call.service == "ec2":
        side = "Server" if error.status >= _SERVER_FAULT else "Client"
        return f"{side}.{error.code}"
    if denied:
        return "AccessDenied"
    return _exceptions(call.service).get(error.code, error.code)


@cache
def _exceptions(service: str) -> dict[str, str]:
    """Codes on the wire to exception names: IAM's `NoSuchEntity` is recorded as NoSuchEntityException."""
    model = get_service_model(service)
    return {str(shape.error_code): str(shape.name) for shape in model.error_shapes if shape.error_code}


def _host(call: ApiCall) -> str:
    if call.service == "s3":
        bucket = str(call.params.get("Bucket", ""))
        return f"{bucket}.{s3.host(call)}" if bucket else s3.host(call)
    prefix = str(get_service_model(call.service).endpoint_prefix)
    if call.service in GLOBAL_SERVICES:
        return f"{prefix}.amazonaws.com"
    return f"{prefix}.{call.region}.amazonaws.com"
