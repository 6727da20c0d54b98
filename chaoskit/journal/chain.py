"""The chain of a journal's rows where closed rows expire, and what shows that somebody else wrote in it.

Each row says the hash and the time of the row before it in its account, and the account's head says those of
the last one. So a row that is gone is told, unless it was written so long ago that it can have expired.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from chaoskit import seals
from chaoskit.evidence import GENESIS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Row = Mapping[str, Any]

_ROWS: Final = ("open#", "closed#")


@dataclass(frozen=True, slots=True)
class Link:
    """The end of an account's chain: the last row's hash, and when it was written."""

    hash: str = GENESIS
    at: str = ""

    def then(self, row: Row) -> str:
        """The hash of a row that follows."""
        return seals.chained(f"{self.hash} {self.at}", row)


def sealed(row: Row) -> str:
    """The seal of a row; empty when it is damaged, which must not keep its change from being undone."""
    try:
        return seals.sealed({"effect": None, **row})
    except (KeyError, TypeError, ValueError):
        return ""


def breaks(items: Iterable[Row], kept_since: datetime) -> list[str]:
    """What is not as it was written.

    Args:
        items: All rows and heads of some accounts.
        kept_since: What was written later can't have expired.
    """
    rows: dict[str, list[Row]] = {}
    heads: dict[str, Link] = {}
    for item in items:
        if str(item["pk"]).startswith(_ROWS):
            rows.setdefault(_account(item), []).append(item)
        elif item["sk"] == "head":
            account = str(item["pk"]).partition("#")[2]
            heads[account] = Link(str(item.get("hash", "")), str(item.get("at", "")))
    return [
        trouble
        for account in sorted({*rows, *heads})
        for trouble in _of_account(account, rows.get(account, []), heads.get(account, Link()), kept_since)
    ]


def _of_account(account: str, rows: list[Row], head: Link, kept_since: datetime) -> Iterator[str]:
    hashes = {GENESIS, *(str(row.get("hash")) for row in rows)}

    def is_gone(link: Link) -> bool:
        return link.hash not in hashes and _moment(link.at) > kept_since

    for row in sorted(rows, key=_number):
        number, before = _number(row), Link(str(row.get("before")), str(row.get("before_at")))
        if row.get("hash") != _then(before, row):
            yield f"row {number} is not as it was written"
        elif row.get("seal") != sealed(row):
            yield f"what became of row {number} is not as it was written"
        elif is_gone(before):
            yield f"the row before row {number} is gone"
    if is_gone(head) or (rows and head.hash == GENESIS):
        yield f"the last row of account {account} is gone"


def _then(before: Link, row: Row) -> str | None:
    try:
        return before.then(row)
    except KeyError:
        return None


def _account(item: Row) -> str:
    """By the key, since what else the row says may be edited."""
    if str(item["pk"]).startswith("closed#"):
        return str(item["pk"]).partition("#")[2]
    return str(item["sk"]).rpartition("#")[0]


def _number(row: Row) -> int:
    return int(str(row["sk"]).rpartition("#")[2])


def _moment(text: str) -> datetime:
    """One that is damaged may have been just now."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
