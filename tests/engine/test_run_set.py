"""A set of runs as a whole; what a single run does is in the end-to-end tests."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import pytest

from chaoskit import engine
from chaoskit.engine import run_set
from chaoskit.journal import SqliteJournal
from tests.samples import experiment, target
from tests.samples import result as made

if TYPE_CHECKING:
    from pathlib import Path

    from chaoskit.engine.surroundings import Surroundings
    from chaoskit.experiment import Experiment
    from chaoskit.result import Result


def test_a_ctrl_c_that_nobody_takes_waits_until_what_has_begun_is_rolled_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    # Python leaves it ignored in a shell's background job.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    begun, ended = list[str](), list[str]()
    main = threading.main_thread().ident
    assert main is not None

    def interrupt() -> None:
        signal.pthread_kill(main, signal.SIGINT)

    def run(_: Experiment, trace_id: str, around: Surroundings) -> Result:
        begun.append(trace_id)
        interrupt()
        assert around.stop.event.wait(10)
        interrupt()  # once more, as people do
        threading.Event().wait(0.05)
        assert around.journal.open_faults() == []  # it is still open
        ended.append(trace_id)
        return made()

    monkeypatch.setattr(engine, "run_experiment", run)
    with SqliteJournal(tmp_path / "journal.sqlite") as journal, pytest.raises(KeyboardInterrupt):
        run_set([experiment(), experiment()], target(), journal)
    assert begun == ended
    assert len(ended) == 1  # the other one was not begun
