"""A game day from a second window: its states as the room's page gets them."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from chaoskit.errors import ChaoskitError
from chaoskit.gameday.board import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SILENT_AFTER_S: Final = 30.0
"""The page shows that it is alive more often than that."""
_LONGEST_LINE: Final = 4_000_000
_DATA: Final = b"data: "


def states(url: str) -> Iterator[Mapping[str, Any]]:
    """Each state of the day at this URL, until it is over.

    Args:
        url: As `chaoskit gameday run --serve` prints it.

    Raises:
        ChaoskitError: It is none, or there is no day any more.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise ChaoskitError(f"{url} is no address of a game day: `gameday run --serve` prints it.")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    finished = False
    try:
        with opener.open(f"{url.rstrip('/')}/events", timeout=_SILENT_AFTER_S) as stream:
            while line := stream.readline(_LONGEST_LINE):
                if line.startswith(_DATA):
                    state = _state(line.removeprefix(_DATA))
                    finished = bool(state["finished"])
                    yield state
    except urllib.error.HTTPError as error:
        error.close()
        raise ChaoskitError(f"There is no game day at this address ({error.code} {error.reason}).") from error
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        raise ChaoskitError(f"The game day can't be watched: {error}.") from error
    if not finished:
        raise ChaoskitError("The game day was interrupted, or the connection to it was.")


class Watched:
    """The newest state, and the time where the day is played."""

    def __init__(self) -> None:
        self.state: Mapping[str, Any] | None = None
        self._ahead = timedelta()

    def take(self, state: Mapping[str, Any]) -> None:
        """Take a new state."""
        self._ahead = datetime.fromisoformat(state["now"]) - datetime.now(UTC)
        self.state = state

    def now(self) -> datetime:
        """The time there."""
        return datetime.now(UTC) + self._ahead


def _state(told: bytes) -> Mapping[str, Any]:
    state = json.loads(told)
    if not isinstance(state, dict) or state.get("schema") != SCHEMA:
        raise ValueError("it says nothing that this chaoskit understands")
    return state
