"""From an HTTP request to a service, an operation and its parameters."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from chaoskit.sandbox import operations
from chaoskit.sandbox.http import HttpRequest
from chaoskit.sandbox.wire import ApiError
from tests.sandbox.aws import refusal

if TYPE_CHECKING:
    from tests.sandbox.aws import Aws

JSON = "application/x-amz-json-1.1"
FORM = "application/x-www-form-urlencoded; charset=utf-8"


def found(signing_name: str, http: HttpRequest) -> tuple[str, str, dict[str, Any]]:
    request = operations.normalize(http, signing_name, "us-east-1")
    target = operations.find(request, signing_name)
    return target.service, target.operation, operations.parse(target, request)


def post(path: str, body: bytes, **headers: str) -> HttpRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpRequest("POST", path, "", {"host": "127.0.0.1:1", **named}, body)


def get(path: str, host: str = "127.0.0.1:1", query: str = "") -> HttpRequest:
    return HttpRequest("GET", path, query, {"host": host}, b"")


def test_services_that_share_a_signing_name_are_told_apart() -> None:
    control = post(
        "/", b'{"EndpointName": "e"}', content_type=JSON, x_amz_target="SageMaker.DescribeEndpoint"
    )
    assert found("sagemaker", control) == ("sagemaker", "DescribeEndpoint", {"EndpointName": "e"})
    invoke = post("/endpoints/e/invocations", b"1,2", content_type="text/csv")
    service, operation, params = found("sagemaker", invoke)
    assert (service, operation) == ("sagemaker-runtime", "InvokeEndpoint")
    assert (params["EndpointName"], params["Body"]) == ("e", b"1,2")
    converse = post("/model/m.v1/converse", b'{"messages": []}', content_type="application/json")
    assert found("bedrock", converse)[:2] == ("bedrock-runtime", "Converse")
    assert found("bedrock", get("/guardrails"))[:2] == ("bedrock", "ListGuardrails")


@pytest.mark.parametrize(("version", "service"), [("2015-12-01", "elbv2"), ("2012-06-01", "elb")])
def test_query_services_are_told_apart_by_their_version(version: str, service: str) -> None:
    body = f"Action=DescribeLoadBalancers&Version={version}".encode()
    assert found("elasticloadbalancing", post("/", body, content_type=FORM))[0] == service


def test_one_path_is_several_operations_whichever_was_asked_for_before() -> None:
    copy = {"x-amz-copy-source": "other/key"}
    for _ in range(2):
        told = [
            found("s3", HttpRequest(method, "/data/key", query, {"host": "127.0.0.1:1", **more}, b""))[1:]
            for method, query, more in (
                ("PUT", "", {}),
                ("PUT", "", copy),
                ("PUT", "tagging", {}),
                ("GET", "", {}),
                ("GET", "tagging", {}),
                ("GET", "versionId=7", {}),
            )
        ]
        assert [operation for operation, _ in told] == [
            *("PutObject", "CopyObject", "PutObjectTagging"),
            *("GetObject", "GetObjectTagging", "GetObject"),
        ]
        assert [params.get("VersionId") for _, params in told] == [*[None] * 5, "7"]


def test_an_object_keeps_a_body_that_looks_like_a_form() -> None:
    sent = HttpRequest("PUT", "/data/key", "", {"host": "127.0.0.1:1", "content-type": FORM}, b"a=1&b=2")
    service, operation, params = found("s3", sent)
    assert (service, operation, params["Body"]) == ("s3", "PutObject", b"a=1&b=2")


def test_a_bucket_may_stand_in_the_host_or_in_the_path() -> None:
    wanted = ("s3", "GetObject", "data", "a/b")
    for http in (get("/data/a/b"), get("/a/b", "data.localhost:1")):
        service, operation, params = found("s3", http)
        assert (service, operation, params["Bucket"], params["Key"]) == wanted


def test_s3_control_is_known_by_its_path_and_its_account_by_the_host() -> None:
    http = get("/v20180820/configuration/publicAccessBlock", "444455556666.127.0.0.1:1")
    http.headers["x-amz-account-id"] = "444455556666"
    assert found("s3", http) == ("s3control", "GetPublicAccessBlock", {"AccountId": "444455556666"})


def test_a_compressed_request_is_read() -> None:
    body = gzip.compress(b'{"QueueName": "q"}')
    http = post("/", body, content_type=JSON, x_amz_target="AmazonSQS.CreateQueue", content_encoding="gzip")
    assert found("sqs", http) == ("sqs", "CreateQueue", {"QueueName": "q"})


@pytest.mark.parametrize(
    ("signing_name", "http", "code"),
    [
        ("sqs", post("/", b"{}", content_type=JSON, x_amz_target="AmazonSQS.Frobnicate"), "UnknownOperation"),
        ("nosuchservice", get("/"), "UnknownService"),
        ("lambda", get("/2015-03-31/no-such-path"), "UnknownOperation"),
    ],
)
def test_what_is_not_known_is_refused_in_words(signing_name: str, http: HttpRequest, code: str) -> None:
    with pytest.raises(ApiError, match=code):
        found(signing_name, http)


def test_a_body_that_is_not_what_the_model_says_is_refused() -> None:
    with pytest.raises(ApiError, match="SerializationException"):
        found("sqs", post("/", b"{", content_type=JSON, x_amz_target="AmazonSQS.CreateQueue"))


def test_a_region_that_does_not_exist_is_refused(aws: Aws) -> None:
    key = aws.served.credentials["admin"]
    client = boto3.client(
        "sqs",
        endpoint_url=aws.url,
        region_name="mars-east-1",
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
        config=Config(retries={"total_max_attempts": 1}),
    )
    assert "valid region" in refusal(client.list_queues)[1]
