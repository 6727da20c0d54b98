"""How a finding of any shape is known to stem from a run: by the strongest key that it carries."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from chaoskit.contract import Tie, session_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.contract import Attempt, Trace

CLOCKS_AGREE: Final = timedelta(seconds=2)
"""Clocks that differ by less are kept by NTP as usual."""
_DEEPEST: Final = 20
_MILLISECONDS_FROM: Final = 1e11
# What runs of chaoskit write into user agents and session names: evidence of another run.
_ANY_RUN: Final = re.compile(r"(?:\brun/|\bchaoskit-)(\d{8}T\d{6}-[0-9a-f]{6}\.\d+)")


def tied(finding: Any, trace: Trace, at: datetime | None = None) -> Tie | None:
    """What ties a finding to one of the faults' calls, or None; the strongest first.

    A CloudTrail record in it decides, if it holds one. Else any of its texts may carry the run's user
    agent, its session's name, or a key or request of its calls; the weakest tie is that it names what a
    call changed, which counts only with a time of its own, after the call, and without another run's marks.

    Args:
        finding: JSON-shaped; texts that hold JSON are read too.
        trace: What the run has done.
        at: When it was found; what is older than the call is not of it.
    """
    if not trace.attempts:
        return None
    records = [part for part in _objects(finding) if "eventName" in part and "userIdentity" in part]
    if records:
        return next((tie for tie in map(trace.caused, records) if tie and not _older(at, tie.attempt)), None)
    texts = list(_texts(finding))
    foreign = any(found != trace.trace_id for text in texts for found in _ANY_RUN.findall(text))
    for by in ("user agent", "session name", "access key id", "request id", "ARN"):
        for attempt in trace.attempts:
            if _older(at, attempt) or (by == "ARN" and (at is None or foreign)):
                continue
            marks = _marks(by, attempt, trace.trace_id)
            if any(_carries(text, mark) for mark in marks for text in texts):
                return Tie(attempt, by)
    return None


def opened(text: str) -> Any:
    """What a message says: JSON, taken out of an SNS envelope; the text itself when it is not JSON."""
    said = _read(text)
    if isinstance(said, dict) and said.get("Type") == "Notification" and isinstance(said.get("Message"), str):
        return opened(said["Message"])
    return text if said is None else said


def check_path(what: str, path: str) -> None:
    """ValueError if a parameter is not a JMESPath expression."""
    import jmespath  # noqa: PLC0415 - probes are scanned by every command, and this takes a while

    try:
        jmespath.compile(path)
    except jmespath.exceptions.JMESPathError as error:
        raise ValueError(f"{what} is not JMESPath: {error}") from error


def search(path: str, value: Any) -> Any:
    """What a JMESPath expression finds; None where its functions don't take what is there."""
    import jmespath  # noqa: PLC0415 - as above

    try:
        return jmespath.search(path, value)
    except jmespath.exceptions.JMESPathError:
        return None


def moment(value: Any) -> datetime | None:
    """A time as services write it: ISO 8601, or seconds or milliseconds since 1970; None for others."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return _iso(str(value))
    try:
        return datetime.fromtimestamp(number / 1000 if number > _MILLISECONDS_FROM else number, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _iso(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _older(at: datetime | None, attempt: Attempt) -> bool:
    return at is not None and at < attempt.at - CLOCKS_AGREE


def _marks(by: str, attempt: Attempt, trace_id: str) -> list[str]:
    match by:
        case "user agent":
            return [f"run/{trace_id}"]
        case "session name":
            return [session_name(trace_id)]
        case "access key id":
            return [attempt.call.signed_by.access_key_id] if attempt.call.signed_by else []
        case "request id":
            return [attempt.request_id] if attempt.request_id else []
        case _:
            return sorted(attempt.touched())


def _carries(text: str, mark: str) -> bool:
    """The mark stands by itself: run 1 is not run 10, and bucket `a` not bucket `a-b`."""
    start = text.find(mark)
    while start >= 0:
        before, after = text[:start][-1:], text[start + len(mark) :][:1]
        if not (_part(before) or _part(after)):
            return True
        start = text.find(mark, start + 1)
    return False


def _part(character: str) -> bool:
    return character.isalnum() or character in ("-", "_") if character else False


def _objects(value: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    if depth > _DEEPEST:
        return
    match value:
        case dict():
            yield value
            for inner in value.values():
                yield from _objects(inner, depth + 1)
        case list():
            for inner in value:
                yield from _objects(inner, depth + 1)
        case str() if value[:1] in ("{", "["):
            yield from _objects(_read(value), depth + 1)


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from _texts(inner, depth + 1)
        case list():
            for inner in value:
                yield from _texts(inner, depth + 1)


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
