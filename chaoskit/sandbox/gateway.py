"""The front door: one HTTP request in, one AWS answer out.

`SigV4 -> who -> operation -> authorize -> moto or native provider -> observers`
"""

from __future__ import annotations

import logging
import random
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox import chunked, operations, sigv4
from chaoskit.sandbox.authorize import Denied
from chaoskit.sandbox.errors import AuthFault, Dialect, auth_error, error_answer
from chaoskit.sandbox.identities import ANONYMOUS, Unauthenticated
from chaoskit.sandbox.native import native_answer
from chaoskit.sandbox.wire import ApiCall, ApiError, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from chaoskit.sandbox.authorize import Authorizer
    from chaoskit.sandbox.clock import Clock
    from chaoskit.sandbox.http import HttpRequest
    from chaoskit.sandbox.identities import Identities
    from chaoskit.sandbox.moto_backend import MotoBackend
    from chaoskit.sandbox.operations import Target
    from chaoskit.sandbox.sigv4 import Signature
    from chaoskit.sandbox.wire import Answer, Observer, Principal, Provider

_log = logging.getLogger(__name__)
SOURCE_IP = "x-chaoskit-source-ip"
SOURCE_VPCE = "x-chaoskit-source-vpce"
_INTERNAL = "We encountered an internal error. Please try again."


@dataclass(frozen=True, slots=True)
class _Heard:
    """What is known of a request before it is known who sent it."""

    http: HttpRequest
    target: Target
    signature: Signature | None
    region: str

    @property
    def dialect(self) -> Dialect:
        return Dialect.of(self.target.service, self.target.protocol)


class Gateway:
    """Answers requests for every service and account of the sandbox.

    Attributes:
        providers: The native providers that have been made so far.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        identities: Identities,
        moto: MotoBackend,
        authorizer: Authorizer,
        region: str,
    ) -> None:
        self._clock = clock
        self._identities = identities
        self._moto = moto
        self._authorizer = authorizer
        self._region = region
        self._handlers: dict[tuple[str, str], Callable[[ApiCall], Mapping[str, Any]]] = {}
        self._later: dict[str, Callable[[], Provider]] = {}
        self.providers: list[Provider] = []
        self._observers: list[Observer] = []
        self._observing = threading.RLock()

    def add_provider(self, provider: Provider) -> None:
        """Let a native provider answer its operations; a later one wins over an earlier one."""
        self._later.pop(provider.service, None)
        self.providers.append(provider)
        for operation, handler in provider.operations.items():
            self._handlers[provider.service, operation] = handler

    def add_later(self, service: str, make: Callable[[], Provider]) -> None:
        """Make a service's provider when the service is first called: some take a second to import."""
        self._later[service] = make

    def add_observers(self, observers: Iterable[Observer]) -> None:
        """Show every answered call to these, in this order."""
        self._observers.extend(observers)

    def handle(self, http: HttpRequest) -> Answer:
        """Answer one request. Never raises: whatever goes wrong becomes an answer."""
        request_id = _new_id()
        heard: _Heard | None = None
        try:
            heard, request = self._hear(http)
            answer = self._answer(heard, request, request_id)
        except ApiError as error:
            answer = _refusal(error, heard, http, request_id)
        except Exception:  # noqa: BLE001 - the request edge: a fault of moto's must not end the connection
            what = f"{heard.target.service} {heard.target.operation}" if heard else http.path
            _log.exception("%s failed in the sandbox (request %s)", what, request_id)
            answer = _refusal(ApiError("InternalError", _INTERNAL, 500), heard, http, request_id)
        _stamp(answer, heard, request_id)
        return answer

    def _hear(self, http: HttpRequest) -> tuple[_Heard, Any]:
        signature = sigv4.read(http)
        service, region = _scope(http, signature, self._region)
        if region != self._region and region not in operations.regions():
            raise ApiError("SignatureDoesNotMatch", "Credential should be scoped to a valid region.", 403)
        request = operations.normalize(chunked.decoded(http, signature), service, region)
        return _Heard(http, operations.find(request, service), signature, region), request

    def _answer(self, heard: _Heard, request: Any, request_id: str) -> Answer:
        http, target = heard.http, heard.target
        principal = self._caller(heard)
        call = ApiCall(
            request_id=request_id,
            event_id=_new_id(),
            at=self._clock.now(),
            service=target.service,
            operation=target.operation,
            params=operations.parse(target, request),
            principal=principal,
            account=principal.account,
            region=heard.region,
            source_ip=_source_ip(http, heard.signature, principal),
            user_agent=http.headers.get("user-agent", ""),
            host=request.environ["HTTP_HOST"],
            headers=http.headers,
            vpce=_signed(http, heard.signature, SOURCE_VPCE),
            request=request,
        )
        answer = self._decide(call, target, heard)
        with self._observing:
            for observer in self._observers:
                observer(call, answer)
        return answer

    def _decide(self, call: ApiCall, target: Target, heard: _Heard) -> Answer:
        try:
            with self._moto.lock:
                make = self._later.get(call.service)
                if make is not None:
                    self.add_provider(make())
                handler = self._handlers.get((call.service, call.operation))
                self._authorizer.check(call, heard.dialect)
                if handler is None:
                    return self._moto.answer(call, target)
            return native_answer(handler(call), target, call.request_id)
        except ApiError as error:
            answer = _error_answer(error, target, call.request_id, head=call.request.method == "HEAD")
            answer.denied = isinstance(error, Denied)
            return answer

    def _caller(self, heard: _Heard) -> Principal:
        if heard.signature is None:
            if heard.target.service == "s3" or heard.target.operation in _UNSIGNED:
                return ANONYMOUS
            raise auth_error(AuthFault.MISSING, heard.dialect)
        try:
            return self._verified(heard, heard.signature)
        except Unauthenticated as refused:
            raise auth_error(refused.fault, heard.dialect) from None

    def _verified(self, heard: _Heard, signature: Signature) -> Principal:
        with self._moto.lock:
            credential = self._identities.credential(signature.access_key_id)
        self._identities.check_token(credential, signature.token)
        if not sigv4.matches(signature, credential.secret, heard.http):
            raise Unauthenticated(AuthFault.MISMATCH)
        if not chunked.genuine(heard.http, signature, credential.secret):
            raise Unauthenticated(AuthFault.MISMATCH)
        late = sigv4.expired(signature, self._clock.wall())
        if late:
            raise _late(late, signature, heard.dialect)
        return credential.principal


