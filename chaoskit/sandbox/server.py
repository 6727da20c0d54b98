"""The sandbox behind a socket: HTTP/1.1 with keep-alive, on the loopback interface only."""

from __future__ import annotations

import hmac
import json
import secrets
import threading
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from cheroot import server

from chaoskit.sandbox.clock import wall_clock
from chaoskit.sandbox.cloud import MANAGEMENT, MEMBER, REGION, Sandbox
from chaoskit.sandbox.http import HttpRequest, spelled
from chaoskit.sandbox.profile import INSTANT
from chaoskit.sandbox.snapshot.snapshot import BusyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from chaoskit.sandbox.organization import AccessKey
    from chaoskit.sandbox.profile import Profile
    from chaoskit.sandbox.snapshot.snapshot import Snapshot

LOOPBACK = "127.0.0.1"
CONTROL = "/_chaoskit/"
TOKEN = "x-chaoskit-token"  # noqa: S105 - the header's name
_THREADS = 32
_STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class _Gateway(server.Gateway):
    """Hands the application a request as it was sent, and sends the answer in one piece.

    In two, as WSGI would, each call would wake its client twice.
    """

    def __init__(self, application: _Application, request: Any) -> None:
        super().__init__(request)
        self._application = application

    def respond(self) -> None:
        """Answer the request."""
        request = self.req
        status, headers, body = self._application.answer(self._asked())
        request.status = _STATUS.get(status, f"{status} Unknown").encode("ascii")
        request.outheaders.extend((name.encode("latin-1"), value.encode()) for name, value in headers)
        wire, head = request.conn.wfile, BytesIO()
        request.conn.wfile = head
        try:
            request.ensure_headers_sent()
        finally:
            request.conn.wfile = wire
        wire.write(head.getvalue() + body)

    def _asked(self) -> HttpRequest:
        request = self.req
        headers: dict[str, str] = {}
        for raw_name, raw_value in request.inheaders.items():
            headers[raw_name.decode("latin-1").lower()] = raw_value.decode("latin-1")
        path, _, query = request.uri.decode("latin-1").partition("?")
        if "://" in path:
            path = "/" + path.split("://", 1)[1].partition("/")[2]
        if request.chunked_read:
            body = request.rfile.read()
        else:
            length = int(headers.get("content-length") or 0)
            body = request.rfile.read(length) if length else b""
        return HttpRequest(
            method=request.method.decode("latin-1"),
            path=path,
            query=query,
            headers=headers,
            body=body,
            remote_address=request.conn.remote_addr or LOOPBACK,
            names=spelled(headers),
        )


