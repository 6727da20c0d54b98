"""What passes between the parts of the sandbox: a call, who made it, and its answer.

The gateway makes one `ApiCall` of each HTTP request, a handler (moto or a native provider) answers it,
and every observer (the audit trail first) is shown both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    from chaoskit.sandbox.functions.nursery import Nursery


class ApiError(Exception):
    """An error that an AWS API answers with: its code, its words and the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class Kind(StrEnum):
    """`userIdentity.type` of a caller (CloudTrail User Guide, CloudTrail userIdentity element)."""

    ROOT = "Root"
    USER = "IAMUser"
    ROLE = "AssumedRole"
    FEDERATED = "FederatedUser"
    SERVICE = "AWSService"
    ANONYMOUS = "Anonymous"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a call, as authorization and the audit trail need it.

    Attributes:
        kind: What sort of caller this is.
        account: The 12-digit account the caller belongs to; empty for an anonymous caller.
        arn: The caller's ARN; of the session for an assumed role; the service's DNS name for a service.
        principal_id: The unique id, `AROA...:session` for an assumed role.
        access_key_id: The key that signed the call.
        user_name: Set for IAM users.
        role_arn: The role behind an assumed-role session, path included.
        session_name: The role session's name.
        issued: When the session's credentials were issued.
        expires: When they end; None for long-term credentials.
        session_policies: Documents passed to AssumeRole, inline and managed.
        session_tags: Tags passed to AssumeRole.
        invoked_by: The service acting on the caller's behalf, e.g. `events.amazonaws.com`.
        source_arn: For a service, the resource it acts for (`aws:SourceArn`).
        issuer: For a federated user, who got the session: an IAM user, or the account's root.
        issuer_id: That one's unique id.
        federated_provider: The identity provider that vouched for a role session.
        called_via: The services that make this call in the caller's name (`aws:CalledVia`).
    """

    kind: Kind
    account: str
    arn: str
    principal_id: str = ""
    access_key_id: str = ""
    user_name: str = ""
    role_arn: str = ""
    session_name: str = ""
    issued: datetime | None = None
    expires: datetime | None = None
    session_policies: tuple[Mapping[str, Any], ...] = ()
    session_tags: Mapping[str, str] = field(default_factory=dict)
    invoked_by: str = ""
    source_arn: str = ""
    issuer: str = ""
    issuer_id: str = ""
    federated_provider: str = ""
    called_via: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Credentials:
    """Keys that sign as a principal, for a process that makes its own calls (a Lambda function, a script)."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


@dataclass(slots=True)
class ApiCall:
    """One request to an AWS API, parsed by its botocore model.

    Attributes:
        service: The botocore service name, e.g. `sagemaker-runtime`.
        operation: The botocore operation name, e.g. `InvokeEndpoint`.
        params: The parameters, spelled as botocore spells them.
        account: The account the call acts in (the caller's own, unless the resource says otherwise).
        source_ip: The caller's address, or the service's DNS name when a service calls.
        vpce: The VPC endpoint it came through, or empty.
        headers: The HTTP headers as sent, names in lower case.
        request: The raw HTTP request, for the handler that needs it (moto).
    """

    request_id: str
    event_id: str
    at: datetime
    service: str
    operation: str
    params: dict[str, Any]
    principal: Principal
    account: str
    region: str
    source_ip: str
    user_agent: str
    host: str
    headers: Mapping[str, str]
    vpce: str = ""
    request: Any = None

    @property
    def method(self) -> str:
        """The HTTP method."""
        return str(self.request.method)

    @property
    def path(self) -> str:
        """The URL's path, as sent."""
        return str(self.request.raw_path)

    @property
    def query(self) -> str:
        """The URL's query string, as sent."""
        return str((self.request.query_string or b"").decode("latin-1"))


@dataclass(slots=True)
class Answer:
    """What an API answered.

    Attributes:
        output: The result, spelled as botocore spells it; None when the call failed.
        error: Why the call failed, or None.
        denied: True when authorization, not the service itself, refused.
    """

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    output: Mapping[str, Any] | None = None
    error: ApiError | None = None
    denied: bool = False


class Provider(Protocol):
    """A native implementation of some operations of a service, where moto has none or is wrong.

    `operations` maps a botocore operation name to a method that takes the call and returns the output
    mapping, spelled as botocore spells it, or raises `ApiError`. The gateway serializes both.
    """

    service: str

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here; everything else of the service goes to moto."""
        ...


class Observer(Protocol):
    """Is shown every answered call, in order, before the caller gets the answer."""

    def __call__(self, call: ApiCall, answer: Answer) -> None:
        """Look at the call. Must not raise and must not block: slow work goes to `Cloud.spawn`."""
        ...


class Cloud(Protocol):
    """The running sandbox as its own services see it."""

    management_account: str
    """The organization's management account."""
    account: str
    """The member account that experiments run in."""
    region: str
    """The home region."""
    url: str
    """Where the gateway is served, `http://127.0.0.1:<port>`."""
    nursery: Nursery
    """Forks the processes of the account's own code."""

    @property
    def lock(self) -> AbstractContextManager[Any]:
        """Hold it to read or write moto's state directly; calls through `client` must not be made inside."""
        ...

    def now(self) -> datetime:
        """The sandbox's time, UTC and aware. A profile may run it faster than the wall."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait this long on the sandbox's clock."""
        ...

    def client(self, service: str, acting: Principal, *, region: str = "") -> Any:
        """A boto3 client whose calls go through the gateway, signed as `acting` and authorized as it."""
        ...

    def credentials(self, acting: Principal) -> Credentials:
        """The keys that `client` would sign with as `acting`."""
        ...

    def service_principal(self, service: str, *, account: str, source_arn: str = "") -> Principal:
        """A service's own identity, e.g. `events.amazonaws.com` acting for the rule `source_arn`."""
        ...

    def assume(self, role_arn: str, *, service: str, session_name: str, source_arn: str = "") -> Principal:
        """The session a service gets when it assumes a role; ApiError AccessDenied if its trust refuses."""
        ...

    def spawn(self, work: Callable[[], None]) -> None:
        """Run `work` in the background; `idle` waits for it and for all it spawns."""
        ...

    def idle(self, timeout: float) -> bool:
        """Wait until no background work is left; False when `timeout` seconds (wall) passed first."""
        ...
