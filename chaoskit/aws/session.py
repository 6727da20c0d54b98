"""The only import of boto3: connections to an account, and the clients that calls are sent through."""

from __future__ import annotations

import functools
import json
import os
import socket
import threading
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from chaoskit.aws.calls import Call, Credentials, only_reads
from chaoskit.aws.failures import translated
from chaoskit.aws.inbox import Inboxes
from chaoskit.errors import AwsError, TargetError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from botocore.awsrequest import AWSRequest

    from chaoskit.aws.calls import Query
    from chaoskit.aws.inbox import Message

_TOO_LARGE = "PackedPolicyTooLarge"
# A call is over, one way or the other, well within what `Target.place` says a request may take to land.
_CONNECT_TIMEOUT_S = 5
_READ_TIMEOUT_S = 20
_UNCONFIRMED_S = 20
"""So long the kernel sends again what the other side does not confirm, even for a sender that is dead.

By itself it would for minutes (tcp(7), TCP_USER_TIMEOUT), and a change could take effect after it was undone.
"""
_TRIES = 4
_MAKING = threading.Lock()
"""boto3's clients are for many threads, its sessions for one at a time (Boto3 docs, "Session reference")."""


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach an account: region, endpoint, and where credentials come from.

    Attributes:
        region: The region that calls go to.
        endpoint_url: The embedded sandbox's URL, or None for AWS itself.
        profile: A profile of the shared config, or None for the default chain.
        credentials: Keys to use instead of a profile.
        expires: When `credentials` end; None when they don't, or when boto3 refreshes them.
    """

    region: str
    endpoint_url: str | None = None
    profile: str | None = None
    credentials: Credentials | None = field(default=None, repr=False)
    expires: datetime | None = None

    def assume(
        self, role_arn: str, session_name: str, duration_s: int, policies: Sequence[str] = ()
    ) -> Connection:
        """The same place as the role; the session's name is what CloudTrail will show.

        Args:
            role_arn: The role.
            session_name: The session's name.
            duration_s: How long it lasts.
            policies: What the session is limited to, the narrowest first; a wider one is taken when STS
                finds one too large in its packed form, and the last is none at all.

        Raises:
            DeniedError: The role does not trust the caller.
            TargetError: There are no usable credentials to assume it with.
        """
        aws = Aws(self) if self.credentials is None else _caller(self)
        asked: dict[str, Any] = {
            "RoleArn": role_arn,
            "RoleSessionName": session_name,
            "DurationSeconds": duration_s,
        }
        for policy in policies:
            try:
                keys = aws._assumed({**asked, "Policy": policy})  # noqa: SLF001 - this module's own
                break
            except AwsError as error:
                if error.code != _TOO_LARGE:
                    raise
        else:
            keys = aws._assumed(asked)  # noqa: SLF001 - this module's own
        credentials = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        return replace(self, profile=None, credentials=credentials, expires=keys["Expiration"])


class Aws:
    """One account in one region, called on behalf of one run.

    Not for sharing between threads: each run has its own.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        account: str = "",
        user_agent: str = "",
        inboxes: Inboxes | None = None,
    ) -> None:
        """Make no call yet.

        Args:
            connection: Where and as whom.
            account: The account id, when it is known already.
            user_agent: Appended to the user agent of every call; ties evidence to the run.
            inboxes: The process's alert queues; needed for `messages`.
        """
        self._inboxes = inboxes or Inboxes(user_agent)
        self.connection = connection
        self.account = account
        self.region = connection.region
        self._user_agent = user_agent
        self._clients: dict[tuple[Any, ...], Any] = {}

    def identify(self) -> str:
        """Ask AWS which account and identity this is; returns the caller's ARN.

        Raises:
            TargetError: No usable credentials, or nobody answers.
        """
        try:
            identity = self.send(Call("sts", "GetCallerIdentity"))
        except AwsError as error:
            if error.sent and error.code != "NoAnswer":
                raise
            given = self.connection.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
            and_there = " and that the sandbox is up (chaoskit sandbox up)" if given else ""
            place = given or f"AWS in {self.region}"
            raise TargetError(f"Nobody answers at {place}: check the network{and_there}.") from error
        self.account = identity["Account"]
        return str(identity["Arn"])

    def read(self, query: Query) -> Any:
        """See `Reader`. Refuses operations that are not reads."""
        import jmespath  # noqa: PLC0415 - importing chaoskit.aws must stay cheap

        if not only_reads(query.operation):
            raise ValueError(f"{query} is not a read")
        try:
            answer = self._answer(query)
        except AwsError as error:
            if error.code in query.absent:
                return None
            raise
        value = _plain(jmespath.search(query.select, answer))
        return json.loads(value) if query.parse_json and isinstance(value, str) else value

    def messages(self, queue_url: str) -> list[Message]:
        """See `Reader`."""
        with translated("sqs:ReceiveMessage", own_keys=True):
            return self._inboxes.of(queue_url).messages(self._client("sqs", None, None, attempts=_TRIES))

    def environment(self) -> Mapping[str, str]:
        """See `Lender`. It holds the credentials: for a child process only, never to be written down.

        Raises:
            TargetError: There are no usable credentials.
        """
        keys = self.connection.credentials
        if keys is None:
            with translated("session", own_keys=True):
                held = self._session.get_credentials()
            if held is None:
                raise TargetError("There are no AWS credentials to hand to another tool.")
            frozen = held.get_frozen_credentials()
            keys = Credentials(frozen.access_key, frozen.secret_key, frozen.token)
        said = {
            "AWS_ACCESS_KEY_ID": keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
            "AWS_SESSION_TOKEN": keys.session_token,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ENDPOINT_URL": self.connection.endpoint_url,
        }
        return {name: value for name, value in said.items() if value}

    def send(self, call: Call) -> Mapping[str, Any]:
        """Make the call once: no retry that could inject twice.

        Raises:
            TargetError: The run's own credentials are not usable.
            DeniedError: A policy refused.
            AwsError: The API failed, or its answer was lost (`sent` tells).
        """
        with translated(str(call), own_keys=call.signed_by is None):
            client = self._client(
                call.service, call.signed_by, call.source_ip, call.source_vpce, region=call.region
            )
            reply: dict[str, Any] = getattr(client, _method(call.operation))(**call.params)
            for key, value in reply.items():
                if hasattr(value, "read"):
                    reply[key] = value.read()
            return reply

    def client(self, service: str) -> Any:
        """A boto3 client of this account and identity, for a person's own calls; it retries as boto3 does."""
        return self._client(service, None, None, attempts=_TRIES)

    def sdk_id(self, service: str) -> str:
        """What AWS's SDKs call a service, as EventBridge Scheduler's universal targets name it."""
        return str(self._client(service, None, None).meta.service_model.service_id).replace(" ", "").lower()

    def _assumed(self, asked: Mapping[str, Any]) -> Any:
        with translated("sts:AssumeRole", own_keys=True):
            return self._client("sts", None, None, attempts=_TRIES).assume_role(**asked)["Credentials"]

    def _answer(self, query: Query) -> Any:
        with translated(str(query), own_keys=True):
            client = self._client(query.service, None, None, attempts=_TRIES)
            method = _method(query.operation)
            if client.can_paginate(method):
                return client.get_paginator(method).paginate(**query.params).build_full_result()
            return getattr(client, method)(**query.params)

    def _client(
        self,
        service: str,
        signed_by: Credentials | None,
        source_ip: str | None,
        source_vpce: str | None = None,
        *,
        region: str | None = None,
        attempts: int = 1,
    ) -> Any:
        origin = {"x-chaoskit-source-ip": source_ip, "x-chaoskit-source-vpce": source_vpce}
        said = {header: value for header, value in origin.items() if value}
        key = (service, signed_by, tuple(said.items()), region, attempts)
        if key not in self._clients:
            self._clients[key] = self._make(service, signed_by, said, region, attempts)
        return self._clients[key]

    def _make(
        self,
        service: str,
        signed_by: Credentials | None,
        origin: Mapping[str, str],
        region: str | None,
        attempts: int,
    ) -> Any:
        from botocore.config import Config  # noqa: PLC0415 - importing chaoskit.aws must stay cheap

        keys = signed_by or self.connection.credentials
        session = self._session if self.connection.credentials is None else _shared()
        with _MAKING:
            client = session.client(
                service,
                region_name=region or self.region,
                endpoint_url=self.connection.endpoint_url,
                aws_access_key_id=keys.access_key_id if keys else None,
                aws_secret_access_key=keys.secret_access_key if keys else None,
                aws_session_token=keys.session_token if keys else None,
                config=Config(
                    user_agent_extra=self._user_agent,
                    retries={"mode": "standard", "total_max_attempts": attempts},
                    connect_timeout=_CONNECT_TIMEOUT_S,
                    read_timeout=_READ_TIMEOUT_S,
                    s3={"addressing_style": "path"} if self.connection.endpoint_url else None,
                ),
            )
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            bound = (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNCONFIRMED_S * 1000)
            client._endpoint.http_session._socket_options.append(bound)  # noqa: SLF001 - botocore has no setting for it
        if self.connection.endpoint_url and service == "s3control":
            # Its endpoint rules put the account before the host: `<account>.127.0.0.1` leads nowhere.
            client.meta.events.register("before-sign", self._straighten)
        if origin and self.connection.endpoint_url:

            def come_from(request: AWSRequest, **_: object) -> None:
                for header, value in origin.items():
                    request.headers[header] = value

            client.meta.events.register("before-sign", come_from)
        return client

    def _straighten(self, request: AWSRequest, **_: object) -> None:
        place = urlsplit(self.connection.endpoint_url or "")
        request.url = urlunsplit(urlsplit(request.url)._replace(netloc=place.netloc))

    @functools.cached_property
    def _session(self) -> Any:
        return _opened(self.connection.profile, self.connection.region)