class _Application:
    """AWS's APIs, and the control API beside them."""

    def __init__(self, sandbox: Sandbox, token: str) -> None:
        self._sandbox = sandbox
        self._token = token
        self._snapshots: dict[str, Snapshot] = {}

    def answer(self, http: HttpRequest) -> tuple[int, list[tuple[str, str]], bytes]:
        """Status, headers with the length among them, and body."""
        if http.path.startswith(CONTROL):
            status, said = self._control(http)
            body, headers = json.dumps(said).encode(), [("Content-Type", "application/json")]
        else:
            given = self._sandbox.answer(http)
            status, body, headers = given.status, given.body, list(given.headers)
        if not any(name.lower() == "content-length" for name, _ in headers):
            headers.append(("Content-Length", str(len(body))))
        return status, headers, body

    def _control(self, http: HttpRequest) -> tuple[int, dict[str, Any]]:
        if not hmac.compare_digest(http.headers.get(TOKEN, "").encode(), self._token.encode()):
            return 403, {"error": f"send the sandbox's token in the header {TOKEN}"}
        asked = {name: values[0] for name, values in parse_qs(http.query).items()}
        try:
            match http.path.removeprefix(CONTROL):
                case "health":
                    return 200, {"status": "ok", "now": self._sandbox.now().isoformat()}
                case "idle":
                    self._sandbox.flush()
                    return 200, {"idle": self._sandbox.idle(float(asked.get("timeout", "10")))}
                case "advance":
                    self._sandbox.clock.advance(float(asked["seconds"]))
                    return 200, {"now": self._sandbox.now().isoformat()}
                case "snapshot" | "restore" | "export" as call:
                    return self._state(call, asked)
                case unknown:
                    return 404, {"error": f"there is no control call '{unknown}'"}
        except (KeyError, ValueError) as error:
            return 400, {"error": f"a number of seconds is missing or not a number: {error}"}

    def _state(self, call: str, asked: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Keep the state under a name, put back what a name stands for, or describe it as it is."""
        timeout, name = float(asked.get("timeout", "10")), asked.get("name", "")
        try:
            if call == "export":
                return 200, self._sandbox.describe(timeout)
            if call == "snapshot":
                kept = self._snapshots[name] = self._sandbox.snapshot(timeout)
                return 200, {"name": name, "objects": len(kept)}
            if name not in self._snapshots:
                return 404, {"error": f"there is no snapshot '{name}'", "names": sorted(self._snapshots)}
            self._sandbox.restore(self._snapshots[name], timeout)
        except BusyError as busy:
            return 409, {"error": str(busy)}
        return 200, {"name": name, "now": self._sandbox.now().isoformat()}


@dataclass(frozen=True, slots=True)
class Served:
    """A sandbox that answers.

    Attributes:
        instance: A name for this sandbox, unique among all that ever ran here.
        url: Its endpoint for AWS SDKs.
        token: Opens the control API under `/_chaoskit/`.
        credentials: Keys of the administrators `admin` (member account) and `management`.
        cloud: The sandbox itself, for those in its process.
    """

    instance: str
    url: str
    token: str
    credentials: Mapping[str, AccessKey]
    cloud: Sandbox

    def describe(self) -> dict[str, Any]:
        """What a client in another process needs, as JSON."""
        return {
            "instance": self.instance,
            "url": self.url,
            "token": self.token,
            "region": REGION,
            "profile": self.cloud.profile.name,
            "accounts": {"management": MANAGEMENT, "sandbox": MEMBER},
            "credentials": {
                name: {"access_key_id": key.access_key_id, "secret_access_key": key.secret_access_key}
                for name, key in self.credentials.items()
            },
        }


@contextmanager
def serve(
    port: int = 0,
    wall: Callable[[], datetime] | None = None,
    instance: str | None = None,
    profile: Profile = INSTANT,
) -> Iterator[Served]:
    """Serve a fresh sandbox on the loopback interface for as long as the context lasts.

    moto keeps its state in the process: a second sandbox in the same process wipes the first one's.

    Args:
        port: The TCP port; 0 takes a free one.
        wall: The clock to run by; the machine's own by default.
        instance: Its name; a new one by default.
        profile: How long telemetry takes.

    Raises:
        OSError: the port is taken.
    """
    sandbox = Sandbox(wall or wall_clock, profile)
    token = secrets.token_urlsafe(32)
    http = server.HTTPServer(
        (LOOPBACK, port), partial(_Gateway, _Application(sandbox, token)), minthreads=_THREADS
    )
    http.request_queue_size = 128
    http.keep_alive_conn_limit = 512
    http.timeout = 60
    http.shutdown_timeout = 1
    http.expiration_interval = 0.1  # cheroot notices that it is to stop only this often
    http.prepare()
    thread = threading.Thread(target=http.serve, name="sandbox-server", daemon=True)
    thread.start()
    try:
        sandbox.url = f"http://{LOOPBACK}:{http.bind_addr[1]}"
        admins = sandbox.bootstrap()
        yield Served(
            instance=instance or uuid.uuid4().hex[:12],
            url=sandbox.url,
            token=token,
            credentials={"admin": admins[MEMBER], "management": admins[MANAGEMENT]},
            cloud=sandbox,
        )
    finally:
        sandbox.close()
        http.stop()
        thread.join(2)
