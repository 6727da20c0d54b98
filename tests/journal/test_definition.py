"""What templates and other versions rely on: the table as it is defined, and its keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from chaoskit.journal.table import (
    EXPIRES,
    NOBODY,
    SHARDS,
    TABLE,
    account_of,
    leased,
    numbered,
    shard,
    shards,
    whole,
)

if TYPE_CHECKING:
    from tests.journal.tables import Table

ACCOUNT = "444455556666"


def test_the_table_can_be_brought_back_to_any_second_and_is_not_deleted_by_mistake() -> None:
    assert TABLE["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert TABLE["DeletionProtectionEnabled"] is True
    assert TABLE["SSESpecification"] == {"SSEEnabled": True}


def test_closed_rows_expire_by_the_attribute_that_they_have(table: Table) -> None:
    said = {"AttributeName": EXPIRES, "Enabled": True}
    assert TABLE["TimeToLiveSpecification"] == said
    table.client.update_time_to_live(TableName=table.name, TimeToLiveSpecification=said)
    told = table.client.describe_time_to_live(TableName=table.name)["TimeToLiveDescription"]
    assert (told["TimeToLiveStatus"], told["AttributeName"]) == ("ENABLED", EXPIRES)


def test_keys_stay_as_they_are_since_rows_of_older_versions_have_them() -> None:
    assert [each["AttributeName"] for each in TABLE["KeySchema"]] == ["pk", "sk"]
    assert shard(ACCOUNT) == "open#01"
    assert shards() == [f"open#{number:02d}" for number in range(16)]
    assert shard(ACCOUNT) in shards()
    assert SHARDS == 16
    assert numbered(7) == "0000000000000007"
    assert len(leased("x" * 5000)) < 1024


def test_a_resource_says_its_account() -> None:
    assert account_of(whole(ACCOUNT)) == ACCOUNT
    assert account_of(json.dumps([ACCOUNT, "us-east-1", "a-bucket"])) == ACCOUNT
    for nameless in ("a", "", "[]", "7", json.dumps([None]), json.dumps([["s3", {}]])):
        assert account_of(nameless) == NOBODY
