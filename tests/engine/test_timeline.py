from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.engine.timeline import Timeline
from chaoskit.slo import SystemClock
from tests.samples import result

if TYPE_CHECKING:
    from chaoskit.result import Event, Result


def test_a_listener_that_fails_is_told_nothing_more_and_keeps_nothing_from_going_on() -> None:
    told = list[str]()

    def listener(result: Result, event: Event) -> None:
        del result
        told.append(event.event)
        raise BrokenPipeError  # a terminal that was hung up

    made = result()
    timeline = Timeline(made, SystemClock(), listener)
    timeline.add("inject", "first")
    timeline.add("undone", "second")
    assert told == ["inject"]
    assert [event.event for event in made.timeline] == ["inject", "undone"]
