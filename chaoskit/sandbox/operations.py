"""What is being called: from an HTTP request to a service, an operation and its parameters."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from datetime import UTC
from functools import cache, lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.utils import parse_timestamp
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY, Request
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from chaoskit.sandbox.models import session
from chaoskit.sandbox.signing import candidates
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from datetime import datetime

    from chaoskit.sandbox.http import HttpRequest

_JSON = ("application/x-amz-json-1.0", "application/x-amz-json-1.1")
_FORM = "application/x-www-form-urlencoded"
_REST = ("rest-json", "rest-xml")
_OF_FORMS = ("query", "ec2")
_DROPPED = frozenset({"content-type", "content-length", "host", "transfer-encoding", "x-moto-account-id"})
_MOST_KNOWN = 4096


@dataclass(frozen=True, slots=True)
class Target:
    """The operation that a request is for.

    Attributes:
        model: botocore's (moto's) model of the operation.
        protocol: The protocol the request came in.
        labels: What the path says.
    """

    service: str
    model: Any
    protocol: str
    labels: dict[str, Any]

    @property
    def operation(self) -> str:
        """The operation's botocore name."""
        return str(self.model.name)

    @property
    def namespace(self) -> str:
        """The service's XML namespace, or empty."""
        declared = self.model.service_model.metadata.get("xmlNamespace") or ""
        return str(declared)

    @property
    def query_compatible(self) -> bool:
        """Whether it is a JSON service that still names the codes of its query days."""
        return "awsQueryCompatible" in self.model.service_model.metadata


@lru_cache(maxsize=1024)
def protocol_of(service: str, content_type: str) -> str:
    """The protocol that a request of this content type uses with this service.

    Raises:
        ApiError: botocore knows no such service.
    """
    model = _model(service)
    supported = model.metadata.get("protocols") or [model.protocol]
    rest = next((p for p in supported if p in _REST), "")
    if rest:
        return str(rest)
    if content_type.startswith(_JSON) and "json" in supported:
        return "json"
    if content_type.startswith(_FORM):
        return next((p for p in ("query", "ec2") if p in supported), str(supported[0]))
    return next((p for p in ("json", "query", "ec2") if p in supported), str(supported[0]))


def normalize(http: HttpRequest, signing_name: str, region: str) -> Request:
    """The request as moto wants it: addressed to AWS, S3 buckets in the path."""
    host = f"{signing_name}.{region}.amazonaws.com"
    if signing_name == "s3" and http.path.startswith("/v20180820/"):
        account = _subdomain(http.host) or http.headers.get("x-amz-account-id", "")
        host = f"{account}.s3-control.{region}.amazonaws.com"
    path = http.path or "/"
    label = _subdomain(http.host)
    if signing_name == "s3" and label and not label.isdigit():
        path = f"/{label}{path}"
    # SDKs compress large requests to some services; what S3 stores stays as it was sent.
    packed = signing_name != "s3" and http.headers.get("content-encoding") == "gzip"
    body = gzip.decompress(http.body) if packed else http.body
    environ: dict[str, Any] = {
        "REQUEST_METHOD": http.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(path).encode().decode("latin-1"),
        "QUERY_STRING": http.query,
        "RAW_URI": f"{path}?{http.query}" if http.query else path,
        "SERVER_NAME": host,
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": host,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
    }
    for name, value in http.headers.items():
        if name not in _DROPPED and not (packed and name == "content-encoding"):
            environ[_variable(name)] = value
    if "content-type" in http.headers:
        environ["CONTENT_TYPE"] = http.headers["content-type"]
    environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = {
        _variable(name): spelled for name, spelled in http.names.items()
    }
    return Request(environ)


@lru_cache(maxsize=1024)
def _variable(header: str) -> str:
    """What WSGI calls a header."""
    return f"HTTP_{header.upper().replace('-', '_')}"


def _subdomain(host: str) -> str:
    """What stands before the loopback's name: a bucket, or the account of S3 Control."""
    name = host.partition(":")[0]
    for loopback in (".localhost", ".127.0.0.1"):
        if name.endswith(loopback):
            return name.removesuffix(loopback)
    return ""


def address(request: Request, host: str) -> None:
    """Send a normalized request to another host."""
    if request.environ["HTTP_HOST"] == host:
        return
    request.environ["HTTP_HOST"] = host
    request.environ["SERVER_NAME"] = host
    for cached in ("host", "url", "root_url", "host_url", "url_root", "base_url"):
        request.__dict__.pop(cached, None)


