"""Who may speak at all: signatures, keys, tokens, presigned URLs."""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.auth import S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from tests.sandbox.aws import MEMBER, ONCE, allow, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.aws import Aws

# Service -> how it says: wrong signature, unknown key (each service's "Common Errors").
WORDS = {
    "iam": ("SignatureDoesNotMatch", 403, "InvalidClientTokenId", 403),
    "sts": ("SignatureDoesNotMatch", 403, "InvalidClientTokenId", 403),
    "s3": ("SignatureDoesNotMatch", 403, "InvalidAccessKeyId", 403),
    "kms": ("InvalidSignatureException", 400, "UnrecognizedClientException", 400),
    "sagemaker": ("InvalidSignatureException", 400, "UnrecognizedClientException", 400),
    "lambda": ("InvalidSignatureException", 403, "UnrecognizedClientException", 403),
    "ec2": ("AuthFailure", 401, "AuthFailure", 401),
}
READS = {
    "iam": "list_users",
    "sts": "get_caller_identity",
    "s3": "list_buckets",
    "kms": "list_keys",
    "sagemaker": "list_models",
    "lambda": "list_functions",
    "ec2": "describe_regions",
}


@pytest.mark.parametrize("service", WORDS)
def test_a_wrong_secret_is_refused_in_the_words_of_each_protocol(aws: Aws, service: str) -> None:
    key = aws.served.credentials["admin"]
    client = aws.with_keys(service, key.access_key_id, "x" * 40)
    code, _, status = refusal(getattr(client, READS[service]))
    assert (code, status) == WORDS[service][:2]


@pytest.mark.parametrize("service", WORDS)
def test_an_unknown_key_is_refused_in_the_words_of_each_protocol(aws: Aws, service: str) -> None:
    client = aws.with_keys(service, "AKIAIOSFODNN7EXAMPLE", "x" * 40)
    code, _, status = refusal(getattr(client, READS[service]))
    assert (code, status) == WORDS[service][2:]


def test_a_new_key_works_at_once_and_an_inactive_one_no_more(aws: Aws) -> None:
    key = aws.user("rotating", allow("iam:ListUsers"))
    iam = aws.with_keys("iam", **key)
    assert iam.list_users()["Users"]
    aws.client("iam").update_access_key(UserName="rotating", AccessKeyId=key["key"], Status="Inactive")
    assert refusal(iam.list_users)[0] == "InvalidClientTokenId"
    aws.client("iam").update_access_key(UserName="rotating", AccessKeyId=key["key"], Status="Active")
    assert iam.list_users()["Users"]
    aws.client("iam").delete_access_key(UserName="rotating", AccessKeyId=key["key"])
    assert refusal(iam.list_users)[0] == "InvalidClientTokenId"


def test_a_key_belongs_to_its_account(aws: Aws) -> None:
    assert aws.client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{MEMBER}:user/admin"
    assert aws.client("sts", "management").get_caller_identity()["Account"] == "111122223333"


def test_a_role_session_needs_its_token(aws: Aws) -> None:
    session = assumed(aws, "tokens")
    without = aws.with_keys("sts", session["key"], session["secret"])
    assert refusal(without.get_caller_identity)[0] == "InvalidClientTokenId"
    other = assumed(aws, "tokens-of-another")
    mixed = aws.with_keys("s3", session["key"], session["secret"], other["token"])
    assert refusal(mixed.list_buckets)[0] == "InvalidToken"
    whole = aws.with_keys("sts", **session)
    assert whole.get_caller_identity()["Arn"].endswith(":assumed-role/tokens/test")


def test_a_role_session_ends_on_the_sandbox_clock(aws: Aws) -> None:
    session = assumed(aws, "brief")
    clients = {service: aws.with_keys(service, **session) for service in ("sts", "kms", "s3")}
    assert clients["sts"].get_caller_identity()["Account"] == MEMBER
    aws.served.cloud.clock.advance(3601)
    assert refusal(clients["sts"].get_caller_identity)[0] == "ExpiredToken"
    assert refusal(clients["kms"].list_keys)[0] == "ExpiredTokenException"
    assert refusal(clients["s3"].list_buckets)[0] == "ExpiredToken"


