"""`lambda:Invoke` through the served sandbox: real code, a real role, real logs."""

from __future__ import annotations

import base64
import io
import itertools
import json
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from chaoskit.sandbox.functions.provider import Functions
from chaoskit.sandbox.server import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.sandbox.server import Served

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
LOGS = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
ECHO = "def handler(event, context):\n    print('got', event)\n    return event\n"


@dataclass
class Aws:
    served: Served
    names: Iterator[str] = field(default_factory=lambda: (f"test-{number}" for number in itertools.count()))

    def client(self, service: str) -> Any:
        key = self.served.credentials["admin"]
        return boto3.client(
            service,
            endpoint_url=self.served.url,
            region_name="us-east-1",
            aws_access_key_id=key.access_key_id,
            aws_secret_access_key=key.secret_access_key,
            config=Config(retries={"total_max_attempts": 1}),
        )

    def role(self, *actions: str) -> str:
        iam, name = self.client("iam"), next(self.names)
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        allow = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        iam.put_role_policy(RoleName=name, PolicyName="allow", PolicyDocument=document)
        return arn

    def function(self, code: str, *actions: str, **more: object) -> str:
        name = next(self.names)
        settings = {"Runtime": "python3.12", "Handler": "app.handler", "Timeout": 100, **more}
        self.client("lambda").create_function(
            FunctionName=name, Role=self.role(*(actions or LOGS)), Code={"ZipFile": package(code)}, **settings
        )
        return name

    def invoke(self, name: str, event: object = None, **more: object) -> dict[str, Any]:
        answer = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event), **more)
        body = answer["Payload"].read()
        return {**answer, "Payload": json.loads(body) if body else None}

    def log(self, name: str) -> list[str]:
        assert self.served.cloud.idle(5)
        events = self.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        return [event["message"] for event in events]


