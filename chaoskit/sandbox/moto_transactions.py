"""DynamoDB's transactions as AWS documents them, in moto's tables.

moto copies whole tables for each transaction, and forgets a client's token. Here all conditions are decided
first, on the items as they are, and a request that comes again with its token within ten minutes changes
nothing more (Amazon DynamoDB API Reference, "TransactWriteItems"). A query reads the items of its partition
alone, where moto sorts the whole table first.
"""

from __future__ import annotations

import copy
import json
from functools import wraps
from importlib import import_module
from inspect import unwrap
from typing import TYPE_CHECKING, Any, Final

from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

_MOST: Final = 100
_TOKEN_LASTS_S: Final = 600
_INDEX_NAME: Final = 6  # its place among what `Table.query` is given besides the key
_TOKENS: Final = "chaoskit_tokens"


def amend(now: Callable[[], datetime]) -> None:
    """Put these in the place of moto's; again, it changes only the time that tokens go by."""
    models, responses = import_module("moto.dynamodb.models"), import_module("moto.dynamodb.responses")
    models.DynamoDBBackend.transact_write_items = _transact
    handler = responses.DynamoHandler
    handler.transact_write_items = _once(unwrap(handler.transact_write_items), now)
    tables = import_module("moto.dynamodb.models.table").Table
    tables.query = _of_a_partition(unwrap(tables.query))


def _of_a_partition(query: Callable[..., Any]) -> Callable[..., Any]:
    """Moto's way to query a table, shown no more of it than the partition that is asked for."""

    @wraps(query)
    def narrowed(table: Any, hash_key: Any, *more: Any, **given: Any) -> Any:
        index = given.get("index_name") or (more[_INDEX_NAME] if len(more) > _INDEX_NAME else None)
        if index is None and table.range_key_attr and hash_key is not None:
            there = table.items.get(hash_key)
            table = copy.copy(table)
            table.items = {} if there is None else {hash_key: there}
        return query(table, hash_key, *more, **given)

    return narrowed


def _once(write: Callable[[Any], Any], now: Callable[[], datetime]) -> Callable[[Any], Any]:
    """Moto's way to answer the request, which a token makes idempotent."""

    @wraps(write)
    def once(handler: Any) -> Any:
        token = handler.body.get("ClientRequestToken")
        known = vars(handler.dynamodb_backend).setdefault(_TOKENS, {})
        asked, at = json.dumps(handler.body["TransactItems"], sort_keys=True, default=repr), now().timestamp()
        if token in known and at - known[token][1] < _TOKEN_LASTS_S:
            if known[token][0] != asked:
                raise ApiError(
                    "IdempotentParameterMismatchException",
                    "The request uses the same client token as a previous, but non-identical request.",
                )
            # moto's answer is the same for any that went through.
            return import_module("moto.core.responses").ActionResult({})
        answer = write(handler)
        if token:
            for old in [each for each, (_, then) in known.items() if at - then >= _TOKEN_LASTS_S]:
                del known[old]
            known[token] = (asked, at)
        return answer

    return once


def _transact(backend: Any, transact_items: Sequence[Mapping[str, Any]]) -> None:
    """Make all of the writes, or none and say why."""
    errors = import_module("moto.dynamodb.exceptions")
    if len(transact_items) > _MOST:
        raise errors.TooManyTransactionsException
    writes = [_Write(backend, item, errors) for item in transact_items]
    if len({write.name for write in writes}) < len(writes):
        raise errors.MultipleTransactionsException
    reasons = [write.refusal(errors) for write in writes]
    if any(code for code, _, _ in reasons):
        raise errors.TransactionCanceledException(reasons)
    done: list[_Write] = []
    try:
        for write in writes:
            done.append(write)
            write.make(backend)
    except errors.DynamodbException:
        for write in reversed(done):
            write.take_back()
        raise


class _Write:
    """One action of a transaction, and its item as it is before."""

    def __init__(self, backend: Any, item: Mapping[str, Any], errors: Any) -> None:
        if len(item) > 1:
            raise errors.TransactWriteSingleOpException
        ((self._kind, self._asked),) = item.items()
        self._table = backend.get_table(self._asked["TableName"])
        given = self._asked["Item"] if self._kind == "Put" else self._asked["Key"]
        key = {name: given[name] for name in (self._table.hash_key_attr, self._table.range_key_attr) if name}
        self._keys = backend.get_keys_value(self._table, key)
        self.name = (self._table.name, json.dumps(key, sort_keys=True, default=repr))
        self._before = copy.deepcopy(self._table.get_item(*self._keys))

    def refusal(self, errors: Any) -> tuple[str | None, str | None, Any]:
        """Why its condition does not hold, as moto tells it; three times None when it does."""
        decide = import_module("moto.dynamodb.comparisons").get_filter_expression
        condition = decide(self._asked.get("ConditionExpression"), *self._named())
        if condition.expr(self._before):
            return None, None, None
        shown = self._asked.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and self._before
        old = self._before.to_json()["Attributes"] if shown else None
        return "ConditionalCheckFailed", str(errors.ConditionalCheckFailed().message), old

    def make(self, backend: Any) -> None:
        """Write; its condition holds."""
        table = self._asked["TableName"]
        match self._kind:
            case "Put":
                backend.put_item(table, self._asked["Item"])
            case "Delete":
                backend.delete_item(table, self._asked["Key"])
            case "Update":
                names, values = self._named()
                backend.update_item(
                    table,
                    self._asked["Key"],
                    update_expression=self._asked["UpdateExpression"],
                    expression_attribute_names=names,
                    expression_attribute_values=values,
                )

    def take_back(self) -> None:
        """Have the item as it was before."""
        self._table.delete_item(*self._keys)
        if self._before is not None:
            self._table.put_item(self._before.to_json()["Attributes"], overwrite=True)

    def _named(self) -> tuple[Any, Any]:
        return self._asked.get("ExpressionAttributeNames"), self._asked.get("ExpressionAttributeValues")