def find(request: Request, signing_name: str) -> Target:
    """Find the operation of a normalized request.

    Raises:
        ApiError: `UnknownOperationException` and its kin, when no service of that name has such an operation.
    """
    content_type = request.headers.get("Content-Type", "")
    known = False
    for service in candidates(signing_name):
        if service == "s3control" and not request.raw_path.startswith("/v20180820/"):
            continue
        try:
            protocol = protocol_of(service, content_type)
        except ApiError:
            continue
        known = True
        target = _match(service, protocol, request)
        if target is not None:
            return target
    if not known:
        raise ApiError(
            "UnknownService",
            f"The embedded sandbox knows no AWS service that signs as '{signing_name}'.",
            404,
        )
    raise ApiError(
        "UnknownOperationException",
        f"'{signing_name}' has no operation for {request.method} {request.raw_path}"
        f"{_named(request)}. Check the endpoint and the SDK's version.",
        404,
    )


def _named(request: Request) -> str:
    named = request.headers.get("X-Amz-Target") or request.values.get("Action")
    return f" ({named})" if named else ""


_KNOWN: dict[tuple[str, ...], Target] = {}
"""What requests without an `Action` were for."""


def _match(service: str, protocol: str, request: Request) -> Target | None:
    if protocol in _OF_FORMS:
        version = request.values.get("Version", "")
        if version and version != _model(service).api_version:
            return None
        return _routed(service, protocol, request)
    # Path, query, target and which headers there are settle it; the same are sent again and again.
    environ = request.environ
    named = environ.get("HTTP_X_AMZ_TARGET", "")
    key = (service, protocol, environ["HTTP_HOST"], request.method, environ["RAW_URI"], named, *environ)
    target = _KNOWN.get(key)
    if target is None:
        target = _routed(service, protocol, request)
        if target is not None:
            if len(_KNOWN) >= _MOST_KNOWN:
                _KNOWN.clear()
            _KNOWN[key] = target
    return target


def _routed(service: str, protocol: str, request: Request) -> Target | None:
    try:
        router = get_service_router(service)._get_router(protocol)  # noqa: SLF001 - its own choice knows fewer content types
        model, labels = router.match(request)
    except HTTPException:
        return None
    return Target(service, model, protocol, labels)


def parse(target: Target, request: Request) -> dict[str, Any]:
    """The parameters of a request, spelled as botocore spells them; timestamps are aware, in UTC.

    Raises:
        ApiError: the body is not what the operation's model says.
    """
    parser = PROTOCOL_PARSERS[target.protocol](target.model, timestamp_parser=_timestamp, map_type=dict)
    try:
        parsed = parser.parse(
            {
                "method": request.method,
                "values": _values(target.protocol, request),
                "headers": request.headers,
                "body": request.get_data(),
                "url_path": request.path,
                "url_params": target.labels,
            }
        )
    except (RequestParserError, ValueError, TypeError, AttributeError, KeyError) as error:
        if target.service == "s3":
            raise ApiError(
                "MalformedXML",
                "The XML you provided was not well-formed or did not validate against our published schema",
            ) from error
        raise ApiError("SerializationException", f"The request could not be read: {error}") from error
    if not parsed and target.protocol == "json" and request.data:
        _check_json(request.data)
    return {name: value for name, value in parsed.items() if value is not None}


def _values(protocol: str, request: Request) -> Any:
    """The parameters outside the body's own form; to look for some in JSON takes as long as to read it."""
    if protocol == "json":
        return {}
    return request.values if protocol in _OF_FORMS else request.args


def _check_json(body: bytes) -> None:
    """Refuse a body that is no JSON: moto reads it as one without parameters."""
    try:
        json.loads(body)
    except ValueError as error:
        raise ApiError("SerializationException", f"The request could not be read: {error}") from None


def _timestamp(value: Any) -> datetime:
    parsed: datetime = parse_timestamp(value)
    return parsed.astimezone(UTC)


@cache
def regions() -> frozenset[str]:
    """The regions that there are, of every partition that botocore knows."""
    known = session()
    return frozenset(
        region
        for partition in known.get_available_partitions()
        for region in known.get_available_regions("ec2", partition)
    ) | {"aws-global"}


@cache
def _model(service: str) -> Any:
    try:
        return get_service_model(service)
    except (UnknownServiceError, DataNotFoundError):
        raise ApiError("UnknownService", f"botocore knows no service '{service}'.", 404) from None
