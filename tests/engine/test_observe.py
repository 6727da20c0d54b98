"""What counts as a response, with probes that say what they are told to.

A state that looks good by itself says nothing of a repair; the sandbox's responders do repair, so a probe of
something else than the fault's is made up here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from chaoskit.contract import About, Observation, Probe
from chaoskit.engine.observe import Observer
from chaoskit.engine.stop import Stop
from chaoskit.engine.timeline import Timeline
from chaoskit.experiment import Expectation, Role
from chaoskit.result import ExpectationResult
from chaoskit.slo import Duration
from tests.samples import NOW, attempt, result, trace

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping
    from datetime import datetime

    from chaoskit.aws import Reader
    from chaoskit.contract import Attempt, Trace


class Steps:
    """Time that only waits move on."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.at)

    def monotonic(self) -> float:
        return self.at

    def wait(self, seconds: float, wake: threading.Event) -> bool:
        self.at += seconds
        return wake.is_set()


class State(Probe):
    """A state that is good or bad, look by look; the last answer stays."""

    about = About("tests.state")

    def __init__(self, *answers: bool, of: str) -> None:
        vars(self).update(of=of, answers=list(answers))

    def look(self, aws: Reader, trace: Trace) -> Observation:
        del aws, trace
        answers = vars(self)["answers"]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return Observation(holds=answer, summary="the state is good" if answer else "the state is bad")


class Responder(Probe):
    """A responder that succeeded; what it repaired it tells only of an effect that nobody saw."""

    about = About("tests.responder")

    def __init__(self, *, wrote: bool) -> None:
        vars(self).update(wrote=wrote)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        del aws
        unseen = any(each.effect is False for each in trace.attempts)
        told: Mapping[str, Any] = {"repaired": ["training"]} if unseen and vars(self)["wrote"] else {}
        return Observation(holds=True, summary="the runbook succeeded", evidence=told, final=True)


class Run:
    """What an observer asks of a run besides: every effect was seen, and nothing says stop."""

    trace = trace(attempt(effect=True))
    began = trace.attempts[0].at, 0.0
    stop = Stop()

    def __init__(self, *remaining: list[Attempt]) -> None:
        self._remaining = list(remaining)

    def look_for_effects(self) -> None:
        """All were seen."""

    def remaining(self) -> list[Attempt]:
        """Look by look, the calls whose effect is still there; none in the end."""
        return self._remaining.pop(0) if self._remaining else []

    def check(self, *_: object, **__: object) -> None:
        """Go on."""


def response(
    state: State, responder: Responder | None, *, remaining: list[list[Attempt]] | None = None
) -> ExpectationResult:
    item = ExpectationResult(Expectation(Role.RESPONSE, state, Duration(60), None, responder))
    run, clock = cast("Any", Run(*remaining or [])), Steps()
    Observer([item], run, run, watch=run, timeline=Timeline(result(item), clock, None), clock=clock).observe()
    return item


@pytest.mark.parametrize("responder", [None, Responder(wrote=False), Responder(wrote=True)])
def test_a_state_that_was_bad_and_is_good_again_was_repaired(responder: Responder | None) -> None:
    assert response(State(False, True, of="something"), responder).met is True


@pytest.mark.parametrize("responder", [None, Responder(wrote=False)])
def test_what_the_fault_touched_may_be_repaired_before_the_first_look(responder: Responder | None) -> None:
    assert response(State(True, of="arn:aws:iam::444455556666:role/training"), responder).met is True


@pytest.mark.parametrize("responder", [None, Responder(wrote=False)])
def test_a_state_that_was_always_good_and_is_of_something_else_tells_of_no_repair(
    responder: Responder | None,
) -> None:
    missed = response(State(True, of="another-role"), responder)
    assert missed.met is None
    assert "nothing tells that it was repaired" in missed.summary


def test_of_something_else_a_responder_must_have_changed_what_the_fault_touched() -> None:
    assert response(State(True, of="another-role"), Responder(wrote=True)).met is True


def test_what_is_good_to_look_at_while_the_fault_is_still_in_tells_of_no_repair() -> None:
    (made,) = Run.trace.attempts
    for_ever, at_first = [[made]] * 1000, [[made]] * 3
    missed = response(State(True, of="training"), None, remaining=for_ever)
    assert missed.met is None
    assert "the effect of iam:AttachRolePolicy is still there" in missed.summary
    assert response(State(True, of="training"), None, remaining=at_first).met is True
    # Seen to be bad and then good, it was repaired, whatever else the call has changed.
    assert response(State(False, True, of="training"), None, remaining=for_ever).met is True
