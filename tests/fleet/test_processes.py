"""Workers as processes of their own, killed and told to end while they have a fault in."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from chaoskit.errors import ExitCode
from chaoskit.fleet.collect import collect
from chaoskit.fleet.runs import Runs

if TYPE_CHECKING:
    from tests.fleet.yard import Yard

KEPT = "../endless/policy-kept"


def test_a_worker_that_is_killed_with_a_fault_in_leaves_it_to_the_next_who_never_injects_it_again(
    yard: Yard,
) -> None:
    first, second, third = yard.organization.accounts
    runs = Runs(yard.tooling)
    killed = yard.plan("killed", [KEPT], [first])
    runs.start(killed)
    with yard.worker("one") as one:
        yard.until(lambda: yard.attached(first), "the fault")
        one.send_signal(signal.SIGKILL)
        one.wait()
    assert yard.attached(first)
    assert yard.open_faults()
    yard.let_a_minute_pass(first)

    with yard.worker("two") as two, yard.worker("three") as three:
        state = yard.ended(killed.run)
        assert not yard.attached(first)
        assert not yard.open_faults()
        assert yard.injections(first) == 1
        found = collect(yard.tooling, killed, yard.tasks)
        (result,) = found.document["results"]
        assert (result["verdict"], result["restored"]) == ("ABORTED", True)
        assert "the worker that began this task" in result["reason"]
        assert "WaveFailed" in state.why  # an aborted canary lets nobody else begin

        # The same workers, told to end with a fault in each.
        drained = yard.plan("drained", [KEPT], [second, third], canary=0, concurrency=2)
        runs.start(drained)
        yard.until(lambda: yard.attached(second) and yard.attached(third), "both faults")
        for process in (two, three):
            process.send_signal(signal.SIGTERM)
        assert [process.wait() for process in (two, three)] == [ExitCode.PASSED] * 2
    assert all("ABORTED: stopped by SIGTERM" in yard.said(each) for each in ("two", "three"))
    assert not yard.attached(second)
    assert not yard.attached(third)
    assert not yard.open_faults()
    results = collect(yard.tooling, drained, yard.tasks).document["results"]
    assert [(each["verdict"], each["restored"]) for each in results] == [("ABORTED", True)] * 2