def package(code: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("app.py", code)
        archive.writestr("helper/__init__.py", "WORD = 'helped'\n")
    return content.getvalue()


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with serve() as served:
        served.cloud.gateway.add_provider(Functions(served.cloud, second=0.05))
        yield Aws(served)


def test_a_function_answers_with_what_its_handler_returns(aws: Aws) -> None:
    answer = aws.invoke(aws.function(ECHO), {"a": [1, "é"]})
    assert (answer["StatusCode"], answer["Payload"]) == (200, {"a": [1, "é"]})
    assert answer["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in answer


def test_a_function_uses_aws_with_its_own_role(aws: Aws) -> None:
    code = """\
import boto3
def handler(event, context):
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=event["bucket"])
    s3.put_object(Bucket=event["bucket"], Key="k", Body=b"made by a function")
    return boto3.client("sts").get_caller_identity()["Arn"]
"""
    name = aws.function(code, "s3:CreateBucket", "s3:PutObject")
    answer = aws.invoke(name, {"bucket": "bucket-of-a-function"})
    assert answer["Payload"].startswith("arn:aws:sts::444455556666:assumed-role/")
    assert answer["Payload"].endswith(f"/{name}")
    body = aws.client("s3").get_object(Bucket="bucket-of-a-function", Key="k")["Body"].read()
    assert body == b"made by a function"


def test_a_function_whose_role_lacks_the_permission_fails_with_awss_denial(aws: Aws) -> None:
    code = "import boto3\ndef handler(e, c):\n    boto3.client('iam').list_users()\n"
    answer = aws.invoke(aws.function(code))
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == "ClientError"
    assert "is not authorized to perform: iam:ListUsers" in answer["Payload"]["errorMessage"]


def test_a_function_sees_its_package_its_variables_and_its_context(aws: Aws) -> None:
    code = """\
import os, helper
def handler(event, context):
    return [
        helper.WORD, os.environ["COLOUR"], os.environ["AWS_LAMBDA_FUNCTION_NAME"], context.function_name,
        context.memory_limit_in_mb, context.invoked_function_arn, context.get_remaining_time_in_millis() > 0,
        context.aws_request_id,
    ]
"""
    name = aws.function(code, Environment={"Variables": {"COLOUR": "red"}}, MemorySize=256, Timeout=10)
    answer = aws.invoke(name)
    arn = f"arn:aws:lambda:us-east-1:444455556666:function:{name}"
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert answer["Payload"] == ["helped", "red", name, name, "256", arn, True, request_id]


def test_an_exception_becomes_an_unhandled_error_with_its_trace(aws: Aws) -> None:
    answer = aws.invoke(aws.function("def handler(e, c):\n    return e['missing']\n"), {})
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert answer["Payload"]["errorType"] == "KeyError"
    assert answer["Payload"]["errorMessage"] == "'missing'"
    assert "line 2, in handler" in answer["Payload"]["stackTrace"][0]


@pytest.mark.parametrize(
    ("code", "handler", "kind", "words"),
    [
        (ECHO, "nowhere.handler", "Runtime.ImportModuleError", "Unable to import module 'nowhere'"),
        (ECHO, "app.absent", "Runtime.HandlerNotFound", "Handler 'absent' missing on module 'app'"),
        (ECHO, "app", "Runtime.MalformedHandlerName", "Bad handler 'app'"),
        ("def handler(:\n", "app.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        (
            "def handler(e, c):\n    return {1, 2}\n",
            "app.handler",
            "Runtime.MarshalError",
            "not JSON serializable",
        ),
        (
            "import sys\ndef handler(e, c):\n    sys.exit(3)\n",
            "app.handler",
            "Runtime.ExitError",
            "exit status 3",
        ),
        (
            "def handler(e, c):\n    return len(bytearray(300 * 2**20))\n",
            "app.handler",
            "Runtime.ExitError",
            "signal: killed",
        ),
        (
            "def handler(e, c):\n    return 'x' * (7 * 2**20)\n",
            "app.handler",
            "Function.ResponseSizeTooLarge",
            "6291456 bytes",
        ),
    ],
)
def test_the_runtimes_own_errors_are_named_as_aws_names_them(
    aws: Aws, code: str, handler: str, kind: str, words: str
) -> None:
    answer = aws.invoke(aws.function(code, Handler=handler))
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == kind
    assert words in answer["Payload"]["errorMessage"]


def test_a_function_past_its_timeout_ends_with_awss_words(aws: Aws) -> None:
    name = aws.function("def handler(e, c):\n    print('begun')\n    while True: pass\n", Timeout=3)
    answer = aws.invoke(name)
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorMessage"].endswith("Task timed out after 3.00 seconds")
    log = aws.log(name)
    assert "begun" in log
    assert any(line.endswith("Task timed out after 3.00 seconds") for line in log)


def test_an_invocation_is_logged_from_start_to_report(aws: Aws) -> None:
    name = aws.function("import logging\ndef handler(e, c):\n    print('one')\n    logging.warning('two')\n")
    request_id = aws.invoke(name)["ResponseMetadata"]["RequestId"]
    log = aws.log(name)
    assert log[0] == f"START RequestId: {request_id} Version: $LATEST"
    assert log[1] == "one"
    assert log[2].startswith("[WARNING]\t")
    assert log[2].endswith(f"\t{request_id}\ttwo")
    assert log[3] == f"END RequestId: {request_id}"
    assert log[4].startswith(f"REPORT RequestId: {request_id}\tDuration: ")
    assert "Memory Size: 128 MB" in log[4]


def test_an_error_is_logged_with_its_traceback(aws: Aws) -> None:
    name = aws.function("def handler(e, c):\n    raise ValueError('bad')\n")
    aws.invoke(name)
    error = next(line for line in aws.log(name) if line.startswith("[ERROR]"))
    assert error.startswith("[ERROR] ValueError: bad\nTraceback (most recent call last):\n")


def test_the_log_tail_comes_with_the_answer_when_asked_for(aws: Aws) -> None:
    name = aws.function(ECHO)
    tail = base64.b64decode(aws.invoke(name, {"a": 1}, LogType="Tail")["LogResult"]).decode()
    assert tail.startswith("START RequestId: ")
    assert "got {'a': 1}" in tail
    assert "LogResult" not in aws.invoke(name)


def test_without_permission_to_write_logs_there_are_none_and_the_function_still_runs(aws: Aws) -> None:
    name = aws.function(ECHO, "s3:ListAllMyBuckets")
    assert aws.invoke(name, 1)["Payload"] == 1
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        aws.log(name)


def test_an_event_is_accepted_at_once_and_run_in_the_background(aws: Aws) -> None:
    code = "import boto3\ndef handler(e, c):\n    boto3.client('s3').create_bucket(Bucket=e['bucket'])\n"
    name = aws.function(code, "s3:CreateBucket", *LOGS)
    answer = aws.invoke(name, {"bucket": "made-by-an-event"}, InvocationType="Event")
    assert (answer["StatusCode"], answer["Payload"]) == (202, None)
    assert aws.served.cloud.idle(10)
    assert "made-by-an-event" in {each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]}


def test_a_dry_run_checks_and_runs_nothing(aws: Aws) -> None:
    name = aws.function(ECHO)
    assert aws.invoke(name, InvocationType="DryRun")["StatusCode"] == 204
    with pytest.raises(ClientError):
        aws.log(name)


def test_new_code_is_what_runs_next(aws: Aws) -> None:
    name = aws.function("def handler(e, c):\n    return 'old'\n")
    assert aws.invoke(name)["Payload"] == "old"
    client = aws.client("lambda")
    client.update_function_code(FunctionName=name, ZipFile=package("def handler(e, c):\n    return 'new'\n"))
    assert aws.invoke(name)["Payload"] == "new"


def test_a_function_is_found_by_name_arn_version_and_alias(aws: Aws) -> None:
    name, client = aws.function("def handler(e, c):\n    return c.function_version\n"), aws.client("lambda")
    arn = f"arn:aws:lambda:us-east-1:444455556666:function:{name}"
    version = client.publish_version(FunctionName=name)["Version"]
    client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    assert [aws.invoke(each)["Payload"] for each in (name, arn, f"{name}:$LATEST")] == ["$LATEST"] * 3
    assert aws.invoke(name, Qualifier=version)["Payload"] == version
    assert aws.invoke(f"{arn}:live")["Payload"] == version
    assert aws.invoke(name, Qualifier="live")["ExecutedVersion"] == version


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"Runtime": "nodejs22.x"}, "InvalidParameterValueException"),
        ({"Runtime": "python2.7"}, "InvalidParameterValueException"),
    ],
)
def test_a_function_that_cannot_run_here_is_refused_clearly(
    aws: Aws, settings: dict[str, str], code: str
) -> None:
    name = aws.function(ECHO, **settings)
    with pytest.raises(
        ClientError, match=f"The embedded sandbox runs Python functions only; {name}"
    ) as caught:
        aws.invoke(name)
    assert caught.value.response["Error"]["Code"] == code


