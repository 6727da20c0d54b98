"""`lambda:Invoke`: the function's code from moto's state, run in its own process with its role's credentials.

Source: Lambda API Reference, Invoke; Lambda Developer Guide, "Understanding the execution environment".
"""

from __future__ import annotations

import base64
import json
import re
import threading
import uuid
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.utils import get_backend

from chaoskit.sandbox.endpoints import on_the_way
from chaoskit.sandbox.functions import process, report
from chaoskit.sandbox.functions.archive import Archive
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from chaoskit.sandbox.wire import ApiCall, Cloud, Principal

LOG_TAIL = 4096
"""Bytes of the log that `LogType=Tail` returns (Invoke, X-Amz-Log-Result)."""

QUEUE_POLL = 1.0
"""Seconds until a queued event is tried again."""

FUNCTION_NAME = re.compile(
    r"(?:arn:[\w-]+:lambda:(?P<region>[\w-]+):)?(?:(?P<account>\d{12}):function:)?"
    r"(?P<name>[\w-]+)(?::(?P<qualifier>\$LATEST|[\w-]+))?"
)


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of a function, past every check."""

    function: Any
    region: str
    request_id: str
    event: object
    client_context: object
    role: Principal
    root: Path
    log_stream: str

    @property
    def version(self) -> str:
        """`$LATEST` or the published version's number."""
        # moto keeps the unpublished version as the number 1 without a version in its ARN.
        arn = self.function.function_arn.split(":")
        return str(arn[7]) if len(arn) > 7 else "$LATEST"  # noqa: PLR2004 - the eighth field of a version's ARN