_FIXED, _VERSION_4 = 0xF << 76 | 0x3 << 62, 0x4 << 76 | 0x2 << 62
_IDS = random.Random()  # noqa: S311 - ids, not secrets; asking the kernel for each costs more than the rest of it


def _new_id() -> str:
    """A version 4 UUID (RFC 9562); Python's own is put together in twice the time."""
    digits = f"{_IDS.getrandbits(128) & ~_FIXED | _VERSION_4:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


_UNSIGNED = frozenset({"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"})


def _late(late: str, signature: Signature, dialect: Dialect) -> ApiError:
    if dialect is Dialect.S3:
        if late == "expired":
            return ApiError("AccessDenied", "Request has expired", 403)
        return ApiError(
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
            403,
        )
    error = auth_error(AuthFault.MISMATCH, dialect)
    error.message = f"Signature expired: {signature.timestamp} is more than 15 min. from the current time"
    return error


def _scope(http: HttpRequest, signature: Signature | None, home: str) -> tuple[str, str]:
    """The signing name and region of a request; an unsigned one is for S3 or for what needs no signature.

    Raises:
        ApiError: it is unsigned and for a service that takes no anonymous calls.
    """
    if signature is not None:
        return signature.service, signature.region
    if b"Action=AssumeRoleWith" in http.body[:200]:
        return "sts", home
    if "x-amz-target" in http.headers:
        raise auth_error(AuthFault.MISSING, Dialect.JSON)
    if http.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise auth_error(AuthFault.MISSING, Dialect.QUERY)
    return "s3", home


def _signed(http: HttpRequest, signature: Signature | None, header: str) -> str:
    """A header's value if the caller's signature covers it, so that no one in between can have set it."""
    if signature is None or header not in signature.signed_headers:
        return ""
    return http.headers.get(header, "")


def _source_ip(http: HttpRequest, signature: Signature | None, principal: Principal) -> str:
    if principal.kind is Kind.SERVICE:
        return principal.arn
    return _signed(http, signature, SOURCE_IP) or principal.invoked_by or http.remote_address


def _error_answer(error: ApiError, target: Target, request_id: str, *, head: bool) -> Answer:
    return error_answer(
        error,
        service=target.service,
        protocol=target.protocol,
        request_id=request_id,
        namespace=target.namespace,
        query_compatible=target.query_compatible,
        head=head,
    )


def _refusal(error: ApiError, heard: _Heard | None, http: HttpRequest, request_id: str) -> Answer:
    head = http.method == "HEAD"
    if heard is not None:
        return _error_answer(error, heard.target, request_id, head=head)
    content_type = http.headers.get("content-type", "")
    if "json" in content_type:
        protocol, service = "json", ""
    elif content_type.startswith("application/x-www-form-urlencoded"):
        protocol, service = "query", ""
    else:
        protocol, service = "rest-xml", "s3"
    return error_answer(error, service=service, protocol=protocol, request_id=request_id, head=head)


def _stamp(answer: Answer, heard: _Heard | None, request_id: str) -> None:
    answer.headers.append(("x-amzn-RequestId", request_id))
    if heard is None or heard.target.service in {"s3", "s3control"}:
        answer.headers.append(("x-amz-request-id", request_id))
        answer.headers.append(("x-amz-id-2", request_id))
