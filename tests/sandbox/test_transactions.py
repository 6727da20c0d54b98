"""DynamoDB's conditional writes and transactions, as the API reference has them."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.aws import allow, refusal

if TYPE_CHECKING:
    from tests.sandbox.aws import Aws

NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def dynamodb(aws: Aws) -> Any:
    return aws.client("dynamodb")


@pytest.fixture
def table(dynamodb: Any) -> str:
    name = f"table-{next(NUMBERS)}"
    dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def put(table: str, key: str, **more: Any) -> dict[str, Any]:
    return {"Put": {"TableName": table, "Item": {"k": {"S": key}, "v": {"N": "1"}}, **more}}


def add(table: str, key: str, **more: Any) -> dict[str, Any]:
    given = {"UpdateExpression": "ADD v :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    return {"Update": {"TableName": table, "Key": {"k": {"S": key}}, **given, **more}}


def values(dynamodb: Any, table: str) -> dict[str, str]:
    return {item["k"]["S"]: item["v"]["N"] for item in dynamodb.scan(TableName=table)["Items"]}


def test_all_of_a_transaction_is_written(dynamodb: Any, table: str) -> None:
    dynamodb.transact_write_items(TransactItems=[put(table, "a"), add(table, "b")])
    assert values(dynamodb, table) == {"a": "1", "b": "1"}


def test_a_condition_that_does_not_hold_cancels_all_of_it_and_is_told_by_its_place(
    dynamodb: Any, table: str
) -> None:
    new = {"ConditionExpression": "attribute_not_exists(k)"}
    dynamodb.put_item(TableName=table, Item={"k": {"S": "b"}, "v": {"N": "7"}})
    with pytest.raises(ClientError) as refused:
        dynamodb.transact_write_items(
            TransactItems=[
                put(table, "a"),
                put(table, "b", **new, ReturnValuesOnConditionCheckFailure="ALL_OLD"),
                add(table, "c"),
            ]
        )
    answer = refused.value.response
    assert answer["Error"]["Code"] == "TransactionCanceledException"
    assert "[None, ConditionalCheckFailed, None]" in answer["Error"]["Message"]
    assert [each["Code"] for each in answer["CancellationReasons"]] == [
        "None",
        "ConditionalCheckFailed",
        "None",
    ]
    assert answer["CancellationReasons"][1]["Item"] == {"k": {"S": "b"}, "v": {"N": "7"}}
    assert values(dynamodb, table) == {"b": "7"}


def test_what_can_not_be_written_leaves_the_rest_unwritten_too(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item={"k": {"S": "text"}, "v": {"S": "no number"}})
    dynamodb.put_item(TableName=table, Item={"k": {"S": "a"}, "v": {"N": "7"}})
    with pytest.raises(ClientError):
        dynamodb.transact_write_items(TransactItems=[add(table, "a"), put(table, "new"), add(table, "text")])
    (old,) = (item for item in dynamodb.scan(TableName=table)["Items"] if item["k"]["S"] == "a")
    assert old["v"]["N"] == "7"
    assert len(dynamodb.scan(TableName=table)["Items"]) == 2


def test_one_item_is_not_written_twice_in_a_transaction(dynamodb: Any, table: str) -> None:
    code, message, _ = refusal(
        dynamodb.transact_write_items, TransactItems=[put(table, "a"), add(table, "a")]
    )
    assert (code, "multiple operations on one item" in message) == ("ValidationException", True)


def test_a_transaction_has_a_hundred_actions_at_most(dynamodb: Any, table: str) -> None:
    many = [put(table, str(number)) for number in range(101)]
    code, _, _ = refusal(dynamodb.transact_write_items, TransactItems=many)
    assert code == "ValidationException"
    dynamodb.transact_write_items(TransactItems=many[:100])
    assert len(values(dynamodb, table)) == 100


def test_the_same_request_with_the_same_token_is_made_once(dynamodb: Any, table: str) -> None:
    for _ in range(2):
        dynamodb.transact_write_items(TransactItems=[add(table, "a")], ClientRequestToken="token-1")
    assert values(dynamodb, table) == {"a": "1"}


def test_another_request_with_the_same_token_is_refused(dynamodb: Any, table: str) -> None:
    dynamodb.transact_write_items(TransactItems=[add(table, "a")], ClientRequestToken="token-2")
    code, _, status = refusal(
        dynamodb.transact_write_items, TransactItems=[add(table, "b")], ClientRequestToken="token-2"
    )
    assert (code, status) == ("IdempotentParameterMismatchException", 400)


def test_a_token_counts_for_ten_minutes(aws: Aws, dynamodb: Any, table: str) -> None:
    for _ in range(2):
        dynamodb.transact_write_items(TransactItems=[add(table, "a")], ClientRequestToken="token-3")
        aws.served.cloud.clock.advance(timedelta(minutes=11).total_seconds())
    assert values(dynamodb, table) == {"a": "2"}


def test_a_request_that_was_refused_uses_up_no_token(dynamodb: Any, table: str) -> None:
    there = add(table, "a", ConditionExpression="attribute_exists(k)")
    asked: dict[str, Any] = {"TransactItems": [there], "ClientRequestToken": "token-4"}
    assert refusal(dynamodb.transact_write_items, **asked)[0] == "TransactionCanceledException"
    dynamodb.put_item(TableName=table, Item={"k": {"S": "a"}, "v": {"N": "1"}})
    dynamodb.transact_write_items(**asked)
    assert values(dynamodb, table) == {"a": "2"}


def test_a_reserved_word_is_no_name_of_an_attribute_in_a_condition(dynamodb: Any, table: str) -> None:
    code, message, _ = refusal(
        dynamodb.put_item,
        TableName=table,
        Item={"k": {"S": "a"}},
        ConditionExpression="until = :now",
        ExpressionAttributeValues={":now": {"S": "x"}},
    )
    assert (code, "reserved keyword: until" in message) == ("ValidationException", True)


def test_each_action_of_a_transaction_needs_its_own_permission(aws: Aws, table: str) -> None:
    user = aws.user(f"writer-of-{table}", allow(["dynamodb:PutItem"]))
    limited = aws.with_keys("dynamodb", **user)
    limited.transact_write_items(TransactItems=[put(table, "a")])
    check = {"TableName": table, "Key": {"k": {"S": "b"}}, "ConditionExpression": "attribute_not_exists(k)"}
    code, message, _ = refusal(
        limited.transact_write_items, TransactItems=[put(table, "c"), {"ConditionCheck": check}]
    )
    assert (code, "dynamodb:ConditionCheckItem" in message) == ("AccessDeniedException", True)


def test_a_query_finds_what_is_in_its_partition_page_by_page_and_by_an_index(dynamodb: Any) -> None:
    name = f"table-{next(NUMBERS)}"
    dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in "krs"],
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}, {"AttributeName": "r", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-s",
                "KeySchema": [{"AttributeName": "s", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    for k, r in itertools.product("ab", "123"):
        dynamodb.put_item(TableName=name, Item={"k": {"S": k}, "r": {"S": r}, "s": {"S": r}})

    def found(condition: str, value: str, **more: Any) -> list[str]:
        given = {"KeyConditionExpression": condition, "ExpressionAttributeValues": {":v": {"S": value}}}
        pages = dynamodb.get_paginator("query").paginate(TableName=name, **given, **more)
        return [item["k"]["S"] + item["r"]["S"] for page in pages for item in page["Items"]]

    assert found("k = :v", "a") == ["a1", "a2", "a3"]
    assert found("k = :v", "b", PaginationConfig={"PageSize": 1}, ScanIndexForward=False) == [
        "b3",
        "b2",
        "b1",
    ]
    assert found("k = :v", "c") == []
    assert sorted(found("s = :v", "2", IndexName="by-s")) == ["a2", "b2"]
