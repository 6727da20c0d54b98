from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from chaoskit.sandbox.inward import bring

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaoskit.sandbox.server import Served

NOBODY_LISTENS = "http://127.0.0.1:1"


@pytest.fixture
def inward(served: Served) -> Callable[[str], Any]:
    """Clients of an endpoint that nobody is at, whose calls are brought to the gateway."""
    key = served.credentials["admin"]

    def client(service: str) -> Any:
        made = boto3.client(
            service,
            endpoint_url=NOBODY_LISTENS,
            region_name="us-east-1",
            aws_access_key_id=key.access_key_id,
            aws_secret_access_key=key.secret_access_key,
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )
        bring(made, served.cloud.answer)
        return made

    return client


@pytest.mark.parametrize("body", [b"as bytes", io.BytesIO(b"as a file")], ids=["bytes", "file"])
def test_what_is_put_without_a_socket_is_read_back_as_a_stream(
    inward: Callable[[str], Any], body: bytes | io.BytesIO
) -> None:
    s3 = inward("s3")
    s3.create_bucket(Bucket="inward")
    s3.put_object(Bucket="inward", Key="ä b", Body=body, Metadata={"a_b": "kept"})
    got = s3.get_object(Bucket="inward", Key="ä b")
    expected = body if isinstance(body, bytes) else body.getvalue()
    assert (got["Body"].read(), got["Metadata"]) == (expected, {"a_b": "kept"})


def test_a_refusal_comes_as_it_would_over_the_wire(inward: Callable[[str], Any]) -> None:
    with pytest.raises(ClientError) as refused:
        inward("iam").get_role(RoleName="nobody")
    assert refused.value.response["Error"]["Code"] == "NoSuchEntity"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_a_call_without_a_socket_is_recorded_like_any_other(
    inward: Callable[[str], Any], served: Served
) -> None:
    inward("sts").get_caller_identity()
    events = inward("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "GetCallerIdentity"}]
    )["Events"]
    assert events[0]["AccessKeyId"] == served.credentials["admin"].access_key_id
