"""A game day from a second window: its states as the room's page gets them, over every interruption."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential, wait_random

from chaoskit.errors import ChaoskitError
from chaoskit.gameday.board import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tenacity import RetryCallState

_SILENT_AFTER_S: Final = 30.0
"""The page shows that it is alive more often than that."""
_FIRST_WAIT_S: Final = 0.5
_LONGEST_WAIT_S: Final = 15.0
_PATIENCE_S: Final = 900.0
"""How long a day may be away: a facilitator whose machine died needs a while to go on."""
_LONGEST_LINE: Final = 4_000_000
_DATA: Final = b"data: "
_ID: Final = b"id: "
_BUSY: Final = 500
"""From this HTTP status on, the server may answer better later."""


class _LostError(Exception):
    """The connection is gone, or can't be had now; the message says why."""


def states(
    url: str,
    *,
    lost: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
    patience_s: float = _PATIENCE_S,
) -> Iterator[Mapping[str, Any]]:
    """Each state of the day at this URL, until it is over; a lost connection is made again.

    Args:
        url: As `chaoskit gameday run --serve` prints it.
        lost: Called with a line about it when the connection is lost, before each try, and with an empty one
            when it is back.
        sleep: Waits between tries.
        patience_s: How long to try.

    Raises:
        ChaoskitError: There is no day at this address, or it did not come back in time.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise ChaoskitError(f"{url} is no address of a game day: `gameday run --serve` prints it.")
    try:
        stream, seen = _connect(url, ""), ""
    except _LostError as error:  # whoever has just typed an address wants to know at once
        raise ChaoskitError(f"The game day can't be watched: {error}.") from error
    while True:
        why = "the day's process is gone"
        try:
            with closing(stream):
                for seen, state in _told(stream):  # noqa: B007 - the last one seen is what to ask after
                    yield state
                    if state["finished"]:
                        return
        except _LostError as error:
            why = str(error)
        lost(f"{why}; connecting again")
        sleep(_FIRST_WAIT_S)
        stream = _again(url, seen, lost, sleep, patience_s)
        lost("")


def _again(
    url: str, seen: str, lost: Callable[[str], None], sleep: Callable[[float], None], patience_s: float
) -> http.client.HTTPResponse:
    def tell(state: RetryCallState) -> None:
        why = state.outcome.exception() if state.outcome else None
        wait = state.next_action.sleep if state.next_action else 0.0
        lost(f"{why}; trying again in {wait:.0f} s (Ctrl-C ends watching)")

    retrying = Retrying(
        retry=retry_if_exception_type(_LostError),
        wait=wait_exponential(multiplier=_FIRST_WAIT_S, max=_LONGEST_WAIT_S) + wait_random(0, _FIRST_WAIT_S),
        stop=stop_after_delay(patience_s),
        before_sleep=tell,
        sleep=sleep,
        reraise=True,
    )
    try:
        return retrying(_connect, url, seen)
    except _LostError as error:
        raise ChaoskitError(
            f"The game day was interrupted, or the connection to it was, and it did not come back: {error}."
        ) from error


def _connect(url: str, seen: str) -> http.client.HTTPResponse:
    """The stream of states after the one that was seen last."""
    headers = {"Accept": "text/event-stream", **({"Last-Event-ID": seen} if seen else {})}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(f"{url.rstrip('/')}/events", headers=headers)  # noqa: S310 - checked by `states`
    try:
        stream: http.client.HTTPResponse = opener.open(request, timeout=_SILENT_AFTER_S)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code >= _BUSY:
            raise _LostError(f"it answers {error.code} {error.reason}") from error
        raise ChaoskitError(f"There is no game day at this address ({error.code} {error.reason}).") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _LostError(_why(getattr(error, "reason", error))) from error
    return stream


def _why(error: object) -> str:
    """In words, without the system's number of it."""
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__


def _told(stream: http.client.HTTPResponse) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each state with its name; see "Server-sent events" in the HTML Standard."""
    name = ""
    try:
        while line := stream.readline(_LONGEST_LINE):
            if line.startswith(_ID):
                name = line.removeprefix(_ID).decode().strip()
            elif line.startswith(_DATA):
                yield name, _state(line.removeprefix(_DATA))
    except (OSError, http.client.HTTPException) as error:
        raise _LostError(_why(error)) from error


class Watched:
    """The newest state, the time where the day is played, and what is wrong with the connection."""

    def __init__(self) -> None:
        self.state: Mapping[str, Any] | None = None
        self.trouble = ""
        self._ahead = timedelta()

    def take(self, state: Mapping[str, Any]) -> None:
        """Take a new state."""
        self._ahead = datetime.fromisoformat(state["now"]) - datetime.now(UTC)
        self.state = state

    def now(self) -> datetime:
        """The time there."""
        return datetime.now(UTC) + self._ahead


def _state(told: bytes) -> Mapping[str, Any]:
    try:
        state = json.loads(told)
        if state["schema"] == SCHEMA and "finished" in state:
            return dict(state)
    except (ValueError, KeyError, TypeError):
        pass
    raise ChaoskitError("The game day can't be watched: it says nothing that this chaoskit understands.")