class Functions:
    """Answers `Invoke` for Python functions.

    Args:
        cloud: The sandbox it runs in.
        second: Wall seconds in one second of a function's timeout.
    """

    service = "lambda"

    def __init__(self, cloud: Cloud, *, second: float = 1.0) -> None:
        self._cloud = cloud
        self._second = second
        self._archive = Archive()
        self._running: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The one operation answered here; moto keeps the functions themselves."""
        return {"Invoke": self.invoke}

    def invoke(self, call: ApiCall) -> Mapping[str, Any]:
        """Run a function; `Event` answers 202 at once, `DryRun` 204 without running it."""
        kind = call.params.get("InvocationType", "RequestResponse")
        with self._cloud.lock:
            function, region = _find(call)
        event = _event(call.params.get("Payload"))
        _runnable(function)
        if kind == "DryRun":
            return _accepted(204)
        invocation = Invocation(
            function=function,
            region=region,
            request_id=call.request_id,
            event=event,
            client_context=_client_context(call.params.get("ClientContext")),
            role=self._assume(function),
            root=self._archive.unpack(function.code_sha_256, function.code_bytes),
            log_stream=f"{self._cloud.now():%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}",
        )
        if kind == "Event":
            self._cloud.spawn(lambda: self._run_event(invocation))
            return _accepted(202)
        with self._slot(function):
            outcome, error, lines = self._run(invocation)
        answer: dict[str, Any] = {
            "StatusCode": 200,
            "ExecutedVersion": invocation.version,
            "Payload": report.payload_bytes(outcome, error),
        }
        if error is not None:
            answer["FunctionError"] = "Unhandled"
        if call.params.get("LogType") == "Tail":
            text = "".join(f"{line}\n" for line in lines).encode()
            answer["LogResult"] = base64.b64encode(text[-LOG_TAIL:]).decode()
        return answer

    def _assume(self, function: Any) -> Principal:
        try:
            return self._cloud.assume(
                function.role,
                service="lambda.amazonaws.com",
                session_name=function.function_name,
                source_arn=function.function_arn,
            )
        except ApiError:
            raise ApiError(
                "InvalidParameterValueException",
                "The role defined for the function cannot be assumed by Lambda.",
            ) from None

    def _run_event(self, invocation: Invocation) -> None:
        # AWS queues an event until there is capacity; one for a function that has none at all is dropped.
        while _capacity(invocation.function) != 0:
            try:
                with self._slot(invocation.function):
                    self._run(invocation)
            except ApiError:
                before = self._cloud.now()
                self._cloud.sleep(QUEUE_POLL)
                if (self._cloud.now() - before).total_seconds() >= QUEUE_POLL / 2:
                    continue
                # Else the clock no longer makes anyone wait: the sandbox is going away.
            return

    def _run(self, invocation: Invocation) -> tuple[process.Outcome, dict[str, object] | None, list[str]]:
        function = invocation.function
        job = process.Job(
            root=invocation.root,
            handler=function.handler,
            event=invocation.event,
            context=_context(invocation),
            environment=self._environment(invocation),
            time_limit=int(function.timeout) * self._second,
            memory_mb=int(function.memory_size),
        )
        outcome = process.run(job, self._cloud.nursery)
        timeout = float(function.timeout)
        error = report.error_payload(outcome, request_id=invocation.request_id, timeout=timeout)
        lines = report.log_events(
            outcome,
            request_id=invocation.request_id,
            version=invocation.version,
            memory_mb=int(function.memory_size),
            timeout=timeout,
            ended=self._cloud.now(),
        )
        self._cloud.spawn(lambda: self._write_log(invocation, lines))
        return outcome, error, lines

    def _environment(self, invocation: Invocation) -> dict[str, str]:
        function = invocation.function
        return {
            **{str(key): str(value) for key, value in function.environment_vars.items()},
            **process.environment(
                self._cloud.credentials(invocation.role), url=self._cloud.url, region=invocation.region
            ),
            "_HANDLER": function.handler,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
            "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": invocation.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_LOG_GROUP_NAME": function.logs_group_name,
            "AWS_LAMBDA_LOG_STREAM_NAME": invocation.log_stream,
            "CHAOSKIT_REQUEST_ID": invocation.request_id,
            **self._network(invocation),
        }

    def _network(self, invocation: Invocation) -> dict[str, str]:
        """What the runtime is told of the VPC that a function stands in: the endpoints for its calls."""
        with self._cloud.lock:
            subnets = (invocation.function.vpc_config or {}).get("SubnetIds") or []
            account = str(invocation.function.account_id)
            ways = on_the_way(account, invocation.region, list(subnets))
        return {"CHAOSKIT_VPC_ENDPOINTS": json.dumps(ways)} if ways else {}

    def _write_log(self, invocation: Invocation, lines: list[str]) -> None:
        # The role itself writes the log: without logs:* permissions there is none, as on AWS.
        logs = self._cloud.client("logs", invocation.role, region=invocation.region)
        where = {"logGroupName": invocation.function.logs_group_name, "logStreamName": invocation.log_stream}
        at = int(self._cloud.now().timestamp() * 1000)
        events = [{"timestamp": at, "message": line} for line in lines if line]
        with suppress(ClientError):
            try:
                logs.create_log_stream(**where)
            except logs.exceptions.ResourceNotFoundException:
                with suppress(logs.exceptions.ResourceAlreadyExistsException):
                    logs.create_log_group(logGroupName=where["logGroupName"])
                logs.create_log_stream(**where)
            logs.put_log_events(**where, logEvents=events)

    @contextmanager
    def _slot(self, function: Any) -> Iterator[None]:
        arn = function.function_arn
        limit = _capacity(function)
        with self._lock:
            if limit is not None and self._running[arn] >= limit:
                raise _throttled()
            self._running[arn] += 1
        try:
            yield
        finally:
            with self._lock:
                self._running[arn] -= 1


def _capacity(function: Any) -> int | None:
    reserved = function.reserved_concurrency
    return None if reserved is None else int(reserved)


def _accepted(status: int) -> Mapping[str, Any]:
    return {"StatusCode": status, "Payload": b"", "ResponseMetadata": {"HTTPStatusCode": status}}


def _throttled() -> ApiError:
    return ApiError("TooManyRequestsException", "Rate Exceeded.", 429)


def _find(call: ApiCall) -> tuple[Any, str]:
    given = call.params["FunctionName"]
    parts = FUNCTION_NAME.fullmatch(given)
    if parts is None:
        raise ApiError("ValidationException", f"'{given}' is not a function's name or ARN.")
    account = parts["account"] or call.account
    region = parts["region"] or call.region
    qualifier = parts["qualifier"] or call.params.get("Qualifier")
    try:
        function = get_backend(account, region).get_function(parts["name"], qualifier)
    except UnknownFunctionException:
        arn = f"arn:aws:lambda:{region}:{account}:function:{parts['name']}"
        arn = f"{arn}:{qualifier}" if qualifier else arn
        raise ApiError("ResourceNotFoundException", f"Function not found: {arn}", 404) from None
    return function, region


def _event(payload: bytes | str | None) -> object:
    if not payload:
        return {}
    if len(payload) > report.PAYLOAD_LIMIT:
        message = (
            f"Request must be smaller than {report.PAYLOAD_LIMIT} bytes for the InvokeFunction operation"
        )
        raise ApiError("RequestTooLargeException", message, 413)
    try:
        return json.loads(payload)
    except ValueError as error:
        raise ApiError(
            "InvalidRequestContentException", f"Could not parse request body into json: {error}"
        ) from None


def _client_context(given: str | None) -> object:
    if not given:
        return None
    try:
        return json.loads(base64.b64decode(given))
    except ValueError:
        raise ApiError(
            "InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object."
        ) from None


def _runnable(function: Any) -> None:
    name = function.function_name
    if function.package_type != "Zip" or not function.code_bytes:
        what = "is a container image" if function.package_type != "Zip" else "has no code"
        raise ApiError(
            "InvalidParameterValueException", f"The embedded sandbox runs zip packages only; {name} {what}."
        )
    if not str(function.run_time).startswith("python3."):
        raise ApiError(
            "InvalidParameterValueException",
            f"The embedded sandbox runs Python functions only; {name} has the runtime {function.run_time}.",
        )
    if function.layers:
        raise ApiError(
            "InvalidParameterValueException", f"The embedded sandbox loads no layers; {name} has some."
        )


def _context(invocation: Invocation) -> dict[str, object]:
    function = invocation.function
    return {
        "aws_request_id": invocation.request_id,
        "function_name": function.function_name,
        "function_version": invocation.version,
        "invoked_function_arn": function.function_arn,
        "memory_limit_in_mb": str(function.memory_size),
        "log_group_name": function.logs_group_name,
        "log_stream_name": invocation.log_stream,
        "client_context": invocation.client_context,
    }
