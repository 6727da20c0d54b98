"""A network between a client and a served sandbox, that loses answers and throttles as it is told."""

from __future__ import annotations

import http.client
import json
import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Between:
    """What happens to the next requests of an operation, e.g. `{"PutItem": ["lost", "throttled"]}`."""

    url: str = ""
    fates: dict[str, list[str]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)


@contextmanager
def between(url: str) -> Iterator[Between]:
    """Serve the network in front of a sandbox."""
    told, there = Between(), urlsplit(url).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            operation = self.headers["X-Amz-Target"].partition(".")[2]
            told.seen.append(operation)
            fates = told.fates.get(operation, [])
            fate = fates.pop(0) if fates else ""
            if fate == "throttled":
                name = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"
                self._answer(400, json.dumps({"__type": name, "message": "The level is exceeded"}).encode())
                return
            with closing(http.client.HTTPConnection(there)) as forward:
                forward.request("POST", self.path, body, dict(self.headers))
                answer = forward.getresponse()
                status, told_back = answer.status, answer.read()
            if fate == "lost":
                self.close_connection = True
            else:
                self._answer(status, told_back)

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield told
        finally:
            server.shutdown()
            thread.join()
