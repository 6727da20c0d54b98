"""Reads and sessions are tried again when AWS is busy; a change is sent once."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from urllib3.connection import HTTPConnection

from chaoskit.aws import Aws, Call, Connection, Credentials, Inboxes, Query
from chaoskit.aws.pool import _CONNECT_TIMEOUT_S, _READ_TIMEOUT_S, _UNCONFIRMED_S
from chaoskit.errors import AwsError
from chaoskit.places import AwsSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

BUSY = (
    503,
    b"<ErrorResponse><Error><Code>ServiceUnavailable</Code><Message>busy</Message></Error></ErrorResponse>",
)
THROTTLED = (
    400,
    b"<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>",
)
JSON_THROTTLED = (400, b'{"__type": "com.amazonaws.sqs#RequestThrottled", "message": "Rate exceeded"}')
ASSUMED = (
    200,
    (
        b"<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>"
        b"<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
        b"<Expiration>2026-03-01T12:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    ),
)
ROLES = (200, b"<ListRolesResponse><ListRolesResult><Roles/></ListRolesResult></ListRolesResponse>")
DONE = (200, b"<AttachRolePolicyResponse/>")
NONE = (200, b"{}")


class Busy:
    """A service that gives these answers, one after the other."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = []
        self.asked = 0
        busy = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                busy.asked += 1
                status, body = busy.answers.pop(0)
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                return

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        keys = Credentials("AKIAIOSFODNN7EXAMPLE", "s")
        url = f"http://127.0.0.1:{self._server.server_port}"
        self.connection = Connection("us-east-1", endpoint_url=url, credentials=keys)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Busy]:
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    made = Busy()
    yield made
    made.close()


@pytest.mark.parametrize("trouble", [BUSY, THROTTLED])
def test_a_session_is_asked_for_again(busy: Busy, trouble: tuple[int, bytes]) -> None:
    busy.answers = [trouble, trouble, ASSUMED]
    made = busy.connection.assume("arn:aws:iam::444455556666:role/r", "session", 900, ["{}"])
    assert made.credentials
    assert made.credentials.access_key_id == "ASIAIOSFODNN7EXAMPLE"
    assert busy.asked == 3


@pytest.mark.parametrize("trouble", [(503, b"{}"), JSON_THROTTLED])
def test_the_alert_queue_is_read_again(busy: Busy, trouble: tuple[int, bytes]) -> None:
    busy.answers = [trouble, trouble, NONE]
    aws = Aws(busy.connection, inboxes=Inboxes("mine"))
    assert aws.messages(f"{busy.connection.endpoint_url}/444455556666/alerts") == []
    assert busy.asked == 3


@pytest.mark.parametrize("trouble", [BUSY, THROTTLED])
def test_a_read_is_made_again(busy: Busy, trouble: tuple[int, bytes]) -> None:
    busy.answers = [trouble, trouble, ROLES]
    assert Aws(busy.connection).read(Query("iam", "ListRoles", {}, "Roles")) == []


@pytest.mark.parametrize("trouble", [BUSY, THROTTLED])
def test_a_change_is_sent_once(busy: Busy, trouble: tuple[int, bytes]) -> None:
    busy.answers = [trouble, DONE]
    with pytest.raises(AwsError) as failed:
        Aws(busy.connection).send(Call("iam", "AttachRolePolicy", RoleName="r", PolicyArn="a" * 20))
    assert failed.value.transient
    assert busy.asked == 1


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this kernel has no such bound")
def test_the_kernel_gives_up_what_nobody_confirms_before_a_request_may_no_longer_land(
    busy: Busy, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    connect = HTTPConnection.connect

    def looked_at(connection: HTTPConnection) -> None:
        connect(connection)
        assert connection.sock is not None
        seen.append(connection.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) / 1000)

    monkeypatch.setattr(HTTPConnection, "connect", looked_at)
    busy.answers = [DONE]
    attach = Call("iam", "AttachRolePolicy", RoleName="r", PolicyArn="arn:aws:iam::aws:policy/X")
    Aws(busy.connection).send(attach)
    assert seen == [_UNCONFIRMED_S]
    assert AwsSettings().landing_s > _CONNECT_TIMEOUT_S + _READ_TIMEOUT_S + 2 * _UNCONFIRMED_S
