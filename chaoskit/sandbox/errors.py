"""Errors as AWS puts them on the wire, in the words and codes of each protocol."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from chaoskit.sandbox.wire import Answer, ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

_FORBIDDEN = 403
_SERVER_FAULT = 500
_S3_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your key and signing method."
)
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)
_BAD_TOKEN = "The security token included in the request is invalid."  # noqa: S105 - AWS's words, no secret
_OLD_TOKEN = "The security token included in the request is expired"  # noqa: S105 - AWS's words, no secret


class Dialect(StrEnum):
    """The families of services that word authentication errors alike (each service's Common Errors)."""

    S3 = "s3"
    EC2 = "ec2"
    QUERY = "query"
    JSON = "json"
    REST_JSON = "rest-json"

    @classmethod
    def of(cls, service: str, protocol: str) -> Dialect:
        """The dialect of a service and the protocol that this call uses."""
        if service == "s3":
            return cls.S3
        match protocol:
            case "ec2":
                return cls.EC2
            case "query" | "rest-xml":
                return cls.QUERY
            case "rest-json":
                return cls.REST_JSON
            case _:
                return cls.JSON


class AuthFault(StrEnum):
    """Why a caller could not be authenticated."""

    MISMATCH = "mismatch"
    UNKNOWN_KEY = "unknown key"
    BAD_TOKEN = "bad token"  # noqa: S105 - a name, no secret
    EXPIRED = "expired"
    MISSING = "missing"


_JSON_FAULTS = {
    AuthFault.MISMATCH: ApiError("InvalidSignatureException", _MISMATCH),
    AuthFault.UNKNOWN_KEY: ApiError("UnrecognizedClientException", _BAD_TOKEN),
    AuthFault.BAD_TOKEN: ApiError("UnrecognizedClientException", _BAD_TOKEN),
    AuthFault.EXPIRED: ApiError("ExpiredTokenException", _OLD_TOKEN),
    AuthFault.MISSING: ApiError("MissingAuthenticationTokenException", "Missing Authentication Token"),
}
_FAULTS: dict[Dialect, dict[AuthFault, ApiError]] = {
    Dialect.S3: {
        AuthFault.MISMATCH: ApiError("SignatureDoesNotMatch", _S3_MISMATCH, 403),
        AuthFault.UNKNOWN_KEY: ApiError(
            "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403
        ),
        AuthFault.BAD_TOKEN: ApiError(
            "InvalidToken", "The provided token is malformed or otherwise invalid.", 400
        ),
        AuthFault.EXPIRED: ApiError("ExpiredToken", "The provided token has expired.", 400),
        AuthFault.MISSING: ApiError("AccessDenied", "Access Denied", 403),
    },
    Dialect.QUERY: {
        AuthFault.MISMATCH: ApiError("SignatureDoesNotMatch", _MISMATCH, 403),
        AuthFault.UNKNOWN_KEY: ApiError("InvalidClientTokenId", _BAD_TOKEN, 403),
        AuthFault.BAD_TOKEN: ApiError("InvalidClientTokenId", _BAD_TOKEN, 403),
        AuthFault.EXPIRED: ApiError("ExpiredToken", _OLD_TOKEN, 403),
        AuthFault.MISSING: ApiError(
            "MissingAuthenticationToken", "Request is missing Authentication Token", 403
        ),
    },
    Dialect.EC2: {
        fault: ApiError("AuthFailure", "AWS was not able to validate the provided access credentials", 401)
        for fault in AuthFault
    }
    | {
        AuthFault.EXPIRED: ApiError("RequestExpired", "Request has expired."),
        AuthFault.MISSING: ApiError(
            "MissingAuthenticationToken", "Request is missing Authentication Token", 403
        ),
    },
    Dialect.JSON: _JSON_FAULTS,
    Dialect.REST_JSON: {
        fault: ApiError(error.code, error.message, _FORBIDDEN) for fault, error in _JSON_FAULTS.items()
    },
}


def auth_error(fault: AuthFault, dialect: Dialect) -> ApiError:
    """The error a service of this dialect answers an unauthenticated caller with."""
    known = _FAULTS[dialect][fault]
    return ApiError(known.code, known.message, known.status)


def denial(message: str, service: str, dialect: Dialect) -> ApiError:
    """The error a service answers a caller with who is known but not allowed."""
    if service == "sns":
        return ApiError("AuthorizationError", message, _FORBIDDEN)
    match dialect:
        case Dialect.EC2:
            return ApiError("UnauthorizedOperation", message, _FORBIDDEN)
        case Dialect.S3 | Dialect.QUERY:
            return ApiError("AccessDenied", message, _FORBIDDEN)
        case Dialect.REST_JSON:
            return ApiError("AccessDeniedException", message, _FORBIDDEN)
        case Dialect.JSON:
            return ApiError("AccessDeniedException", message, 400)


def error_answer(
    error: ApiError,
    *,
    service: str,
    protocol: str,
    request_id: str,
    namespace: str = "",
    query_compatible: bool = False,
    head: bool = False,
) -> Answer:
    """Serialize an error in the protocol of the call.

    Args:
        error: What to say.
        service: The botocore service name; S3 has its own form of rest-xml.
        protocol: `query`, `ec2`, `json`, `rest-json` or `rest-xml`.
        request_id: Named in the body where the protocol has a place for it.
        namespace: The service's XML namespace.
        query_compatible: A JSON service that came from query and names its old code in a header.
        head: The request was a HEAD, which has no body.
    """
    headers: list[tuple[str, str]] = []
    match protocol:
        case "json" | "rest-json":
            headers.append(
                ("Content-Type", "application/x-amz-json-1.1" if protocol == "json" else "application/json")
            )
            headers.append(("x-amzn-ErrorType", error.code))
            if query_compatible:
                fault = "Receiver" if error.status >= _SERVER_FAULT else "Sender"
                headers.append(("x-amzn-query-error", f"{_query_code(error.code)};{fault}"))
            body = json.dumps({"__type": error.code, "message": error.message})
        case _:
            headers.append(("Content-Type", "application/xml" if service == "s3" else "text/xml"))
            body = _xml(error, service, protocol, request_id, namespace)
    return Answer(error.status, headers, b"" if head else body.encode(errors="backslashreplace"), error=error)


def _query_code(code: str) -> str:
    return code.removesuffix("Exception") if code == "AccessDeniedException" else code


def _xml(error: ApiError, service: str, protocol: str, request_id: str, namespace: str) -> str:
    code, message, request = escape(error.code), escape(error.message), escape(request_id)
    if service == "s3":
        detail = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in _details(error).items())
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message>'
            f"{detail}<RequestId>{request}</RequestId><HostId>{request}</HostId></Error>"
        )
    if protocol == "ec2":
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
            f"<RequestID>{request}</RequestID></Response>"
        )
    xmlns = f' xmlns="{escape(namespace)}"' if namespace else ""
    kind = "Receiver" if error.status >= _SERVER_FAULT else "Sender"
    return (
        f"<ErrorResponse{xmlns}><Error><Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        f"<RequestId>{request}</RequestId></ErrorResponse>"
    )


def _details(error: ApiError) -> Mapping[str, str]:
    return getattr(error, "details", {})
