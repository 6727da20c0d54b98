from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.errors import ChaoskitError
from chaoskit.report.publish import to_slack, to_teams
from chaoskit.result import Verdict
from tests.report.documents import document

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def webhook(status: int = 200) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A webhook on this machine: its address, and what was posted to it."""
    posted: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            del arguments

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/secret-path", posted
        finally:
            server.shutdown()
            thread.join()


def test_slack_is_told_what_did_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    with webhook() as (url, posted):
        monkeypatch.setenv("CHAOSKIT_SLACK_WEBHOOK", url)
        to_slack(document(Verdict.PASSED, Verdict.FAILED))
    (message,) = posted
    assert message["text"] == "*chaoskit on embedded: 1 FAILED, 1 PASSED*\nsmall-1: FAILED: because"


def test_teams_gets_an_adaptive_card(monkeypatch: pytest.MonkeyPatch) -> None:
    with webhook() as (url, posted):
        monkeypatch.setenv("CHAOSKIT_TEAMS_WEBHOOK", url)
        to_teams(document(Verdict.PASSED))
    card = posted[0]["attachments"][0]["content"]
    assert [block["text"] for block in card["body"]] == ["**chaoskit on embedded: 1 PASSED**"]


def test_a_webhook_that_refuses_is_told_without_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with webhook(403) as (url, _):
        monkeypatch.setenv("CHAOSKIT_SLACK_WEBHOOK", url)
        with pytest.raises(ChaoskitError, match="CHAOSKIT_SLACK_WEBHOOK answered 403") as told:
            to_slack(document(Verdict.PASSED))
    assert "secret-path" not in str(told.value)


@pytest.mark.parametrize("address", ["", "http://example.com/hook", "file:///etc/passwd"])
def test_only_an_https_address_is_posted_to(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("CHAOSKIT_SLACK_WEBHOOK", address)
    with pytest.raises(ChaoskitError, match="begins with https"):
        to_slack(document(Verdict.PASSED))
