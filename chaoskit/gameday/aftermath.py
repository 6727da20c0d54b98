"""What a game day showed: times, what went well, and what its owners have to do."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from chaoskit.engine.deadman import ARMED
from chaoskit.experiment import Role
from chaoskit.gameday.board import SENT
from chaoskit.gameday.record import Progress
from chaoskit.slo import Duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chaoskit.gameday.record import Played, Record

_FACILITATOR: Final = "the facilitator"


@dataclass(frozen=True, slots=True)
class Told:
    """One inject, as it went; times in seconds since its fault was sent.

    Attributes:
        detect: Until the first detection that was expected; None when none came.
        respond: Until the first response that was expected; None when none came.
        recover: Until the last change was undone and the account was as before; None when nothing was
            changed, or not everything was put back.
        prevented: Nothing that it tried went through.
    """

    number: int
    played: Played
    verdict: str
    reason: str
    detect: float | None
    respond: float | None
    recover: float | None
    prevented: bool


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What is told of a day; `actions` by owner."""

    record: Record
    injects: tuple[Told, ...]
    went_well: tuple[str, ...]
    actions: Mapping[str, tuple[str, ...]]


def aftermath(record: Record) -> Aftermath:
    """Work it out from what is kept."""
    actions: dict[str, list[str]] = defaultdict(list)
    for number, played in enumerate(record.injects, 1):
        for owner, action in _actions(number, played):
            actions[owner].append(action)
    if record.finished is None:
        actions[_FACILITATOR].append("The day was interrupted: `chaoskit gameday run` goes on with it.")
    return Aftermath(
        record,
        tuple(_told(number, played) for number, played in enumerate(record.injects, 1)),
        tuple(line for n, played in enumerate(record.injects, 1) for line in _went_well(n, played)),
        {owner: tuple(actions[owner]) for owner in sorted(actions)},
    )


def span(seconds: float | None) -> str:
    """A time as the report shows it."""
    return "none" if seconds is None else str(Duration(round(seconds, 1 if seconds >= 1 else 3)))


def _told(number: int, played: Played) -> Told:
    result = played.result
    if result is None:
        return Told(number, played, "not played", "", None, None, None, prevented=False)
    changes = [change for fault in result["faults"] for change in fault["changes"]]
    applied = any(change["outcome"] == "applied" for change in changes)
    return Told(
        number,
        played,
        result["verdict"],
        result["reason"],
        detect=_first(result, Role.DETECTION),
        respond=_first(result, Role.RESPONSE),
        recover=_recovered(result["timeline"]) if applied and result["restored"] else None,
        prevented=bool(changes) and not applied,
    )


def _first(result: Mapping[str, Any], role: Role) -> float | None:
    """The earliest evidence of a role; what came after its SLO came too."""
    seen = [
        each["latency_s"]
        for each in result["expectations"]
        if each["role"] == role and each["latency_s"] is not None
    ]
    return min(seen, default=None)


def _recovered(timeline: Sequence[Mapping[str, Any]]) -> float | None:
    sent = next((event["at"] for event in timeline if event["event"] in SENT), None)
    undone = [
        event["at"]
        for event in timeline
        if event["event"] == "undone" and not event["detail"].startswith(f"{ARMED}:")
    ]
    if sent is None or not undone:
        return None
    return max((datetime.fromisoformat(undone[-1]) - datetime.fromisoformat(sent)).total_seconds(), 0.0)


def _went_well(number: int, played: Played) -> Iterator[str]:
    if played.result is None:
        return
    for each in played.result["expectations"]:
        if each["met"]:
            within = each["slo_s"]
            took = f" in {span(each['latency_s'])} of {Duration(within)}" if within is not None else ""
            yield f"Inject {number}: {each['role']}{took}: {each['summary']}"


def _actions(number: int, played: Played) -> Iterator[tuple[str, str]]:
    """Who has to do what: one thing for each expectation that failed, and for what else went wrong."""
    result = played.result
    if result is None:
        if played.progress is Progress.RUNNING:
            yield _FACILITATOR, f"Inject {number}, {played.title}, was interrupted: play it again."
        elif played.progress is Progress.SKIPPED:
            yield _FACILITATOR, f"Inject {number}, {played.title}, was not played: plan it anew."
        return
    for line in result["left_open"]:
        yield played.owner, f"Inject {number} was NOT put back, do it now: {line}"
    if result["verdict"] == "ABORTED":
        yield (
            _FACILITATOR,
            f"Inject {number}, {played.title}, was stopped ({result['reason']}): play it again.",
        )
        return
    for each in result["expectations"]:
        if each["met"] is False:
            yield played.owner, f"Inject {number}: the {each['role']} was missed: {each['summary']}"
        elif each["met"] is None:
            unknown = f"find out why nobody can tell whether there was a {each['role']}"
            yield played.owner, f"Inject {number}: {unknown}: {each['summary']}"
    if result["verdict"] in ("ERROR", "INCONCLUSIVE"):
        yield played.owner, f"Inject {number} proves nothing ({result['verdict']}): {result['reason']}"
