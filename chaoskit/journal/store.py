"""One DynamoDB table, as a journal asks it: strongly consistent, idempotent, and with errors for people."""

from __future__ import annotations

import re
import secrets
import time
from typing import TYPE_CHECKING, Any, Final

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from chaoskit.aws import Aws, Call
from chaoskit.errors import AwsError, DeniedError, JournalError, TargetError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chaoskit.aws import Connection

    Item = Mapping[str, Any]
    Key = tuple[str, str]

MOST_ACTIONS: Final = 100
"""Of one transaction (Amazon DynamoDB API Reference, "TransactWriteItems")."""
_TRIES: Final = 8
_FIRST_WAIT_S: Final = 0.05
_LONGEST_WAIT_S: Final = 2.0
_FAILED: Final = "ConditionalCheckFailed"
_AGAIN: Final = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ProvisionedThroughputExceeded",
        "ThrottlingError",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
"""What the same request may succeed after, beside what any service says (DynamoDB Developer Guide, "Error
handling with DynamoDB"; API Reference, "TransactWriteItems")."""
_THROTTLED: Final = re.compile(r"Throttl|ThroughputExceeded|RequestLimitExceeded")
_REASONS: Final = re.compile(r"\[([^\]]*)\]")


class ConditionFailedError(Exception):
    """A condition of a write did not hold, so nothing was written; `failed` numbers the actions."""

    def __init__(self, failed: Sequence[int]) -> None:
        super().__init__(f"the conditions of actions {list(failed)} did not hold")
        self.failed = tuple(failed)


