"""The DynamoDB table of a fleet's journal: its definition, and what its keys say. Stable: templates use it.

| `pk` | `sk` | what it is |
|---|---|---|
| `numbers` | `entries` | the counter `n` that rows are numbered by |
| `open#00` to `open#15` | account`#`number | a change that is not undone; its account has this shard |
| `closed#`account | number | a change that is undone; the only rows that end, at `expires` |
| `account#`account | `epochs` | the counter `n` that the account's leases are numbered by |
| `account#`account | `head` | the hash of the account's last row, in its chain |
| `account#`account | `grant#`epoch | a lease: `holder`, `until`, and `lost` once another took it |
| `account#`account | `lease#`SHA-256 of a resource | the `epoch` of the grant that has it |

An account that nobody named is `-`; numbers have sixteen digits, so that they sort. There is no index: a
global one X
"""

from __future__ import annotations

import hashlib
import json
import zlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

EXPIRES: Final = "expires"
"""The attribute that DynamoDB deletes a closed row by; open rows don't have it."""
SHARDS: Final = 16
"""Partitions of open rows; each takes 1,000 write units a second (DynamoDB Developer Guide, "Best practices
for designing and using partition keys effectively")."""
NOBODY: Final = "-"
EPOCHS: Final = "epochs"
ENTRIES: Final = ("numbers", "entries")

TABLE: Final[Mapping[str, Any]] = {
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "S"},
    ],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "BillingMode": "PAY_PER_REQUEST",
    "DeletionProtectionEnabled": True,
    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    "SSESpecification": {"SSEEnabled": True},
    "TimeToLiveSpecification": {"AttributeName": EXPIRES, "Enabled": True},
}
"""The properties of the `AWS::DynamoDB::Table`, all but its name (AWS CloudFormation Template Reference)."""

ACTIONS: Final = (
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
)
"""What a worker may do with the table."""
VERIFYING: Final = ("dynamodb:Query", "dynamodb:Scan")
"""What verifying all its rows needs."""


def whole(account: str) -> str:
    """The resource that an account is as a whole: who holds it is alone in the account."""
    return json.dumps([account])


def account_of(resource: str) -> str:
    """The account that a resource is in, as `chaoskit.engine.leases` and `whole` name them."""
    try:
        first, *_ = json.loads(resource)
    except (TypeError, ValueError):
        return NOBODY
    return first if isinstance(first, str) and first else NOBODY


def numbered(number: int) -> str:
    """A number as a key, which sorts."""
    return f"{number:016d}"


def shard(account: str) -> str:
    """The partition of an account's open rows."""
    return f"open#{zlib.crc32(account.encode()) % SHARDS:02d}"


def shards() -> list[str]:
    """All partitions of open rows."""
    return [f"open#{number:02d}" for number in range(SHARDS)]


def leased(resource: str) -> str:
    """The sort key of a resource: its name may be longer than a key may be (2,048 and 1,024 bytes)."""
    return f"lease#{hashlib.sha256(resource.encode()).hexdigest()}"


def granted(epoch: int) -> str:
    """The sort key of a grant."""
    return f"grant#{numbered(epoch)}"
