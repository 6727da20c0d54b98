"""What of a warm run is its own: its calls answered from memory, by the clock and under a profiler."""

from __future__ import annotations

import cProfile
import pstats
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from benchmarks.measure import Figure, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from benchmarks.measure import Report

    Make = Callable[[Any, str, Mapping[str, Any]], Any]

_PARTS: Final = {
    "the journal, which waits for the disk": ("journal/sqlite.py", "_writing"),
    "whether the fault would lock out its undo": ("predict/lockout.py", "foresee_lockout"),
    "what the session is limited to": ("predict/harness.py", "session_policies"),
    "around each read": ("aws/session.py", "_answer"),
}
"""By the function that does it, all that it calls included."""


@contextmanager
def calls_made_by(maker: Callable[[Make], Make]) -> Iterator[None]:
    """For a block, have botocore's calls made by what `maker` makes of its own way."""
    make = BaseClient._make_api_call  # noqa: SLF001 - every call goes through it
    BaseClient._make_api_call = maker(make)  # noqa: SLF001 - as above
    try:
        yield
    finally:
        BaseClient._make_api_call = make  # noqa: SLF001 - as above


def own_part(report: Report, run: Callable[[], None], rounds: int) -> None:
    """Add what a run takes of its own, and which parts of it take most."""
    answers: list[Any] = []
    with calls_made_by(lambda make: _kept(make, answers)):
        run()
    with calls_made_by(lambda _: _from(answers)):
        own = Figure("warm, its calls answered from memory", "chaoskit", "ms", *timed(run, rounds))
        report.add(own)
        profile = cProfile.Profile()
        threading.setprofile(lambda *_: profile.enable())  # the run's own thread
        try:
            for _ in range(rounds):
                run()
        finally:
            threading.setprofile(None)
    told = ", ".join(f"{part} {ms / rounds:.1f}" for part, ms in _spent(profile).items())
    report.note(f"of that, in ms under a profiler, which doubles them: {told}")


def _kept(make: Make, answers: list[Any]) -> Make:
    def kept(client: Any, operation: str, params: Mapping[str, Any]) -> Any:
        try:
            answers.append(make(client, operation, params))
        except ClientError as error:  # what is not there is asked for too
            answers.append(error)
        return _told(answers[-1])

    return kept


def _from(answers: list[Any]) -> Make:
    """The same run makes the same calls in the same order."""
    made = 0

    def answered(*_: object) -> Any:
        nonlocal made
        made += 1
        return _told(answers[(made - 1) % len(answers)])

    return answered


def _told(answer: Any) -> Any:
    if isinstance(answer, ClientError):
        raise answer
    return dict(answer)


def _spent(profile: cProfile.Profile) -> dict[str, float]:
    """Milliseconds by part."""
    found = dict.fromkeys(_PARTS, 0.0)
    rows: Any = vars(pstats.Stats(profile))["stats"]
    for (file, _, function), (*_, cumulative, _) in rows.items():
        for part, (module, name) in _PARTS.items():
            if file.endswith(f"chaoskit/{module}") and function == name:
                found[part] += cumulative * 1000
    return found
