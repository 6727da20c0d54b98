"""Connections to an account, and what is asked and sent through them."""

from __future__ import annotations

import functools
import json
import os
import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chaoskit.aws.calls import Call, Credentials
from chaoskit.aws.failures import translated
from chaoskit.aws.inbox import Inboxes
from chaoskit.aws.pool import Caller, Pool, calling, made
from chaoskit.errors import AwsError, TargetError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chaoskit.aws.budget import Spending
    from chaoskit.aws.calls import Query
    from chaoskit.aws.inbox import Message

_READS = re.compile(
    r"(Get|List|Describe|Head|Lookup|Search|Filter|BatchGet|Query|Scan|Select|Simulate|Receive|Validate|"
    # They ask: events, logs, Athena, Bedrock.
    r"Test(EventPattern|MetricFilter)$|StartQuery(Execution)?$|ApplyGuardrail$)"
)
_TOO_LARGE = "PackedPolicyTooLarge"
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach an account: region, endpoint, and where credentials come from.

    Attributes:
        region: The region that calls go to.
        endpoint_url: The embedded sandbox's URL, or None for AWS itself.
        profile: A profile of the shared config, or None for the default chain.
        credentials: Keys to use instead of a profile.
        expires: When `credentials` end; None when they don't, or when boto3 refreshes them.
        pool: The clients that it shares with every connection that was made of it or it was made of.
        budget: What may be asked of AWS in a second; likewise. None leaves that to AWS.
    """

    region: str
    endpoint_url: str | None = None
    profile: str | None = None
    credentials: Credentials | None = field(default=None, repr=False)
    expires: datetime | None = None
    pool: Pool = field(default_factory=Pool, repr=False, compare=False)
    budget: Spending | None = field(default=None, repr=False, compare=False)

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
        aws = Aws(self)
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


def only_reads(operation: str) -> bool:
    """Whether an operation, as AWS writes its name, changes nothing."""
    return _READS.match(operation) is not None


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
        self._caller = Caller(
            connection.credentials, user_agent, spend=self._spend if connection.budget else None
        )
        self._persons: dict[str, Any] = {}

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
        with translated("sqs:ReceiveMessage", own_keys=True), calling(self._caller):
            return self._inboxes.of(queue_url).messages(self._client("sqs", attempts=_TRIES))

    def environment(self) -> Mapping[str, str]:
        """See `Lender`. It holds the credentials: for a child process only, never to be written down.

        Raises:
            TargetError: There are no usable credentials.
        """
        keys = self.connection.credentials
        if keys is None:
            with translated("session", own_keys=True):
                session = self.connection.pool.session(self.connection.profile, self.region)
                held = session.get_credentials()
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
        origin = {"x-chaoskit-source-ip": call.source_ip, "x-chaoskit-source-vpce": call.source_vpce}
        said = {header: value for header, value in origin.items() if value}
        caller = replace(self._caller, keys=call.signed_by or self._caller.keys, headers=said)
        with translated(str(call), own_keys=call.signed_by is None), calling(caller):
            client = self._client(call.service, region=call.region)
            reply: dict[str, Any] = getattr(client, _method(call.operation))(**call.params)
            for key, value in reply.items():
                if hasattr(value, "read"):
                    reply[key] = value.read()
            return reply

    def client(self, service: str) -> Any:
        """A boto3 client of this account and identity, for a person's own calls; it retries as boto3 does."""
        if service not in self._persons:
            to, keys = self.connection, self.connection.credentials
            self._persons[service] = made(
                to.pool.for_people(to.profile, to.region).client,
                service,
                to.endpoint_url,
                _TRIES,
                user_agent_extra=self._caller.user_agent,
                aws_access_key_id=keys.access_key_id if keys else None,
                aws_secret_access_key=keys.secret_access_key if keys else None,
                aws_session_token=keys.session_token if keys else None,
            )
        return self._persons[service]

    def sdk_id(self, service: str) -> str:
        """What AWS's SDKs call a service, as EventBridge Scheduler's universal targets name it."""
        return str(self._client(service).meta.service_model.service_id).replace(" ", "").lower()

    def _assumed(self, asked: Mapping[str, Any]) -> Any:
        with translated("sts:AssumeRole", own_keys=True), calling(self._caller):
            return self._client("sts", attempts=_TRIES).assume_role(**asked)["Credentials"]

    def _answer(self, query: Query) -> Any:
        with translated(str(query), own_keys=True), calling(self._caller):
            client = self._client(query.service, attempts=_TRIES)
            method = _method(query.operation)
            if pages := self.connection.pool.pages(client, method):
                return pages.paginate(**query.params).build_full_result()
            return getattr(client, method)(**query.params)

    def _spend(self, service: str, operation: str) -> None:
        if self.connection.budget:
            self.connection.budget.spend(service, operation, self.account, self.region)

    def _client(self, service: str, *, region: str | None = None, attempts: int = 1) -> Any:
        to = self.connection
        return to.pool.client(service, region or to.region, to.endpoint_url, to.profile, attempts)


def default_region(profile: str | None) -> str | None:
    """The region that the shared AWS config or the environment names.

    `AWS_REGION` counts too, though boto3 does not read it (AWS SDKs and Tools Reference Guide, "AWS Region").

    Raises:
        TargetError: There is no such profile.
    """
    from botocore.session import Session  # noqa: PLC0415 - importing chaoskit.aws must stay cheap

    with translated("session", own_keys=True):
        region: str | None = Session(profile=profile).get_config_variable("region")
        return region or os.environ.get("AWS_REGION")


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
