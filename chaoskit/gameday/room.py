"""A page for the room, read-only: the day's state, sent as it changes.

The page is served by a token in its address, from files of this package alone, and holds no more than the
state that everybody may see: in a blind day what is hidden never reaches this module.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import socket
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from chaoskit.errors import ChaoskitError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.gameday.board import Board

LOOPBACK: Final = "127.0.0.1"
_HERE: Final = Path(__file__).parent / "page"
_FILES: Final = {
    "": ("room.html", "text/html; charset=utf-8"),
    "room.js": ("room.js", "text/javascript; charset=utf-8"),
    "room.css": ("room.css", "text/css; charset=utf-8"),
}
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",  # the address holds the token
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_ALIVE_EVERY_S: Final = 10.0
_RETRY_AFTER: Final = b"retry: 1000\n\n"
"""How long a browser waits before it connects again, in ms (HTML Standard, "Server-sent events")."""
_ANSWERS_WITHIN_S: Final = 30.0
_ENDS_WITHIN_S: Final = 2.0
_MOST_WATCHERS: Final = 50
_TOKEN_BYTES: Final = 24


@dataclass(frozen=True, slots=True)
class Address:
    """Where to serve."""

    host: str = LOOPBACK
    port: int = 0

    @classmethod
    def parse(cls, text: str) -> Address:
        """From `HOST:PORT`, `HOST` or `:PORT`; any free port by default.

        Raises:
            ValueError: It is none.
        """
        host, _, port = text.rpartition(":") if ":" in text else (text, "", "0")
        if not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 - the highest port
            raise ValueError(f"{text} is no HOST:PORT")
        return cls(host.strip("[]") or LOOPBACK, int(port))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], board: Board, token: str) -> None:
        self.board = board
        self.token = token
        self.ended = threading.Event()
        self.watchers = threading.BoundedSemaphore(_MOST_WATCHERS)
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)

    def end(self) -> None:
        """Let everybody see the last state, and serve no more."""
        self.ended.set()
        self.board.wake()
        until = time.monotonic() + _ENDS_WITHIN_S
        for _ in range(_MOST_WATCHERS):
            if not self.watchers.acquire(timeout=max(until - time.monotonic(), 0)):
                break
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Somebody who went away in the middle is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "chaoskit"
    sys_version = ""
    timeout = _ANSWERS_WITHIN_S

    def do_GET(self) -> None:
        """Answer with the page, one of its files, or the state."""
        token, _, name = self.path.lstrip("/").partition("/")
        if not hmac.compare_digest(token.encode(), self.server.token.encode()):
            self._answer(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"The address lacks its token.\n")
        elif name in _FILES:
            file, kind = _FILES[name]
            self._answer(HTTPStatus.OK, kind, (_HERE / file).read_bytes())
        elif name == "state":
            self._answer(HTTPStatus.OK, "application/json", _json(self.server.board.state()))
        elif name == "events":
            self._stream()
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"There is no such page.\n")

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self._end_headers(kind)
        self.wfile.write(body)

    def _end_headers(self, kind: str) -> None:
        for name, value in {**_HEADERS, "Content-Type": kind}.items():
            self.send_header(name, value)
        self.end_headers()

    def _stream(self) -> None:
        """Server-sent events: the whole state whenever what is shown has changed, and a sign of life."""
        # Whoever comes while it closes in mid-day would be sent away again, and think to be back meanwhile.
        closes = self.server.ended.is_set() and not self.server.board.state()["finished"]
        if closes or not self.server.watchers.acquire(blocking=False):
            why = b"This room closes.\n" if closes else b"Too many watch.\n"
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", why)
            return
        try:
            self.send_response(HTTPStatus.OK)
            self._end_headers("text/event-stream")
            self._send_changes()
        finally:
            self.server.watchers.release()

    def _send_changes(self) -> None:
        board, version, due = self.server.board, -1, time.monotonic() + _ALIVE_EVERY_S
        seen = self.headers.get("Last-Event-ID")  # whoever comes back has this state already
        self.wfile.write(_RETRY_AFTER)
        while True:
            ends = self.server.ended.is_set()  # before the state is read: the last one must still be shown
            state = board.state()
            # By what is shown, not by version: the stream's rhythm must not tell what a blind day hides.
            now = _name(state)
            if now != seen:
                seen, due = now, time.monotonic() + _ALIVE_EVERY_S
                self.wfile.write(f"id: {now}\nevent: state\ndata: ".encode() + _json(state) + b"\n\n")
            elif time.monotonic() >= due:
                due += _ALIVE_EVERY_S
                self.wfile.write(b": alive\n\n")
            if state["finished"] or ends:
                return
            version = board.wait(version, max(due - time.monotonic(), 0.0))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """The address holds the token, so it is not logged."""


@contextmanager
def serve(board: Board, address: Address, before: str = "") -> Iterator[str]:
    """Serve the page while the block lasts; its URL.

    Args:
        board: Whose state is shown.
        address: Where.
        before: The URL at which this day was served earlier: it is the same again, if its port is free.

    Raises:
        ChaoskitError: The address can't be used.
    """
    earlier = urlsplit(before)
    token = earlier.path.strip("/") or secrets.token_urlsafe(_TOKEN_BYTES)
    server = None
    if earlier.port and not address.port:
        with suppress(OSError):
            server = _Server((address.host, earlier.port), board, token)
    try:
        server = server or _Server((address.host, address.port), board, token)
    except (OSError, UnicodeError) as error:
        raise ChaoskitError(f"{address.host}:{address.port} can't be served: {error}.") from error
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="room", daemon=True)
    thread.start()
    try:
        host = f"[{address.host}]" if ":" in address.host else address.host
        yield f"http://{host}:{server.server_address[1]}/{token}/"
    finally:
        server.end()
        thread.join()


def _name(state: Mapping[str, Any]) -> str:
    """A state's name, the same in every process: of all that it shows but the time."""
    shown = {name: value for name, value in state.items() if name != "now"}
    return hashlib.sha256(_json(shown)).hexdigest()[:16]


def _json(state: Mapping[str, Any]) -> bytes:
    return json.dumps(state).encode()
