"""Service models are found without a walk through all of them, and are what AWS publishes."""

from __future__ import annotations

import pytest
from botocore.exceptions import EndpointConnectionError, UnknownServiceError
from botocore.loaders import Loader

from chaoskit.aws import Credentials, models
from chaoskit.aws.pool import Caller, Pool, calling


@pytest.mark.parametrize("kind", ["service-2", "endpoint-rule-set-1", "paginators-1", "waiters-2"])
def test_the_same_services_are_there_as_botocore_finds(kind: str) -> None:
    found, walked = models.loader().list_available_services(kind), Loader().list_available_services(kind)
    everything = Loader().list_available_services("service-2")
    assert [name for name in everything if name in found] == sorted(set(everything) & set(walked))
    assert sorted(found) == walked
    assert len(found) == len(walked)


def test_a_service_that_is_not_there_is_named() -> None:
    with pytest.raises(UnknownServiceError, match="no-such"):
        models.loader().load_service_model("no-such", "service-2")


def test_s3_s_paths_keep_the_bucket_whatever_a_call_made_of_them() -> None:
    client = Pool().client("s3", "us-east-1", "http://127.0.0.1:1", None, 1)
    with pytest.raises(EndpointConnectionError), calling(Caller(Credentials("key", "secret"))):
        client.get_object(Bucket="data", Key="model")
    assert client.meta.service_model.operation_model("GetObject").http["requestUri"] == "/{Key+}"
    assert models.service("s3").operation_model("GetObject").http["requestUri"] == "/{Bucket}/{Key+}"
