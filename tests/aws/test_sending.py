"""What a request will look like, written by botocore's own serializer."""

from __future__ import annotations

import pytest

from chaoskit.aws import Call
from chaoskit.aws.sending import sending


def test_s3_parameters_become_headers() -> None:
    written = sending(Call("s3", "PutBucketAcl", Bucket="b", ACL="public-read"))
    assert written is not None
    assert (written.method, written.path, written.query) == ("PUT", "/b", "acl")
    assert written.headers["x-amz-acl"] == "public-read"


def test_a_rest_path_carries_its_names() -> None:
    written = sending(Call("sagemaker-runtime", "InvokeEndpoint", EndpointName="e", Body=b"{}"))
    assert written is not None
    assert (written.method, written.path) == ("POST", "/endpoints/e/invocations")


@pytest.mark.parametrize(("service", "operation"), [("iam", "GetRole"), ("events", "PutRule")])
def test_what_is_not_rest_is_posted_to_the_root(service: str, operation: str) -> None:
    written = sending(
        Call(service, operation, Name="x") if service == "events" else Call(service, operation, RoleName="x")
    )
    assert written is not None
    assert (written.method, written.path) == ("POST", "/")


def test_a_parameter_that_can_not_be_written_yet_leaves_the_request_unknown() -> None:
    assert sending(Call("s3", "PutObject", Bucket="b", Key="k", Metadata="<CreateThing.Tags>")) is None