def assumed(aws: Aws, role: str) -> dict[str, str]:
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{MEMBER}:root"},
        "Action": "sts:AssumeRole",
    }
    arn = aws.role(role, trust, allow("*"))
    made = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    return {
        "key": made["AccessKeyId"],
        "secret": made["SecretAccessKey"],
        "token": made["SessionToken"],
    }


@pytest.fixture(scope="module")
def letter(aws: Aws) -> str:
    """A bucket with one object in it."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="presigned")
    s3.put_object(Bucket="presigned", Key="a letter/ü+&.txt", Body=b"dear reader")
    return "presigned"


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_a_presigned_url_opens_exactly_what_it_was_made_for(aws: Aws, letter: str, version: str) -> None:
    key = aws.served.credentials["admin"]
    config = Config(signature_version=version, s3={"addressing_style": "path"})
    s3 = aws.with_keys("s3", key.access_key_id, key.secret_access_key, config=config)
    url = s3.generate_presigned_url("get_object", {"Bucket": letter, "Key": "a letter/ü+&.txt"}, 60)
    assert fetch(url) == (200, b"dear reader")
    assert fetch(url.replace("letter", "litter"))[0] == 403
    assert fetch(url, method="DELETE")[0] == 403


def test_a_presigned_url_expires(aws: Aws, letter: str) -> None:
    key = aws.served.credentials["admin"]
    made = datetime.now(UTC) - timedelta(hours=2)
    url = presigned(aws, f"/{letter}/a", key.access_key_id, key.secret_access_key, made, 3600)
    status, body = fetch(url)
    assert status == 403
    assert b"Request has expired" in body


def presigned(aws: Aws, path: str, key: str, secret: str, at: datetime, lifetime: int) -> str:
    signer = S3SigV4QueryAuth(Credentials(key, secret), "s3", "us-east-1", expires=lifetime)
    request = AWSRequest(method="GET", url=aws.url + path)
    request.context["timestamp"] = at.strftime("%Y%m%dT%H%M%SZ")
    signer._modify_request_before_signing(request)
    to_sign = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(to_sign, request))
    return str(request.url)


def fetch(
    url: str, method: str = "GET", headers: dict[str, str] | None = None, data: bytes | None = None
) -> tuple[int, bytes]:
    request = urllib.request.Request(url, method=method, headers=headers or {}, data=data)  # noqa: S310 - the sandbox's own URL
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310 - as above
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_a_request_signed_long_ago_is_refused(aws: Aws) -> None:
    key = aws.served.credentials["admin"]
    old = (datetime.now(UTC) - timedelta(minutes=16)).strftime("%Y%m%dT%H%M%SZ")
    status, body = signed_post(
        aws,
        "sts",
        b"Action=GetCallerIdentity&Version=2011-06-15",
        key.access_key_id,
        key.secret_access_key,
        old,
    )
    assert status == 403
    assert b"Signature expired" in body


def signed_post(
    aws: Aws, service: str, body: bytes, key: str, secret: str, timestamp: str
) -> tuple[int, bytes]:
    signer = SigV4Auth(Credentials(key, secret), service, "us-east-1")
    request = AWSRequest("POST", aws.url + "/", data=body)
    request.headers["Content-Type"] = "application/x-www-form-urlencoded"
    request.headers["X-Amz-Date"] = timestamp
    request.context["timestamp"] = timestamp
    to_sign = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(to_sign, request))
    return fetch(aws.url + "/", "POST", dict(request.headers.items()), body)


def test_a_body_changed_on_the_way_is_noticed(aws: Aws) -> None:
    key = aws.served.credentials["admin"]
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    signer = SigV4Auth(Credentials(key.access_key_id, key.secret_access_key), "sts", "us-east-1")
    request = AWSRequest("POST", aws.url + "/", data=body)
    request.headers["X-Amz-Date"] = now
    request.headers["Content-Type"] = "application/x-www-form-urlencoded"
    request.context["timestamp"] = now
    to_sign = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(to_sign, request))
    headers = dict(request.headers.items())
    assert fetch(aws.url + "/", "POST", headers, body)[0] == 200
    status, answer = fetch(aws.url + "/", "POST", headers, b"Action=GetSessionToken&Version=2011-06-15")
    assert status == 403
    assert b"SignatureDoesNotMatch" in answer


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "secretsmanager.ListSecrets"}
V4 = "AWS4-HMAC-SHA256"


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        (FORM, b"Action=ListUsers&Version=2010-05-08", b"MissingAuthenticationToken"),
        (JSON, b"{}", b"MissingAuthenticationTokenException"),
        ({"Authorization": f"{V4} nonsense"}, b"", b"IncompleteSignature"),
        ({"Authorization": "Bearer nonsense"}, b"", b"InvalidRequest"),
        (
            {"Authorization": f"{V4} Credential=a/b, SignedHeaders=host, Signature=0"},
            b"",
            b"IncompleteSignature",
        ),
    ],
)
def test_an_unreadable_or_missing_signature_is_an_error_in_words(
    aws: Aws, headers: dict[str, str], body: bytes, code: bytes
) -> None:
    status, answer = fetch(aws.url + "/", "POST", headers, body)
    assert 400 <= status < 500
    assert code in answer


def test_every_answer_carries_a_request_id(aws: Aws) -> None:
    for client, call in (("sts", "get_caller_identity"), ("kms", "list_keys"), ("s3", "list_buckets")):
        metadata = getattr(aws.client(client), call)()["ResponseMetadata"]
        assert len(metadata["RequestId"]) == 36


def test_chunked_uploads_are_put_together_and_their_checksums_kept(aws: Aws, letter: str) -> None:
    key = aws.served.credentials["admin"]
    client = boto3.client(
        "s3",
        endpoint_url=aws.url,
        region_name="us-east-1",
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
        config=ONCE.merge(Config(request_checksum_calculation="when_supported")),
    )
    client.put_object(Bucket=letter, Key="sum", Body=b"12345" * 4000, ChecksumAlgorithm="SHA256")
    stored = client.get_object(Bucket=letter, Key="sum", ChecksumMode="ENABLED")
    assert stored["Body"].read() == b"12345" * 4000
    assert "aws-chunked" not in stored.get("ContentEncoding", "")


def test_a_session_of_a_user_is_that_user(aws: Aws) -> None:
    key = aws.user("with-session", allow("sts:*"))
    made = aws.with_keys("sts", **key).get_session_token()["Credentials"]
    session = aws.with_keys("sts", made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    assert session.get_caller_identity()["Arn"] == f"arn:aws:iam::{MEMBER}:user/with-session"
    assert refusal(session.get_session_token)[0] == "AccessDenied"


def test_a_source_address_counts_only_when_it_is_signed(aws: Aws) -> None:
    outside = allow("sqs:ListQueues", Condition={"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}})
    key = aws.user("traveller", outside)
    header = {"x-chaoskit-source-ip": "198.51.100.7"}

    def from_there(when: str) -> Any:
        client = aws.with_keys("sqs", **key)
        client.meta.events.register(f"{when}.sqs.ListQueues", adding(header))
        return client.list_queues

    assert from_there("before-sign")()["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert refusal(from_there("before-send"))[0] == "AccessDenied"


def adding(headers: dict[str, str]) -> Callable[..., None]:
    def add(request: Any, **_: object) -> None:
        for name, value in headers.items():
            request.headers[name] = value

    return add
