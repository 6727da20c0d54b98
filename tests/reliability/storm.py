"""A network that misbehaves between the engine and the sandbox: the same way for the same seed."""

from __future__ import annotations

import http.client
import random
import socket
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

TROUBLES: Final = (
    "drop", "lose", "late", "delay", "twice", "throttle", "unavailable", "break", "expire", "cut",
)  # fmt: skip
LATEST_S: Final = 0.45
"""How late a request may land, in seconds: within what the embedded target waits for."""
DELAY_S: Final = 0.05
_CODES: Final = {
    "throttle": (400, "ThrottlingException"),
    "unavailable": (503, "ServiceUnavailable"),
    "break": (500, "InternalFailure"),
    "expire": (403, "ExpiredTokenException"),
}


@dataclass(frozen=True)
class Request:
    """A request as it was sent."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def named(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers}


@dataclass
class Weather:
    """What happens to the requests of one run.

    Attributes:
        seed: Chooses it all.
        now: The time by which late requests land.
        session_ends: After how many requests the session's keys are refused; then nothing else happens.
    """

    seed: int
    now: Callable[[], datetime]
    session_ends: int | None = None
    happened: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)  # noqa: S311 - a seed makes the run repeatable
        self._share = self._chance.choice([0.01, 0.05, 0.2, 0.4])
        self._kinds = self._chance.sample(TROUBLES, self._chance.randint(1, len(TROUBLES)))
        # In some storms the run's session ends for good.
        ends = self._chance.randint(5, 40) if self._chance.random() < 0.1 else None
        self._session_ends = self.session_ends or ends
        if self.session_ends is not None:
            self._share = 0.0
        self._ending: set[str] = set()
        self._count = 0
        self._mutex = threading.Lock()

    def strikes(self, request: Request) -> tuple[str, float]:
        """What happens to this request, and a number from 0 to 1 that says how badly."""
        with self._mutex:
            self._count += 1
            token = request.named.get("x-amz-security-token")
            if token and self._session_ends is not None and self._count <= self._session_ends:
                self._ending.add(token)
            elif token in self._ending:
                return "expire", 0.0
            if self._chance.random() >= self._share:
                return "", 0.0
            trouble = self._chance.choice(self._kinds)
            self.happened.append(f"{self._count} {trouble}")
            return trouble, self._chance.random()


class Proxy:
    """Stands before a sandbox; calm until it is given weather."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream)
        self.weather: Weather | None = None
        self._late: list[tuple[float, Request]] = []
        self._mutex = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def _handle(self) -> None:
                proxy.handle(self)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _handle  # noqa: N815 - the base class's names

            def log_message(self, *_: object) -> None:
                return

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                return  # a client that was killed

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def handle(self, client: BaseHTTPRequestHandler) -> None:
        length = int(client.headers.get("Content-Length") or 0)
        body = client.rfile.read(length) if length else b""
        request = Request(client.command, client.path, tuple(client.headers.items()), body)
        trouble, degree = self.weather.strikes(request) if self.weather else ("", 0.0)
        match trouble:
            case "drop":
                _hang_up(client)
            case "late":
                assert self.weather is not None
                with self._mutex:
                    self._late.append((self.weather.now().timestamp() + degree * LATEST_S, request))
                _hang_up(client)
            case "lose":
                self._forward(request)
                _hang_up(client)
            case "cut":
                status, headers, answer = self._forward(request)
                _answer(client, status, headers, answer, cut=int(degree * len(answer)) if answer else None)
            case "throttle" | "unavailable" | "break" | "expire":
                status, code = _CODES[trouble]
                _answer(client, *error(request, status, code))
            case _:
                if trouble == "delay":
                    threading.Event().wait(degree * DELAY_S)
                elif trouble == "twice":
                    self._forward(request)
                _answer(client, *self._forward(request))

    def land(self, now: datetime) -> None:
        """Let the late requests whose time has come take effect."""
        with self._mutex:
            due = [request for at, request in self._late if at <= now.timestamp()]
            self._late = [(at, request) for at, request in self._late if at > now.timestamp()]
        for request in due:
            self._forward(request)

    def _forward(self, request: Request) -> tuple[int, list[tuple[str, str]], bytes]:
        assert self._upstream.hostname is not None
        upstream = http.client.HTTPConnection(self._upstream.hostname, self._upstream.port, timeout=60)
        try:
            upstream.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers:
                if name.lower() not in {"connection", "expect"}:
                    upstream.putheader(name, value)
            upstream.putheader("Connection", "close")
            upstream.endheaders(request.body or None)
            answer = upstream.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            upstream.close()


def error(request: Request, status: int, code: str) -> tuple[int, list[tuple[str, str]], bytes]:
    """An error in the protocol that the request speaks."""
    named, message = request.named, "stormy weather"
    if "smithy-protocol" in named:
        texts = (b"__type", code.encode(), b"message", message.encode())
        encoded = b"".join(bytes([0x78, len(text)]) + text for text in texts)
        headers = [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")]
        return status, headers, b"\xa2" + encoded
    of_s3 = "x-amz-content-sha256" in named  # Amazon S3 alone asks for this header
    if not (of_s3 or named.get("content-type", "").startswith("application/x-www-form-urlencoded")):
        headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", code)]
        return status, headers, f'{{"__type": "{code}", "message": "{message}"}}'.encode()
    inner = f"<Code>{code.removesuffix('Exception')}</Code><Message>{message}</Message>"
    if of_s3:
        slow = inner.replace("Throttling", "SlowDown")
        return (
            503 if slow != inner else status,
            [("Content-Type", "application/xml")],
            (f"<Error>{slow}<RequestId>storm</RequestId></Error>".encode()),
        )
    text = f"<ErrorResponse><Error>{inner}</Error><RequestId>storm</RequestId></ErrorResponse>"
    return status, [("Content-Type", "text/xml")], text.encode()


def _answer(
    client: BaseHTTPRequestHandler,
    status: int,
    headers: list[tuple[str, str]],
    body: bytes,
    *,
    cut: int | None = None,
) -> None:
    client.send_response_only(status)
    for name, value in headers:
        if name.lower() not in {"connection", "content-length", "transfer-encoding"}:
            client.send_header(name, value)
    client.send_header("Content-Length", str(len(body)))
    client.end_headers()
    if client.command != "HEAD":
        client.wfile.write(body[:cut])
    if cut is not None:
        _hang_up(client)


def _hang_up(client: BaseHTTPRequestHandler) -> None:
    """Reset the connection, as when the other side has gone."""
    connection: Any = client.connection
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close_connection = True
    client.wfile.close()
    connection.close()
