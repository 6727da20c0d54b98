"""What a journal must do that no kernel's lock guards: tell who lives, and end what is over."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.aws import Connection, Credentials
from chaoskit.errors import JournalError
from chaoskit.journal import Status
from chaoskit.journal.dynamodb import DynamoJournal
from chaoskit.journal.store import Store
from chaoskit.journal.table import ACTIONS, EXPIRES, whole
from chaoskit.leases import LeaseHeldError, LeaseLostError
from chaoskit.slo import SystemClock
from tests.journal.between import between
from tests.sandbox.aws import Aws as Sandbox
from tests.sandbox.aws import allow
from tests.test_journal import RECORD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from chaoskit.sandbox.server import Served
    from tests.journal.tables import Table

ACCOUNT = str(RECORD.target["account"])
OTHER = "777788889999"
BUCKET = json.dumps([ACCOUNT, "us-east-1", "a-bucket"])
LONG_S = 3600.0
# Holds an account if it can, records a change in it, says so, and is killed.
HOLDER = """
import sys
from chaoskit.aws import Connection, Credentials
from chaoskit.journal.dynamodb import DynamoJournal
from chaoskit.journal.table import whole
from chaoskit.leases import LeaseHeldError
from tests.test_journal import RECORD
table, url, key, secret, account, beat, task = sys.argv[1:]
connection = Connection("us-east-1", endpoint_url=url, credentials=Credentials(key, secret))
journal = DynamoJournal(table, connection, beat_s=float(beat), skew_s=0)
print("ready", flush=True)
sys.stdin.readline()
try:
    print(journal.record(RECORD, journal.hold({whole(account)}, task, 3600)), flush=True)
except LeaseHeldError:
    print("refused", flush=True)
sys.stdin.read()
"""


class Time(SystemClock):
    """The time of two machines, which a test moves on."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def one(table: Table, clock: Time) -> Iterator[DynamoJournal]:
    with DynamoJournal(table.name, table.connection, clock=clock) as made:
        yield made


@pytest.fixture
def two(table: Table, clock: Time) -> Iterator[DynamoJournal]:
    with DynamoJournal(table.name, table.connection, clock=clock) as made:
        yield made


