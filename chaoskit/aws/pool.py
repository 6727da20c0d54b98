"""Clients that any number of accounts share: one for each service and place, whoever signs.

A client is a third of a megabyte and a tenth of a second, of which an account has nothing of its own
but its credentials. Those are asked for when a request is signed, so they can be whose call it is just then.
`benchmarks/accounts.py` measures what another account takes.
"""

from __future__ import annotations

import functools
import socket
import threading
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

from chaoskit.aws import models
from chaoskit.aws.failures import translated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.awsrequest import AWSRequest

    from chaoskit.aws.calls import Credentials

# A call is over, one way or the other, well within what `Target.place` says a request may take to land.
_CONNECT_TIMEOUT_S: Final = 5
_READ_TIMEOUT_S: Final = 20
_UNCONFIRMED_S: Final = 20
"""So long the kernel sends again what the other side does not confirm, even for a sender that is dead.

By itself it would for minutes (tcp(7), TCP_USER_TIMEOUT), and a change could take effect after it was undone.
"""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a call through a shared client, and what its request says besides.

    Attributes:
        keys: Sign with these; None signs with the profile's.
        user_agent: Appended to the user agent.
        headers: More headers, which are signed.
        spend: Is told of each request before it is signed, by service and operation.
    """

    keys: Credentials | None = None
    user_agent: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    spend: Callable[[str, str], None] | None = None


_MAKING: Final = threading.RLock()
"""Clients are for many threads, sessions for one at a time (Boto3 docs, "Session reference")."""
_CALLER: ContextVar[Caller | None] = ContextVar("chaoskit_caller", default=None)


@contextmanager
def calling(caller: Caller) -> Iterator[None]:
    """Make calls through shared clients as somebody, on this thread."""
    before = _CALLER.set(caller)
    try:
        yield
    finally:
        _CALLER.reset(before)


class Pool:
    """Sessions by profile, and their clients; safe to share between threads."""

    def __init__(self) -> None:
        """Make nothing yet."""
        self._sessions: dict[tuple[str | None, str], Any] = {}
        self._people: dict[tuple[str | None, str], Any] = {}
        self._signing: dict[tuple[str | None, str], Any] = {}
        self._clients: dict[tuple[str | None, str, str | None, str, int], Any] = {}
        self._pages: dict[tuple[Any, str], Any] = {}

    def session(self, profile: str | None, region: str) -> Any:
        """A session of botocore's with the profile's own credentials; boto3's takes longer to import.

        Raises:
            TargetError: There is no such profile.
        """
        with _MAKING:
            if (profile, region) not in self._sessions:
                self._sessions[profile, region] = _session(profile, region)
            return self._sessions[profile, region]

    def for_people(self, profile: str | None, region: str) -> Any:
        """The boto3 session: its clients can do what people expect, such as `upload_file`.

        Raises:
            TargetError: There is no such profile.
        """
        import boto3  # noqa: PLC0415 - importing chaoskit.aws must stay cheap

        with _MAKING:
            if (profile, region) not in self._people:
                folders = models.loader().search_paths
                known = len(folders)
                self._people[profile, region] = boto3.session.Session(
                    botocore_session=self.session(profile, region)
                )
                del folders[known:]  # boto3 adds its own folder each time, which clients don't need
            return self._people[profile, region]

    def client(
        self, service: str, region: str, endpoint_url: str | None, profile: str | None, tries: int
    ) -> Any:
        """A client to be used within `calling` only.

        Args:
            service: As boto3 names it.
            region: Where.
            endpoint_url: The embedded sandbox's URL, or None for AWS itself.
            profile: Whose settings count, and whose credentials where the caller has none.
            tries: How often it sends a request that may go better.
        """
        key = (profile, region, endpoint_url, service, tries)
        found = self._clients.get(key)
        if found is None:
            with _MAKING:
                found = self._clients.get(key) or self._made(*key)
                self._clients[key] = found
        return found

    def pages(self, client: Any, method: str) -> Any:
        """The paginator of a client's method, or None; kept, since botocore makes a class for each."""
        key = (client, method)
        if key not in self._pages:
            self._pages[key] = client.get_paginator(method) if client.can_paginate(method) else None
        return self._pages[key]

    def _made(
        self, profile: str | None, region: str, endpoint_url: str | None, service: str, tries: int
    ) -> Any:
        where = (profile, region)
        if where not in self._signing:
            self._signing[where] = _session(profile, region, _signer(self.session(profile, region)))
        client = made(self._signing[where].create_client, service, endpoint_url, tries)
        client.meta.events.register(
            "before-sign", functools.partial(_say, service=service, local=endpoint_url is not None)
        )
        return client


