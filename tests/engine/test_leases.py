from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, cast

import pytest

from chaoskit.engine.leases import Leases, resources
from chaoskit.engine.stop import Stop
from chaoskit.errors import GuardError
from chaoskit.faults.cloudtrail_stop_logging import StopLogging
from chaoskit.journal import SqliteJournal
from chaoskit.leases import LeaseHeldError
from chaoskit.probes.ec2_vpc_private import VpcPrivate
from tests.samples import ACCOUNT, REGION, experiment, target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chaoskit.aws import Aws

A, B, C = frozenset({"a"}), frozenset({"b"}), frozenset({"c"})


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    with SqliteJournal(tmp_path / "journal.sqlite") as made:
        yield made


def test_a_run_holds_its_resources_in_the_journal_until_it_ends(journal: SqliteJournal) -> None:
    with Leases(journal).hold(A, "one", 60, Stop()) as lease:
        assert (lease.holder, lease.resources) == ("one", A)
        with pytest.raises(LeaseHeldError):
            journal.hold(A, "two", 60)
    journal.hold(A, "two", 60)


def test_a_second_run_of_the_process_waits_for_the_first(journal: SqliteJournal) -> None:
    leases, order = Leases(journal), list[str]()
    begun = threading.Event()

    def second() -> None:
        begun.set()
        with leases.hold(A, "two", 60, Stop()):
            order.append("two")

    with leases.hold(A, "one", 60, Stop()):
        thread = threading.Thread(target=second)
        thread.start()
        begun.wait()
        order.append("one")
    thread.join()
    assert order == ["one", "two"]


def test_who_waits_for_another_process_can_be_stopped(journal: SqliteJournal) -> None:
    journal.hold(A, "another process's", 3600)
    stop = Stop()
    stop.request("enough")
    with pytest.raises(GuardError, match="enough"), Leases(journal).hold(A, "one", 60, stop):
        raise AssertionError("it holds what another has")
    journal.release("another process's")
    journal.hold(A, "two", 60)


def test_who_waits_for_another_process_goes_on_once_it_is_free(journal: SqliteJournal) -> None:
    journal.hold(A, "another process's", 3600)
    threading.Timer(0.05, journal.release, ["another process's"]).start()
    with Leases(journal).hold(A, "one", 60, Stop()) as lease:
        assert lease.holder == "one"


class Bare:
    """An account in which nothing is found."""

    account, region = ACCOUNT, REGION

    def read(self, query: Any) -> Any:
        del query


def test_what_the_steady_state_looks_at_is_waited_for_too() -> None:
    steady = experiment(faults=(), steady_state=(VpcPrivate(vpc="vpc-1"),))
    place = target(variables={"workload.vpc": "vpc-1"})
    assert resources(steady, cast("Aws", Bare()), place) == {f'["{ACCOUNT}", "{REGION}", "vpc-1"]'}


def test_a_thing_that_another_run_has_deleted_is_still_waited_for() -> None:
    stopping = experiment(faults=(StopLogging(trail="a-trail"),))
    place = target(variables={"workload.trail": "a-trail"})
    assert resources(stopping, cast("Aws", Bare()), place) == {f'["{ACCOUNT}", "{REGION}", "a-trail"]'}


def test_what_only_shows_when_a_change_is_made_is_taken_into_the_lease(journal: SqliteJournal) -> None:
    leases = Leases(journal)
    with leases.hold(A, "one", 60, Stop()) as lease:
        wider = leases.widen(lease, B, 60)
        assert wider.resources == A | B
        assert wider.epoch > lease.epoch
        assert leases.widen(wider, A, 60) is wider
        with pytest.raises(LeaseHeldError):
            journal.hold(B, "two", 60)
    with leases.hold(B, "two", 60, Stop()):
        pass


def test_a_lease_is_not_widened_by_what_another_run_holds(journal: SqliteJournal) -> None:
    leases = Leases(journal)
    with leases.hold(A, "one", 60, Stop()) as lease, leases.hold(B, "two", 60, Stop()):
        with pytest.raises(GuardError, match="Run two is changing the same resource"):
            leases.widen(lease, B, 60)
        journal.hold(C, "another process's", 3600)
        with pytest.raises(GuardError, match="another process's"):
            leases.widen(lease, C, 60)
