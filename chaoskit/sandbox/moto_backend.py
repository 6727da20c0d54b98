"""moto as a store: a call that was authorized elsewhere goes in, an HTTP answer comes out.

moto's own checks are switched off here: it knows neither conditions nor organizations, and the gateway
has decided already.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from functools import cache, lru_cache, partial
from http import HTTPStatus
from importlib import import_module
from typing import TYPE_CHECKING, Any

from botocore.compat import HTTPHeaders
from botocore.parsers import create_parser
from moto.core.base_backend import BackendDict
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from chaoskit.sandbox import moto_habits
from chaoskit.sandbox.bucket_access import new_bucket_defaults
from chaoskit.sandbox.buckets import (
    forget_lifecycle,
    forget_replication,
    keep_lifecycle,
    keep_replication,
)
from chaoskit.sandbox.clock import wall_clock
from chaoskit.sandbox.data_capture import summarize
from chaoskit.sandbox.operations import address
from chaoskit.sandbox.state import backends
from chaoskit.sandbox.user_boundaries import new_user_boundary
from chaoskit.sandbox.wire import Answer, ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from chaoskit.sandbox.operations import Target
    from chaoskit.sandbox.wire import ApiCall

# What AWS does besides and moto does not, once a call has succeeded.
_AFTERWARDS = {
    ("iam", "CreateUser"): new_user_boundary,
    ("s3", "CreateBucket"): new_bucket_defaults,
    ("s3", "DeleteBucketLifecycle"): forget_lifecycle,
    ("s3", "DeleteBucketReplication"): forget_replication,
    ("s3", "PutBucketLifecycleConfiguration"): keep_lifecycle,
    ("s3", "PutBucketReplication"): keep_replication,
    ("sagemaker", "CreateEndpoint"): summarize,
}
_PACKAGES = {"lambda": "awslambda"}
_OWN = frozenset(
    {"status", "date", "server", "connection", "content-length", "x-amzn-requestid", "transfer-encoding"}
)
_NO_CONTENT = int(HTTPStatus.NO_CONTENT)
_ERROR = 300


class Output(Mapping[str, Any]):
    """A call's result, parsed by its botocore model when somebody first looks at it."""

    def __init__(self, parse: Callable[[], dict[str, Any]]) -> None:
        self._parse: Callable[[], dict[str, Any]] | None = parse
        self._parsed: dict[str, Any] = {}

    def _seen(self) -> dict[str, Any]:
        if self._parse is not None:
            parsed = self._parse()
            parsed.pop("ResponseMetadata", None)
            self._parsed, self._parse = parsed, None
        return self._parsed

    def __getitem__(self, name: str) -> Any:
        return self._seen()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._seen())

    def __len__(self) -> int:
        return len(self._seen())


class MotoBackend:
    """Answers calls from moto's state, one at a time."""

    NOT_STATE = frozenset({"_closed"})

    def __init__(self, now: Callable[[], datetime] = wall_clock) -> None:
        self._now = now
        self.lock = threading.RLock()
        """Hold it to read or write moto's state: moto has no locks of its own."""
        self._changed = threading.Condition(self.lock)
        self._closed = False
        self._curbed: set[str] = set()
        moto_habits.prepare()

    def reset(self) -> None:
        """Forget everything: every account, every service."""
        with self.lock:
            BackendDict.reset()
            _forget_globals()

    def restored(self) -> None:
        """Curb moto again: another sandbox of this process may have, so that it pauses for that one."""
        with self.lock:
            self._curbed.clear()
            self._changed.notify_all()

    def close(self) -> None:
        """Send away those who wait for something to change: nothing will."""
        with self.lock:
            self._closed = True
            self._changed.notify_all()

    def answer(self, call: ApiCall, target: Target) -> Answer:
        """Let moto answer a call.

        Raises:
            ApiError: `NotImplemented`, when moto has no such operation; `ServiceUnavailable`, when the call
                waited and the sandbox was closed meanwhile.
        """
        request = call.request
        handler = prepared(call, target)
        with self.lock:
            self._curb(_package(target.service))
            try:
                status, headers, body = handler(request, request.raw_url, request.headers)
            except HTTPException as error:
                status, headers, body = error.code or 500, dict(error.get_headers()), error.get_body()
            except NotImplementedError:
                raise _not_implemented(target.service, target.operation) from None
            answer = _answer(target, int(status), headers, body, call.request_id)
            follow = _AFTERWARDS.get((target.service, target.operation))
            if follow is not None and answer.error is None:
                follow(call)
            self._changed.notify_all()
        return answer

    def _curb(self, package: str) -> None:
        if package not in self._curbed:
            moto_habits.curb(package, self._pause, self._now)
            self._curbed.add(package)

    def _pause(self, seconds: float) -> None:
        """Wait with the lock let go, however often this thread holds it."""
        self._changed.wait(seconds)
        if self._closed:
            raise ApiError("ServiceUnavailable", "The sandbox is going away.", 503)