def made(
    create: Callable[..., Any], service: str, endpoint_url: str | None, tries: int, **options: Any
) -> Any:
    """A client that is bounded in time and, in an embedded sandbox, reaches it whatever the service.

    Args:
        create: `create_client` of a botocore session, or `client` of a boto3 one.
        service: As boto3 names it.
        endpoint_url: The embedded sandbox's URL, or None for AWS itself.
        tries: How often it sends a request that may go better.
        options: What else it takes; `user_agent_extra` too.
    """
    from botocore.config import Config  # noqa: PLC0415 - importing chaoskit.aws must stay cheap

    config = Config(
        user_agent_extra=options.pop("user_agent_extra", None),
        retries={"mode": "standard", "total_max_attempts": tries},
        connect_timeout=_CONNECT_TIMEOUT_S,
        read_timeout=_READ_TIMEOUT_S,
        s3={"addressing_style": "path"} if endpoint_url else None,
    )
    with _MAKING:
        client = create(service, endpoint_url=endpoint_url, config=config, **options)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        bound = (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNCONFIRMED_S * 1000)
        client._endpoint.http_session._socket_options.append(bound)  # noqa: SLF001 - botocore has no setting for it
    if endpoint_url and service == "s3control":
        # Its endpoint rules put the account before the host: `<account>.127.0.0.1` leads nowhere.
        client.meta.events.register("before-sign", functools.partial(_straighten, endpoint_url))
    return client


def _say(request: AWSRequest, *, service: str, local: bool, operation_name: str, **_: object) -> None:
    """Put into a request what its caller says, once the caller may send it."""
    caller = _CALLER.get() or Caller()
    if caller.spend:
        caller.spend(service, operation_name)
    if caller.user_agent:
        request.headers["User-Agent"] = f"{request.headers['User-Agent']} {caller.user_agent}"
    for header, value in caller.headers.items() if local else ():
        request.headers[header] = value


def _straighten(endpoint_url: str, request: AWSRequest, **_: object) -> None:
    request.url = urlunsplit(urlsplit(request.url)._replace(netloc=urlsplit(endpoint_url).netloc))


def _session(profile: str | None, region: str, signer: Any = None) -> Any:
    import botocore.session  # noqa: PLC0415 - importing chaoskit.aws must stay cheap

    session = botocore.session.get_session()
    session.register_component("data_loader", models.loader())
    if signer is not None:
        session.register_component("credential_provider", signer)
    session.set_config_variable("region", region)
    if profile is not None:
        session.set_config_variable("profile", profile)
    with translated("session", own_keys=True):
        session.get_scoped_config()  # which is when a profile must be there
    return session


def _signer(own: Any) -> Any:
    """Provides credentials that are the caller's of the moment, and else those of a session."""
    from botocore.credentials import Credentials as Keys  # noqa: PLC0415 - importing chaoskit.aws must stay cheap
    from botocore.credentials import ReadOnlyCredentials  # noqa: PLC0415 - as above

    class Callers(Keys):  # type: ignore[misc] # botocore has no types
        def get_frozen_credentials(self) -> Any:
            caller = _CALLER.get()
            if caller is not None and caller.keys is not None:
                keys = caller.keys
                return ReadOnlyCredentials(keys.access_key_id, keys.secret_access_key, keys.session_token)
            held = own.get_credentials()
            return held.get_frozen_credentials() if held is not None else None

    class Provider:
        def load_credentials(self) -> Any:
            return Callers("", "", method="chaoskit")

    return Provider()