def test_a_function_that_is_not_there_is_not_found(aws: Aws) -> None:
    with pytest.raises(ClientError) as caught:
        aws.invoke("nobody")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert "Function not found: arn:aws:lambda:us-east-1:444455556666:function:nobody" in str(caught.value)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_a_payload_that_is_not_json_is_refused(aws: Aws) -> None:
    with pytest.raises(ClientError) as caught:
        aws.client("lambda").invoke(FunctionName=aws.function(ECHO), Payload=b"{not json")
    assert caught.value.response["Error"]["Code"] == "InvalidRequestContentException"


def test_a_reserved_concurrency_of_zero_throttles_calls_and_drops_events(aws: Aws) -> None:
    name = aws.function(ECHO)
    aws.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError) as caught:
        aws.invoke(name)
    assert caught.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert aws.invoke(name, InvocationType="Event")["StatusCode"] == 202
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        aws.log(name)


def test_events_beyond_the_reserved_concurrency_wait_for_their_turn(aws: Aws) -> None:
    name = aws.function(ECHO)
    aws.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    for number in range(2):
        aws.invoke(name, number, InvocationType="Event")
    while not aws.served.cloud.idle(0.05):
        aws.served.cloud.clock.advance(1)
    assert {line for line in aws.log(name) if line.startswith("got")} == {"got 0", "got 1"}


def test_calls_beyond_the_reserved_concurrency_are_throttled(aws: Aws) -> None:
    name = aws.function("def handler(e, c):\n    while True: pass\n", Timeout=4)
    aws.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    together = threading.Barrier(2)

    def outcome(_: int) -> str:
        together.wait()
        try:
            return str(aws.invoke(name)["Payload"]["errorType"])
        except ClientError as error:
            return str(error.response["Error"]["Code"])

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(outcome, range(2))) == ["Sandbox.Timedout", "TooManyRequestsException"]


def test_a_role_that_does_not_trust_lambda_cannot_be_used(aws: Aws) -> None:
    name = aws.function(ECHO)
    role = aws.client("lambda").get_function(FunctionName=name)["Configuration"]["Role"].rpartition("/")[2]
    trust = json.dumps(TRUST).replace("lambda.", "ec2.")
    aws.client("iam").update_assume_role_policy(RoleName=role, PolicyDocument=trust)
    with pytest.raises(ClientError, match="The role defined for the function cannot be assumed by Lambda"):
        aws.invoke(name)
