"""A journal's table in a served sandbox, empty for each test."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from chaoskit.aws import Aws, Connection, Credentials
from chaoskit.journal.table import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.sandbox.server import Served
    from tests.one_sandbox import OneSandbox

_NUMBERS: Final = itertools.count(1)
_MADE_WITH: Final = ("AttributeDefinitions", "KeySchema", "BillingMode")


@dataclass(frozen=True)
class Table:
    """A table, how to reach it, and a boto3 client to look into it with."""

    name: str
    connection: Connection
    client: Any

    @property
    def url(self) -> str:
        return f"dynamodb:{self.name}?region={self.connection.region}&endpoint={self.connection.endpoint_url}"

    def items(self) -> list[dict[str, Any]]:
        """Everything in it."""
        return list(self.client.scan(TableName=self.name)["Items"])


def connection(served: Served, who: str = "admin") -> Connection:
    """As an administrator of a served sandbox."""
    key = served.credentials[who]
    keys = Credentials(key.access_key_id, key.secret_access_key)
    return Connection(served.cloud.region, endpoint_url=served.url, credentials=keys)


@pytest.fixture(scope="module")
def served(one_sandbox: OneSandbox) -> Iterator[Served]:
    with one_sandbox.bare() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def place(served: Served) -> tuple[Connection, Any]:
    """The sandbox, and a client of it."""
    made = connection(served)
    return made, Aws(made).client("dynamodb")


@pytest.fixture
def table(place: tuple[Connection, Any]) -> Table:
    made, client = place
    name = f"journal-{next(_NUMBERS)}"
    client.create_table(TableName=name, **{key: TABLE[key] for key in _MADE_WITH})
    return Table(name, made, client)
