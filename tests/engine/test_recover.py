from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.engine import recover
from chaoskit.engine.recover import PlaceGoneError
from chaoskit.errors import TargetError
from chaoskit.journal import SqliteJournal, Status
from tests.engine.test_rollback import BEFORE, OURS, RECORD, Account, Skipping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

UNREACHABLE = TargetError("Nobody answers at AWS in us-east-1: check the network.")
LINE = "aws iam detach-role-policy --cli-input-json '{}'"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[SqliteJournal]:
    with SqliteJournal(path) as made:
        yield made


def opened(account: Account) -> Any:
    """Finds this account again, which is as much of one as is asked."""
    return lambda _: [account]


def test_what_is_in_an_account_that_can_t_be_reached_is_told_with_the_calls_to_make_by_hand(
    journal: SqliteJournal,
) -> None:
    journal.record(RECORD)

    def reopen(place: Mapping[str, Any]) -> Any:
        del place
        raise UNREACHABLE

    (undone,) = recover(journal, reopen, Skipping())
    assert (undone.ok, undone.note, undone.by_hand) == (False, str(UNREACHABLE), (LINE,))
    assert len(journal.open_faults()) == 1


def test_one_account_that_can_t_be_reached_does_not_stop_the_next(journal: SqliteJournal) -> None:
    journal.record(replace(RECORD, target={"kind": "far"}))
    journal.record(RECORD)

    def reopen(place: Mapping[str, Any]) -> Any:
        if place == {"kind": "far"}:
            raise UNREACHABLE
        return [Account([BEFORE], [{}])]

    assert [each.ok for each in recover(journal, reopen, Skipping())] == [True, False]


def test_what_was_in_a_sandbox_that_is_gone_is_closed(journal: SqliteJournal) -> None:
    journal.record(RECORD)

    def reopen(place: Mapping[str, Any]) -> Any:
        del place
        raise PlaceGoneError("the sandbox is gone, and the fault with it")

    assert [each.ok for each in recover(journal, reopen, Skipping())] == [True]
    assert journal.open_faults() == []


# What a bit that tipped over, or another version, may have left of a row.
DAMAGE = {
    "target": ["[]", "3", "null", "{}", "{"],
    "undo": ["{}", "[3]", "[{}]", '[{"each": 3}]', "null", '[{"service": 1, "operation": 2, "params": {}}]'],
    "do": ["[]", "7", "x"],
    "state": ["3", "{}", "[]"],
    "listed": ["3", "null", "[]"],
    "captured": ["x"],
    "status": ["APPLIEE", ""],
    "created": ["", "2026", "yesterday"],
    "updated": ["", "2026-01-01T00:00:00"],
}


@pytest.mark.parametrize(("column", "value"), [(c, v) for c, values in DAMAGE.items() for v in values])
def test_a_row_that_is_damaged_is_undone_or_told_and_stops_no_other(
    journal: SqliteJournal, column: str, value: str
) -> None:
    whole = journal.record(RECORD)
    damaged = journal.record(RECORD)
    with closing(journal._db.cursor()) as cursor:
        cursor.execute(f"UPDATE changes SET {column} = ? WHERE id = ?", (value, damaged))  # noqa: S608 - constants only
    journal._db.commit()
    (second, first) = recover(journal, opened(Account([BEFORE], [{}])), Skipping())
    assert (first.entry.id, first.ok) == (whole, True)
    assert second.ok or second.by_hand
    assert [entry.id for entry in journal.open_faults()] == ([] if second.ok else [damaged])


@pytest.mark.parametrize("column", ["status", "created", "updated"])
def test_damage_that_does_not_touch_the_undo_does_not_keep_it_from_being_made(
    journal: SqliteJournal, column: str
) -> None:
    entry = journal.record(RECORD)
    journal.mark(entry, Status.APPLIED)
    journal._db.execute(f"UPDATE changes SET {column} = 'damaged'")  # noqa: S608 - constants only
    journal._db.commit()
    account = Account([OURS, BEFORE], [{}])
    (undone,) = recover(journal, opened(account), Skipping())
    assert undone.ok
    assert account.sent == 1
