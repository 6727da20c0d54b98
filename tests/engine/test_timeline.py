from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from chaoskit.engine.timeline import Timeline
from chaoskit.report.progress import Lines
from chaoskit.slo import SystemClock
from tests.samples import result

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chaoskit.engine import Listener
    from chaoskit.result import Event, Result


@pytest.fixture
def unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    """Writes to a pipe whose reader has ended; for that rich gives up standard output, so it has one."""
    reading, writing = os.pipe()
    os.close(reading)
    with (tmp_path / "stdout").open("w") as out, suppress(BrokenPipeError), os.fdopen(writing, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", out)
        yield Console(file=pipe)


def test_a_listener_that_nobody_reads_is_told_nothing_more_and_keeps_nothing_from_going_on(
    unread: Console,
) -> None:
    told, lines = list[str](), Lines(unread)

    def listener(result: Result, event: Event) -> None:
        told.append(event.event)
        lines(result, event)

    made = result()
    timeline = Timeline(made, SystemClock(), listener)
    timeline.add("applied", "first")
    timeline.add("met", "second")
    assert told == ["applied"]
    assert [event.event for event in made.timeline] == ["applied", "met"]


def failing(error: BaseException) -> Listener:
    def listener(result: Result, event: Event) -> None:
        del result, event
        raise error

    return listener


def test_a_listener_of_a_program_s_own_that_fails_keeps_nothing_from_going_on() -> None:
    made = result()
    Timeline(made, SystemClock(), failing(KeyError("x"))).add("inject", "first")
    assert [event.event for event in made.timeline] == ["inject"]


def test_a_person_who_interrupts_a_listener_is_heard() -> None:
    with pytest.raises(KeyboardInterrupt):
        Timeline(result(), SystemClock(), failing(KeyboardInterrupt())).add("inject", "first")