class Store:
    """A table; safe to share between threads."""

    def __init__(
        self, table: str, connection: Connection, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Make no call yet."""
        self.table = table
        self.region = connection.region
        self._sleep = sleep
        self._aws = Aws(connection, user_agent="chaoskit/journal")

    def number(self, counter: Key) -> int:
        """A number higher than any that the counter gave before; one lost on the way is never given."""
        update = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
        answer = self._send("UpdateItem", Key=_key(counter), ReturnValues="UPDATED_NEW", **update)
        return int(answer["Attributes"]["n"]["N"])

    def get(self, key: Key) -> dict[str, Any] | None:
        """An item as it is now, or None."""
        item = self._send("GetItem", Key=_key(key), ConsistentRead=True).get("Item")
        return plain(item) if item else None

    def query(self, pk: str, begins: str = "") -> list[dict[str, Any]]:
        """The items of a partition, in the order of their sort keys."""
        asked: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk" + (" AND begins_with(sk, :sk)" if begins else ""),
            "ExpressionAttributeValues": typed({":pk": pk, **({":sk": begins} if begins else {})}),
        }
        return self._read("Query", asked)

    def scan(self) -> list[dict[str, Any]]:
        """Every item there is."""
        return self._read("Scan", {})

    def write(self, *actions: Mapping[str, Any]) -> None:
        """Make all of these writes or none, once, even if the answer to one is lost and it is sent again.

        Raises:
            ConditionFailedError: A condition did not hold.
            JournalError: The table can't be used.
        """
        if len(actions) == 1 and "ConditionCheck" not in actions[0]:
            ((kind, only),) = actions[0].items()
            try:
                self._send(f"{kind}Item", **{n: v for n, v in only.items() if n != "TableName"})
            except _ConditionError as failed:
                raise ConditionFailedError([0]) from failed
            return
        token = secrets.token_hex(16)
        try:
            self._send("TransactWriteItems", TransactItems=list(actions), ClientRequestToken=token)
        except _CanceledError as canceled:
            raise ConditionFailedError(canceled.failed) from canceled

    def put(self, key: Key, values: Item, condition: str = "", **named: Any) -> dict[str, Any]:
        """The action that writes an item whole."""
        put = {"Item": typed({"pk": key[0], "sk": key[1], **values}), **_if(condition, named)}
        return {"Put": {"TableName": self.table, **put}}

    def update(self, key: Key, values: Item, condition: str = "", **named: Any) -> dict[str, Any]:
        """The action that sets some of an item's attributes."""
        names = {f"#u{number}": name for number, name in enumerate(values)}
        sets = ", ".join(f"#u{number} = :u{number}" for number in range(len(values)))
        given = {f":u{number}": value for number, value in enumerate(values.values())}
        update = {"Key": _key(key), "UpdateExpression": f"SET {sets}"}
        return {"Update": {"TableName": self.table, **update, **_if(condition, named, names, given)}}

    def delete(self, key: Key, condition: str = "", **named: Any) -> dict[str, Any]:
        """The action that deletes an item."""
        return {"Delete": {"TableName": self.table, "Key": _key(key), **_if(condition, named)}}

    def check(self, key: Key, condition: str, **named: Any) -> dict[str, Any]:
        """The action that writes nothing, and lets no other of its transaction write unless this holds."""
        return {"ConditionCheck": {"TableName": self.table, "Key": _key(key), **_if(condition, named)}}

    def _read(self, operation: str, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        found, more = list[dict[str, Any]](), dict[str, Any]()
        while True:
            answer = self._send(operation, ConsistentRead=True, **asked, **more)
            found += map(plain, answer["Items"])
            if not (last := answer.get("LastEvaluatedKey")):
                return found
            more = {"ExclusiveStartKey": last}

    def _send(self, operation: str, **params: Any) -> Mapping[str, Any]:
        if operation != "TransactWriteItems":
            params["TableName"] = self.table
        call = Call("dynamodb", operation, **params)
        answer: Mapping[str, Any] = self._trying(lambda: self._aws.send(call))
        return answer

    def _trying(self, ask: Callable[[], Any]) -> Any:
        """Ask until it is answered, a few times; then say what is wrong."""
        retrying = Retrying(
            retry=retry_if_exception(_may_go_better),
            wait=wait_random_exponential(multiplier=_FIRST_WAIT_S, max=_LONGEST_WAIT_S),
            stop=stop_after_attempt(_TRIES),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(ask)
        except AwsError as error:
            raise self._told(error) from error
        except TargetError as error:
            raise JournalError(f"The journal {self.table} can't be used: {error}") from error

    def _told(self, error: AwsError) -> Exception:
        name, where = f"The journal's table {self.table}", f"in {self.region}"
        if error.code == "ConditionalCheckFailedException":
            return _ConditionError()
        if failed := [number for number, why in enumerate(_reasons(error)) if why == _FAILED]:
            return _CanceledError(failed)
        if error.code == "ResourceNotFoundException":
            return JournalError(
                f"{name} does not exist {where}: deploy the fleet's stack, or correct the URL."
            )
        if isinstance(error, DeniedError):
            return JournalError(
                f"{name} may not be used {where} ({error.message}): let this identity make "
                f"{error.call.partition(':')[2]}."
            )
        if _THROTTLED.search(error.code) or any(map(_THROTTLED.search, _reasons(error))):
            return JournalError(
                f"{name} {where} is asked for more than it takes ({error.code}): try again later."
            )
        if error.code in ("EndpointUnreachable", "NoAnswer"):
            return JournalError(f"{name} can't be reached {where} ({error.message}): check the network.")
        return JournalError(f"{name} {where} failed: {error}.")


class _ConditionError(Exception):
    """The condition of a single write did not hold."""


class _CanceledError(Exception):
    """Conditions of a transaction did not hold."""

    def __init__(self, failed: Sequence[int]) -> None:
        super().__init__(failed)
        self.failed = failed


def typed(values: Item) -> dict[str, Any]:
    """An item as DynamoDB spells it; it holds texts and whole numbers."""
    return {
        name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in values.items()
    }


def plain(item: Item) -> dict[str, Any]:
    """The inverse of `typed`; a damaged attribute is left out."""
    return {
        name: int(value["N"]) if "N" in value else value["S"]
        for name, value in item.items()
        if isinstance(value, dict) and ("S" in value or str(value.get("N", "")).isdigit())
    }


def _key(key: Key) -> dict[str, Any]:
    return typed({"pk": key[0], "sk": key[1]})


def _if(
    condition: str,
    named: Mapping[str, Any],
    names: Mapping[str, str] | None = None,
    given: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A condition `#name = :name`, with the values by their names."""
    used = {f"#{name}": name for name in re.findall(r"#([a-z]+)\b", condition)} | dict(names or {})
    values = {f":{name}": value for name, value in named.items()} | dict(given or {})
    found: dict[str, Any] = {"ConditionExpression": condition} if condition else {}
    if used:
        found["ExpressionAttributeNames"] = used
    if values:
        found["ExpressionAttributeValues"] = typed(values)
    return found


def _reasons(error: AwsError) -> list[str]:
    """Why each action of a transaction was canceled, as the message lists it; `None` for one that was not."""
    listed = _REASONS.search(error.message) if error.code == "TransactionCanceledException" else None
    return [reason.strip() for reason in listed[1].split(",")] if listed else []


def _may_go_better(error: BaseException) -> bool:
    if not isinstance(error, AwsError):
        return False
    reasons = set(_reasons(error)) - {"None"}
    # A condition that does not hold won't, whatever stands in the way of the other actions.
    again = (
        bool(reasons) and _FAILED not in reasons and any(r in _AGAIN or _THROTTLED.search(r) for r in reasons)
    )
    return error.transient or error.code in _AGAIN or again