def default_region(profile: str | None) -> str | None:
    """The region that the shared AWS config or the environment names.

    `AWS_REGION` counts too, though boto3 does not read it (AWS SDKs and Tools Reference Guide, "AWS Region").

    Raises:
        TargetError: There is no such profile.
    """
    import boto3  # noqa: PLC0415 - importing chaoskit.aws must stay cheap

    with translated("session", own_keys=True):
        region: str | None = boto3.session.Session(profile_name=profile).region_name
        return region or os.environ.get("AWS_REGION")


def _opened(profile: str | None, region: str | None) -> Any:
    import boto3  # noqa: PLC0415 - importing chaoskit.aws must stay cheap
    import botocore.session  # noqa: PLC0415 - as above

    models, own = _models(), botocore.session.get_session()
    own.register_component("data_loader", models)
    known = len(models.search_paths)
    with translated("session", own_keys=True):
        session = boto3.session.Session(botocore_session=own, profile_name=profile, region_name=region)
    del models.search_paths[known:]  # boto3 adds its own folder each time, which clients don't need
    return session


@functools.lru_cache(maxsize=256)
def _caller(connection: Connection) -> Aws:
    """Who assumes a run's roles: one client for all of them, which threads may share."""
    return Aws(connection)


@functools.cache
def _shared() -> Any:
    """The session behind all that brings its own keys: making one costs as much as several clients."""
    return _opened(None, None)


@functools.cache
def _models() -> Any:
    """The service models, read once: a run has several sessions, and reading costs most of a client."""
    from botocore.loaders import create_loader  # noqa: PLC0415 - importing chaoskit.aws must stay cheap

    return create_loader()


@functools.cache
def _method(operation: str) -> str:
    from botocore import xform_name  # noqa: PLC0415 - importing chaoskit.aws must stay cheap

    return str(xform_name(operation))


def _plain(value: Any) -> Any:
    """Only what JSON can hold, so that a state read back from the journal compares equal."""
    match value:
        case datetime():
            return value.isoformat()
        case bytes():
            return value.decode("utf-8", "backslashreplace")
        case dict():
            return {str(key): _plain(inner) for key, inner in value.items() if key != "ResponseMetadata"}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case _:
            return value