@contextmanager
def process(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A process that is killed with the block, if it lives until then."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        yield running
        running.kill()


def left(journal: DynamoJournal, *under: Any) -> list[int]:
    """The numbers of the entries that a rollback through this journal would undo."""
    with journal.abandoned(*under) as entries:
        return [entry.id for entry in entries]


class TestWhoLives:
    def test_what_a_living_run_has_open_is_seen_and_left_to_it(
        self, one: DynamoJournal, two: DynamoJournal
    ) -> None:
        entry = one.record(RECORD, one.hold({BUCKET}, "run-1", LONG_S))
        assert [each.id for each in two.open_faults()] == [entry]
        assert left(two) == []

    def test_a_run_that_has_not_told_for_a_minute_that_it_lives_is_over(
        self, one: DynamoJournal, two: DynamoJournal, clock: Time
    ) -> None:
        lease = one.hold({BUCKET}, "run-1", LONG_S)
        entry = one.record(RECORD, lease)
        clock.ahead += 60
        assert left(two) == []  # the clocks of two machines may differ
        clock.ahead += 6
        assert left(two) == [entry]
        with pytest.raises(LeaseLostError, match="Run run-1 has lost its lease"):
            one.record(RECORD, lease)

    def test_a_run_that_tells_that_it_lives_may_take_as_long_as_it_asked_for(
        self, one: DynamoJournal, two: DynamoJournal, clock: Time
    ) -> None:
        entry = one.record(RECORD, one.hold({BUCKET}, "run-1", 120))
        for _ in range(4):
            clock.ahead += 30
            one._grants.renew()
            assert left(two) == []
        clock.ahead += 30
        one._grants.renew()
        assert left(two) == [entry]

    def test_a_run_whose_time_is_over_finds_out_when_it_wants_to_go_on(
        self, one: DynamoJournal, two: DynamoJournal, clock: Time
    ) -> None:
        lease = one.hold({BUCKET}, "run-1", LONG_S)
        one.record(RECORD, lease)
        clock.ahead += 66
        left(two)
        one._grants.renew()
        with pytest.raises(LeaseLostError):
            one.still(lease)

    def test_a_run_that_could_not_tell_stops_before_others_take_it_for_dead(
        self, one: DynamoJournal, two: DynamoJournal, clock: Time
    ) -> None:
        lease = one.hold({BUCKET}, "run-1", LONG_S)
        one.record(RECORD, lease)
        one.still(lease)
        clock.ahead += 45
        with pytest.raises(LeaseLostError, match="in time that it is alive"):
            one.still(lease)
        assert left(two) == []
        one._grants.renew()
        one.still(lease)

    def test_a_run_that_ended_with_a_fault_open_is_over(self, one: DynamoJournal, two: DynamoJournal) -> None:
        entry = one.record(RECORD, one.hold({BUCKET}, "run-1", LONG_S))
        one.mark(entry, Status.UNDO_FAILED, "why")
        one.release("run-1")
        assert left(two) == [entry]

    def test_what_was_recorded_without_a_lease_is_its_process_s_while_it_lives(
        self,
        one: DynamoJournal,
        table: Table,
        clock: Time,
    ) -> None:
        with DynamoJournal(table.name, table.connection, clock=clock) as other:
            entry = other.record(RECORD)
            assert left(one) == []
        assert left(one) == [entry]

    def test_a_run_that_takes_more_into_its_lease_leaves_nothing_behind(
        self, one: DynamoJournal, two: DynamoJournal
    ) -> None:
        run = RECORD.trace_id
        one.record(RECORD, one.hold({BUCKET}, run, LONG_S))
        one.hold({BUCKET, json.dumps([ACCOUNT, "us-east-1", "another"])}, run, LONG_S)
        assert two.open_faults(left=True) == []
        assert left(two) == []

    def test_two_rollbacks_do_not_undo_the_same(
        self, one: DynamoJournal, two: DynamoJournal, clock: Time
    ) -> None:
        entry = one.record(RECORD, one.hold({BUCKET}, "run-1", LONG_S))
        one.release("run-1")
        with one.abandoned() as entries:
            assert [each.id for each in entries] == [entry]
            assert left(two) == []
        clock.ahead += 1
        assert left(two) == [entry]

    def test_of_two_processes_one_holds_the_account_and_killed_no_longer_than_it_was_heard_of(
        self, served: Served, table: Table
    ) -> None:
        key = served.credentials["admin"]
        arguments = [table.name, served.url, key.access_key_id, key.secret_access_key, ACCOUNT, "3"]
        command = [sys.executable, "-c", HOLDER, *arguments]
        with ExitStack() as running, DynamoJournal(table.name, table.connection, skew_s=0) as journal:
            both = [running.enter_context(process([*command, task])) for task in ("task-1", "task-2")]
            told = [each.stdout.readline() for each in both if each.stdout]
            assert told == ["ready\n"] * 2
            for each in both:
                print("go", file=each.stdin, flush=True)
            told = [each.stdout.readline().strip() for each in both if each.stdout]
            assert "refused" in told
            (entry,) = (int(each) for each in told if each != "refused")
            holder = both[1 - told.index("refused")]
            deadline = time.monotonic() + 3.6
            while time.monotonic() < deadline:  # its heart beats
                with pytest.raises(LeaseHeldError, match="task-"):
                    journal.hold({whole(ACCOUNT)}, "task-3", LONG_S)
                assert left(journal) == []
                time.sleep(0.1)
            holder.kill()
            holder.wait()
            while not (found := left(journal)):
                time.sleep(0.05)
            assert found == [entry]
            journal.hold({whole(ACCOUNT)}, "task-3", LONG_S)


class TestAnAccountAsAWhole:
    def test_two_hold_different_accounts(self, one: DynamoJournal, two: DynamoJournal) -> None:
        one.hold({whole(ACCOUNT)}, "task-1", LONG_S)
        two.hold({whole(OTHER)}, "task-2", LONG_S)
        with pytest.raises(LeaseHeldError, match="task-1"):
            two.hold({whole(ACCOUNT)}, "task-3", LONG_S)

    def test_who_has_it_keeps_others_from_what_is_in_it_but_not_its_own_runs(
        self, one: DynamoJournal, two: DynamoJournal
    ) -> None:
        one.hold({whole(ACCOUNT)}, "task-1", LONG_S)
        one.hold({BUCKET}, "run-1", LONG_S)
        with pytest.raises(LeaseHeldError, match="task-1"):
            two.hold({json.dumps([ACCOUNT, "us-east-1", "another"])}, "run-2", LONG_S)
        two.hold({json.dumps([OTHER, "us-east-1", "a-bucket"])}, "run-3", LONG_S)

    def test_who_wants_it_waits_for_who_is_in_it(self, one: DynamoJournal, two: DynamoJournal) -> None:
        one.hold({BUCKET}, "run-1", LONG_S)
        with pytest.raises(LeaseHeldError, match="run-1 is changing account"):
            two.hold({whole(ACCOUNT)}, "task-1", LONG_S)
        one.release("run-1")
        two.hold({whole(ACCOUNT)}, "task-1", LONG_S)

    def test_the_same_task_again_has_it_at_once_and_ends_what_was_begun_before(
        self, one: DynamoJournal, two: DynamoJournal
    ) -> None:
        first = one.hold({whole(ACCOUNT)}, "task-1", LONG_S)
        run = one.hold({BUCKET}, "run-1", LONG_S)
        entry = one.record(RECORD, run)
        again = two.hold({whole(ACCOUNT)}, "task-1", LONG_S)
        assert again.epoch > max(first.epoch, run.epoch)
        assert left(two, again) == [entry]
        with pytest.raises(LeaseLostError):
            one.record(RECORD, run)
        one._grants.renew()
        with pytest.raises(LeaseLostError):
            one.still(run)

    def test_the_runs_of_the_task_itself_go_on(self, one: DynamoJournal) -> None:
        account = one.hold({whole(ACCOUNT)}, "task-1", LONG_S)
        run = one.hold({BUCKET}, "run-1", LONG_S)
        one.record(RECORD, run)
        assert left(one, account) == []
        one.still(run)

    def test_of_another_account_nothing_is_proven(self, one: DynamoJournal, two: DynamoJournal) -> None:
        one.record(RECORD, one.hold({BUCKET}, "run-1", LONG_S))
        assert left(two, two.hold({whole(OTHER)}, "task-1", LONG_S)) == []

    def test_of_many_that_want_it_in_many_processes_one_has_it_at_a_time(
        self,
        table: Table,
    ) -> None:
        inside, most = [0], [0]
        epochs, mutex = list[int](), threading.Lock()

        def work(number: int) -> None:
            with DynamoJournal(table.name, table.connection) as journal:
                for turn in range(3):
                    holder = f"task-{number}-{turn}"
                    while True:
                        try:
                            lease = journal.hold({whole(ACCOUNT)}, holder, LONG_S)
                            break
                        except LeaseHeldError:
                            time.sleep(0.01)
                    with mutex:
                        inside[0] += 1
                        most[0] = max(most[0], inside[0])
                        epochs.append(lease.epoch)
                    journal.mark(journal.record(RECORD, lease), Status.UNDONE)
                    with mutex:
                        inside[0] -= 1
                    journal.release(holder)

        # Each has a journal, and so heartbeats and a memory, of its own, as a process has.
        threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (most, len(epochs)) == ([1], 9)
        assert epochs == sorted(epochs)


class TestLeasesOnMuch:
    def test_more_than_fits_a_transaction_is_held_and_guards_its_changes(
        self, one: DynamoJournal, two: DynamoJournal
    ) -> None:
        many = {json.dumps([ACCOUNT, "us-east-1", str(number)]) for number in range(60)}
        last = max(many)
        lease = one.hold(many, "run-1", LONG_S)
        assert one.record(RECORD, lease)
        with pytest.raises(LeaseHeldError):
            two.hold({last}, "run-2", LONG_S)
        one.release("run-1")
        two.hold({last}, "run-2", LONG_S)
        with pytest.raises(LeaseHeldError):
            one.hold(many, "run-3", LONG_S)
        two.release("run-2")
        two.hold(set(sorted(many)[:3]), "run-4", LONG_S)


class TestRows:
    def test_only_what_is_undone_expires(self, one: DynamoJournal, table: Table) -> None:
        entries = [one.record(RECORD) for _ in range(2)]
        assert not any(EXPIRES in item for item in table.items())
        one.mark(entries[0], Status.UNDONE, "back")
        (closed,) = (item for item in table.items() if EXPIRES in item)
        days = (int(closed[EXPIRES]["N"]) - time.time()) / 86400
        assert (closed["note"]["S"], round(days)) == ("back", 90)

    def test_another_process_may_close_a_row(self, one: DynamoJournal, two: DynamoJournal) -> None:
        entry = one.record(RECORD)
        two.mark(entry, Status.UNDONE, "by hand")
        one.mark(entry, Status.APPLIED)
        assert one.open_faults() == []

    def test_what_two_write_of_a_row_is_both_kept(self, one: DynamoJournal, two: DynamoJournal) -> None:
        entry = one.record(RECORD)
        two.saw(entry, ["after"])
        one.mark(entry, Status.APPLIED, "why")
        (found,) = two.open_faults()
        assert (found.after, found.status, found.note) == ((["after"],), Status.APPLIED, "why")
        assert two.broken() == []

    def test_a_journal_of_an_account_shows_that_account(self, one: DynamoJournal, table: Table) -> None:
        one.record(RECORD)
        there = one.record(replace(RECORD, target={**RECORD.target, "account": OTHER}))
        with DynamoJournal(table.name, table.connection, account=OTHER) as scoped:
            assert [entry.id for entry in scoped.open_faults()] == [there]
        assert len(one.open_faults()) == 2

    def test_a_damaged_row_keeps_no_other_from_being_undone(
        self,
        one: DynamoJournal,
        table: Table,
    ) -> None:
        damaged, sound = one.record(RECORD), one.record(RECORD)
        key = next(item for item in table.items() if item.get("id") == {"N": str(damaged)})
        bare = {name: key[name] for name in ("pk", "sk")}
        table.client.put_item(TableName=table.name, Item={**bare, "undo": {"L": []}})
        assert [entry.id for entry in one.open_faults()] == [sound, damaged]
        assert "damaged" in one.open_faults()[1].note
        one.mark(damaged, Status.UNDONE, "by hand")
        assert [entry.id for entry in one.open_faults()] == [sound]


class TestTheChain:
    @pytest.mark.parametrize("kept_days", [90, 0], ids=["kept", "expired"])
    @pytest.mark.parametrize("gone", ["first", "middle", "last"])
    def test_a_row_that_is_gone_is_told_unless_it_can_have_expired(
        self,
        table: Table,
        clock: Time,
        gone: str,
        kept_days: int,
    ) -> None:
        with DynamoJournal(table.name, table.connection, kept_days=kept_days, clock=clock) as journal:
            entries = [journal.record(RECORD) for _ in range(3)]
            for entry in entries:
                journal.mark(entry, Status.UNDONE)
            assert journal.broken(thorough=True) == []
            number = {"N": str(entries[["first", "middle", "last"].index(gone)])}
            row = next(item for item in table.items() if item.get("id") == number)
            table.client.delete_item(TableName=table.name, Key={name: row[name] for name in ("pk", "sk")})
            clock.ahead += 1
            assert len(journal.broken(thorough=True)) == (1 if kept_days else 0)

    @pytest.mark.parametrize(
        ("name", "value", "told"),
        [
            ("undo", "[]", "row 2 is not as it was written"),
            ("before", "0" * 64, "row 2 is not as it was written"),
            ("note", "all is well", "what became of row 2 is not as it was written"),
            ("effect", "[]", "what became of row 2 is not as it was written"),
        ],
    )
    def test_an_edited_row_is_noticed_and_still_undone(
        self,
        one: DynamoJournal,
        table: Table,
        name: str,
        value: str,
        told: str,
    ) -> None:
        for _ in range(3):
            one.record(RECORD)
        row = next(item for item in table.items() if item.get("id") == {"N": "2"})
        table.client.put_item(TableName=table.name, Item={**row, name: {"S": value}})
        assert one.broken() == [told]
        one.mark(2, Status.UNDONE)
        assert [entry.id for entry in one.open_faults()] == [3, 1]

    def test_processes_that_write_in_one_account_make_one_chain(
        self, one: DynamoJournal, two: DynamoJournal
    ) -> None:
        for journal in (one, two, one, two):
            journal.record(RECORD)
        assert one.broken() == []


class TestTheWayThere:
    @pytest.fixture
    def away(self, served: Served, table: Table) -> Iterator[Any]:
        with between(served.url) as network:
            connection = replace(table.connection, endpoint_url=network.url)
            with DynamoJournal(table.name, connection) as journal:
                yield network, journal

    def test_a_change_whose_answer_is_lost_is_recorded_once(self, away: Any) -> None:
        network, journal = away
        lease = journal.hold({BUCKET}, "run-1", LONG_S)
        network.fates["TransactWriteItems"] = ["lost"]
        entry = journal.record(RECORD, lease)
        assert [each.id for each in journal.open_faults()] == [entry]
        assert journal.broken() == []

    def test_a_lease_whose_answer_is_lost_is_held_all_the_same(self, away: Any) -> None:
        network, journal = away
        network.fates["TransactWriteItems"] = ["lost", "throttled"]
        assert journal.record(RECORD, journal.hold({BUCKET}, "run-1", LONG_S))

    def test_what_became_of_a_change_is_written_though_the_answer_is_lost(self, away: Any) -> None:
        network, journal = away
        entry = journal.record(RECORD)
        network.fates["UpdateItem"] = ["lost"]
        journal.mark(entry, Status.APPLIED, "why")
        assert journal.open_faults()[0].note == "why"
        network.fates["TransactWriteItems"] = ["lost"]
        journal.mark(entry, Status.UNDONE)
        assert journal.open_faults() == []

    def test_a_throttled_request_is_sent_again_and_then_told(self, away: Any) -> None:
        network, _ = away
        waits: list[float] = []
        store = Store("journal-none", _closed(network.url), sleep=waits.append)
        network.fates["GetItem"] = ["throttled"] * 8
        with pytest.raises(JournalError, match="is asked for more than it takes") as told:
            store.get(("a", "b"))
        assert len(waits) == 7
        assert "\n" not in str(told.value)


def _closed(url: str) -> Connection:
    return Connection(
        "us-east-1", endpoint_url=url, credentials=Credentials("AKIAIOSFODNN7EXAMPLE", "secret")
    )


class TestErrors:
    def test_a_table_that_is_missing(self, table: Table) -> None:
        with pytest.raises(JournalError, match="table nowhere does not exist in us-east-1: deploy"):
            DynamoJournal("nowhere", table.connection)

    def test_a_permission_that_is_missing_is_named(self, served: Served, table: Table) -> None:
        user = Sandbox(served).user(f"reader-of-{table.name}", allow(["dynamodb:GetItem"]))
        limited = replace(table.connection, credentials=Credentials(user["key"], user["secret"]))
        with DynamoJournal(table.name, limited) as journal, pytest.raises(JournalError) as told:
            journal.open_faults()
        assert "let this identity make Query" in str(told.value)
        assert "\n" not in str(told.value)

    def test_a_worker_needs_no_permission_but_those_that_are_named(
        self, served: Served, table: Table
    ) -> None:
        arn = table.client.describe_table(TableName=table.name)["Table"]["TableArn"]
        user = Sandbox(served).user(f"worker-of-{table.name}", allow([*ACTIONS], arn))
        limited = replace(table.connection, credentials=Credentials(user["key"], user["secret"]))
        with DynamoJournal(table.name, limited) as journal:
            lease = journal.hold({whole(ACCOUNT), BUCKET}, "task-1", LONG_S)
            entry = journal.record(RECORD, lease)
            journal.saw(entry, ["after"])
            journal._grants.renew()
            journal.release("task-1")
            assert left(journal) == [entry]
            journal.mark(entry, Status.UNDONE)
            assert journal.broken() == []

    def test_a_network_that_is_away(self, table: Table) -> None:
        gone = replace(table.connection, endpoint_url="http://127.0.0.1:9")
        with pytest.raises(JournalError, match=r"can't be reached in us-east-1 .*: check the network"):
            Store(table.name, gone, sleep=lambda _: None).get(("a", "b"))

    def test_credentials_that_are_wrong(self, served: Served, table: Table) -> None:
        with pytest.raises(JournalError, match="can't be used: AWS does not accept these credentials"):
            DynamoJournal(table.name, _closed(served.url))

    def test_a_journal_opened_for_reading_is_not_written(self, table: Table) -> None:
        with DynamoJournal(table.name, table.connection, readonly=True) as journal:
            with pytest.raises(JournalError, match="readonly"):
                journal.record(RECORD)
            with pytest.raises(JournalError, match="readonly"):
                journal.mark(1, Status.UNDONE)
