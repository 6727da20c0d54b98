"""S3's own form of parameters: bucket, key, host, sub-resources as empty keys, `x-amz-*` headers, XML bodies.

Shapes are those of real records and of the S3 User Guide, "Amazon S3 CloudTrail log file entries".
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from moto.core.utils import get_service_model

if TYPE_CHECKING:
    from chaoskit.sandbox.wire import Answer, ApiCall

_XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"
_NO_BODY = frozenset({"Body", "Delete", "Policy"})
_UNRECORDED_HEADERS = frozenset(
    {
        "x-amz-content-sha256",
        "x-amz-date",
        "x-amz-decoded-content-length",
        "x-amz-sdk-checksum-algorithm",
        "x-amz-security-token",
        "x-amz-trailer",
        "x-amz-user-agent",
    }
)
_UNRECORDED = re.compile(r"^x-amz-checksum|customer-key$")
_UNANSWERED = _UNRECORDED_HEADERS | {"x-amz-id-2", "x-amz-request-id"}
_SSE = "x-amz-server-side-encryption"
_SSE_C = frozenset({f"{_SSE}-customer-algorithm", f"{_SSE}-customer-key-md5"})
_STORES = frozenset({"CopyObject", "CreateMultipartUpload", "PutObject"})
_DEFAULT = "AES256"
_SIGNATURE_QUERY = frozenset({"x-amz-signature", "x-amz-credential", "x-amz-security-token", "signature"})


def request_parameters(call: ApiCall) -> dict[str, Any]:
    """The parameters of an S3 call as its record has them."""
    bucket = str(call.params.get("Bucket", ""))
    shown: dict[str, Any] = {}
    if bucket:
        shown["bucketName"] = bucket
    shown["Host"] = f"{bucket}.s3.amazonaws.com" if bucket else host(call)
    if "Key" in call.params:
        shown["key"] = call.params["Key"]
    shown |= {name: value for name, value in _query(call) if name.lower() not in _SIGNATURE_QUERY}
    shown |= {
        name: value
        for name, value in call.headers.items()
        if name.startswith("x-amz-") and name not in _UNRECORDED_HEADERS and not _UNRECORDED.search(name)
    }
    return shown | _body(call)


def response_elements(call: ApiCall, answer: Answer) -> dict[str, Any] | None:
    """The `x-amz-*` headers of an answer to a call that writes; None where there are none."""
    shown: dict[str, Any] = {}
    for spelled, value in answer.headers:
        name = spelled.lower()
        if name.startswith("x-amz-") and name not in _UNANSWERED and not _UNRECORDED.search(name):
            shown[name] = value
    if call.operation in _STORES and _SSE not in shown:
        # What S3 says of encryption and moto does not: a customer's key, else that it encrypts unasked (S3
        # User Guide, "Setting default server-side encryption behavior for Amazon S3 buckets").
        own = {name: value for name, value in call.headers.items() if name in _SSE_C}
        shown |= own or {_SSE: _DEFAULT}
    return shown or None


def additional_data(call: ApiCall, answer: Answer) -> dict[str, Any]:
    """`additionalEventData` of an S3 record."""
    length = call.headers.get("content-length", "0")
    data: dict[str, Any] = {
        "SignatureVersion": "SigV4",
        "CipherSuite": "TLS_AES_128_GCM_SHA256",
        "bytesTransferredIn": int(length) if length.isdigit() else 0,
        "AuthenticationMethod": "AuthHeader" if "authorization" in call.headers else "QueryString",
        "x-amz-id-2": call.request_id,
        "bytesTransferredOut": len(answer.body),
    }
    if not call.principal.access_key_id:
        del data["SignatureVersion"], data["AuthenticationMethod"]
    if call.operation in _STORES and answer.error is None:
        data["SSEApplied"] = _encryption(call, answer)
    return data


def _encryption(call: ApiCall, answer: Answer) -> str:
    """`SSEApplied` (S3 User Guide, "Monitoring default encryption with AWS CloudTrail")."""
    if not _SSE_C.isdisjoint(call.headers):
        return "SSE_C"
    asked = call.headers.get(_SSE, "")
    told = (response_elements(call, answer) or {}).get(_SSE, _DEFAULT)
    kind = {"aws:kms": "SSE_KMS", "aws:kms:dsse": "DSSE_KMS"}.get(asked or told, "SSE_S3")
    return kind if asked else f"Default_{kind}"


def host(call: ApiCall) -> str:
    """The host name a client of AWS would have used."""
    return f"s3.{call.region}.amazonaws.com" if call.region != "us-east-1" else "s3.amazonaws.com"


def _query(call: ApiCall) -> list[tuple[str, str]]:
    raw = getattr(call.request, "query_string", b"")
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
    return parse_qsl(text, keep_blank_values=True)


def _body(call: ApiCall) -> dict[str, Any]:
    if call.operation == "PutBucketPolicy":
        return {"bucketPolicy": _object(call.params.get("Policy"))}
    shape = get_service_model("s3").operation_model(call.operation).input_shape
    payload = shape.serialization.get("payload") if shape is not None else None
    if payload is None or payload in _NO_BODY or not isinstance(call.params.get(payload), dict):
        return {}
    member = shape.members[payload]
    wire = str(member.serialization.get("name", payload))
    return {wire: {"xmlns": _XMLNS, **_xml(call.params[payload], member)}}


def _object(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str | bytes) else text
    except ValueError:
        return str(text)


def _xml(value: dict[str, Any], shape: Any) -> dict[str, Any]:
    """An XML body as PascalCase JSON: one element alone is an object, several are a list."""
    shown: dict[str, Any] = {}
    for name, inner in value.items():
        member = shape.members.get(name)
        if member is None or inner is None:
            continue
        wire = str(member.serialization.get("name", name))
        if isinstance(inner, list):
            element = member.member
            many = [_xml(one, element) if isinstance(one, dict) else one for one in inner]
            one_or_many: Any = many[0] if len(many) == 1 else many
            flat = member.serialization.get("flattened")
            item = str(element.serialization.get("name", "member"))
            if not flat:
                one_or_many = {item: one_or_many} if many else ""
            shown[wire] = one_or_many
        elif isinstance(inner, dict):
            shown[wire] = _xml(inner, member)
        else:
            shown[wire] = inner if isinstance(inner, str | int | float | bool) else str(inner)
    return shown