def prepared(call: ApiCall, target: Target) -> Callable[..., Any]:
    """Address a call's request to moto and name the account it acts in."""
    request = call.request
    host = call.host if target.service == "s3control" else _host(target.service, call.region)
    address(request, host)
    environ = request.environ
    environ["HTTP_X_MOTO_ACCOUNT_ID"] = call.account
    environ["HTTP_AUTHORIZATION"] = (
        f"AWS4-HMAC-SHA256 Credential={call.principal.access_key_id or 'ANONYMOUS'}"
        f"/20000101/{call.region}/{_signing_name(target.service)}/aws4_request, "
        "SignedHeaders=host, Signature=0"
    )
    environ["HTTP_USER_AGENT"] = f"{call.user_agent} region/{call.region}"
    path = environ["RAW_URI"].partition("?")[0]
    handler = _handler(_package(target.service), f"https://{host}{path}")
    if handler is None:
        raise _not_implemented(target.service, target.operation)
    return handler


def _not_implemented(service: str, operation: str) -> ApiError:
    return ApiError("NotImplemented", f"The embedded sandbox does not have {service} {operation}.", 501)


@cache
def _package(service: str) -> str:
    name = _PACKAGES.get(service, service.replace("-", ""))
    try:
        import_module(f"moto.{name}.urls")
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("moto."):
            raise
        raise ApiError("NotImplemented", f"The embedded sandbox does not have {service}.", 501) from None
    return name


@cache
def _signing_name(service: str) -> str:
    return str(get_service_model(service).signing_name)


@lru_cache(maxsize=4096)
def _handler(package: str, url: str) -> Callable[..., Any] | None:
    """What of moto answers at an address: some services have sixty patterns."""
    return next((handler for pattern, handler in _routes(package) if pattern.match(url)), None)


@cache
def _routes(package: str) -> tuple[tuple[re.Pattern[str], Callable[..., Any]], ...]:
    urls = import_module(f"moto.{package}.urls")
    return tuple(
        (re.compile(path.format(base)), handler)
        for base in urls.url_bases
        for path, handler in urls.url_paths.items()
    )


@cache
def _host(service: str, region: str) -> str:
    package = _package(service)
    bases = [re.compile(base) for base in import_module(f"moto.{package}.urls").url_bases]
    for host in _hosts(service, region):
        if any(base.match(f"https://{host}") for base in bases):
            return host
    raise ApiError("NotImplemented", f"The embedded sandbox does not have {service} in {region}.", 501)


def _hosts(service: str, region: str) -> Iterator[str]:
    prefix = get_service_model(service).endpoint_prefix
    for name in dict.fromkeys((prefix, service, service.replace("-", ""))):
        yield f"{name}.{region}.amazonaws.com"
        yield f"{name}.amazonaws.com"
        yield f"{name}.{region}.api.aws"


def _answer(
    target: Target, status: int, headers: Mapping[str, Any], body: str | bytes, request_id: str
) -> Answer:
    content = body.encode() if isinstance(body, str) else (body or b"")
    if status == _NO_CONTENT:
        content = b""  # moto sends some, which a client takes for the beginning of the next answer
    given, kept = dict[str, str](), list[tuple[str, str]]()
    for name, value in headers.items():
        lowered = str(name).lower()
        given[lowered] = str(value)
        if lowered not in _OWN:
            kept.append((str(name), given[lowered]))
    moto_id = given.get("x-amzn-requestid", "")
    if moto_id and target.protocol in {"query", "ec2", "rest-xml"}:
        content = content.replace(moto_id.encode(), request_id.encode())
    if not content and "content-length" in given and target.model.http.get("method") == "HEAD":
        kept.append(("Content-Length", given["content-length"]))
    answer = Answer(status, kept, content)
    if status >= _ERROR:
        answer.error = _error(target, status, given, content)
    else:
        answer.output = Output(partial(_parsed, target, status, given, content))
    return answer


def _parsed(target: Target, status: int, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    parser = create_parser("rest-xml" if target.service == "s3" else target.protocol)
    parsed: dict[str, Any] = parser.parse(
        {"body": body, "headers": HTTPHeaders.from_dict(dict(headers)), "status_code": status},
        target.model.output_shape,
    )
    return parsed


def _error(target: Target, status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    said = _parsed(target, status, headers, body).get("Error", {})
    return ApiError(str(said.get("Code", status)), str(said.get("Message", "")), status)


def _forget_globals() -> None:
    """Clear what moto keeps beside its backends."""
    backends("organizations").master_accounts.clear()
    backends("s3").bucket_accounts.clear()
