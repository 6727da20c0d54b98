"""A bare sandbox, served for the tests of one module: clients to set it up, a reader for the probes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from chaoskit.aws import Aws, Connection, Credentials
from tests.samples import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.sandbox.server import Served
    from tests.one_sandbox import OneSandbox


@dataclass(frozen=True)
class Account:
    """The member account of a sandbox, as its administrator sees it."""

    served: Served

    def client(self, service: str) -> Any:
        """boto3, to put the account into a state."""
        key = self.served.credentials["admin"]
        return boto3.client(
            service,
            endpoint_url=self.served.url,
            region_name=self.served.cloud.region,
            aws_access_key_id=key.access_key_id,
            aws_secret_access_key=key.secret_access_key,
        )

    @property
    def reader(self) -> Aws:
        """What a probe looks through."""
        key = self.served.credentials["admin"]
        credentials = Credentials(key.access_key_id, key.secret_access_key)
        where = Connection(self.served.cloud.region, endpoint_url=self.served.url, credentials=credentials)
        return Aws(where, account=ACCOUNT)


@pytest.fixture(scope="module")
def account(one_sandbox: OneSandbox) -> Iterator[Account]:
    with one_sandbox.bare() as served:
        yield Account(served)
