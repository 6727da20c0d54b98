from __future__ import annotations

import http.client
import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from chaoskit.errors import ChaoskitError
from chaoskit.gameday.room import Address, serve
from chaoskit.gameday.watch import Watched, states
from tests.gameday.days import SECRETS, Stage, day, inject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def room(stage: Stage) -> Iterator[str]:
    with serve(stage.board, Address()) as url:
        yield url


def get(url: str, path: str = "", method: str = "GET") -> tuple[int, dict[str, str], str]:
    parts = urlsplit(url)
    assert parts.hostname
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    try:
        connection.request(method, parts.path + path)
        answer = connection.getresponse()
        return answer.status, dict(answer.headers), answer.read().decode()
    finally:
        connection.close()


def test_the_page_comes_with_a_policy_that_lets_nothing_else_in(tmp_path: Path) -> None:
    with room(Stage(day(tmp_path))) as url:
        for path in ("", "room.js", "room.css", "state"):
            status, headers, body = get(url, path)
            assert (status, bool(body)) == (200, True)
            assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["Cache-Control"] == "no-store"


def test_it_is_served_on_loopback_by_default(tmp_path: Path) -> None:
    with room(Stage(day(tmp_path))) as url:
        assert url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("path", ["/", "/state", "/wrong/", "/wrong/state", "/%C3%BC/events", "//state"])
def test_without_its_token_nothing_is_told(tmp_path: Path, path: str) -> None:
    with room(Stage(day(tmp_path))) as url:
        parts = urlsplit(url)
        status, _, body = get(f"{parts.scheme}://{parts.netloc}{path}")
        assert (status, body) == (404, "The address lacks its token.\n")


@pytest.mark.parametrize("path", ["../record.py", "..%2frecord.py", "room.html/", "record.json"])
def test_no_other_file_is_served(tmp_path: Path, path: str) -> None:
    with room(Stage(day(tmp_path))) as url:
        assert get(url, path)[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_asked_to_change(tmp_path: Path, method: str) -> None:
    with room(Stage(day(tmp_path))) as url:
        assert get(url, "state", method)[0] == 501


def watch(url: str) -> tuple[threading.Thread, list[Any], threading.Event]:
    """What a second window gets, as it gets it."""
    got: list[Any] = []
    first = threading.Event()

    def follow() -> None:
        for state in states(url):
            got.append(state)
            first.set()

    thread = threading.Thread(target=follow)
    thread.start()
    assert first.wait(10)
    return thread, got, first


def test_a_second_window_sees_the_day_to_its_end(tmp_path: Path) -> None:
    stage = Stage(day(tmp_path))
    with room(stage) as url:
        thread, got, _ = watch(url)
        stage.play()
    thread.join(10)
    assert not thread.is_alive()
    assert got[-1]["phase"] == "over"
    assert [each["verdict"] for each in got[-1]["injects"]] == ["PASSED", "PASSED"]


def test_the_stream_of_a_blind_day_tells_nothing_before_the_end_not_even_by_its_rhythm(
    tmp_path: Path,
) -> None:
    stage = Stage(day(tmp_path, inject("one")), blind=True)
    with room(stage) as url:
        thread, got, _ = watch(url)
        stage.play()
        assert get(url, "state")[0] == 200
    thread.join(10)
    *before, after = got
    assert [word for word in SECRETS if word in json.dumps(before)] == []
    assert after["injects"][0]["title"] == "A small one"
    # The beginning, an alert: each change that everybody may know of, and none beside.
    assert len(before) <= 4


def test_the_state_of_a_blind_day_tells_nothing_either(tmp_path: Path) -> None:
    stage = Stage(day(tmp_path), blind=True)
    with room(stage) as url:
        stage.board.begin(1, stage.day.injects[0])
        stage.board.tell("note", "the training role")
        told = get(url, "state")[2]
    assert [word for word in SECRETS if word in told] == []


def test_what_is_no_day_is_said(tmp_path: Path) -> None:
    with room(Stage(day(tmp_path))) as url, pytest.raises(ChaoskitError, match=r"no game day at this add"):
        next(states(f"{url}other"))
    with pytest.raises(ChaoskitError, match="can't be watched"):
        next(states(url))
    with pytest.raises(ChaoskitError, match="is no address of a game day"):
        next(states("file:///etc/hostname"))


class Window:
    """A second window in a thread: what it got, and what it said of its connection."""

    def __init__(self, url: str, patience_s: float = 60.0) -> None:
        self.got: list[Any] = []
        self.said: list[str] = []
        self.error: ChaoskitError | None = None
        self.changed = threading.Condition()
        self._url = url
        self._patience_s = patience_s
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def _follow(self) -> None:
        try:
            for state in states(self._url, lost=self._say, sleep=self._nap, patience_s=self._patience_s):
                with self.changed:
                    self.got.append(state)
                    self.changed.notify_all()
        except ChaoskitError as error:
            self.error = error

    def _say(self, line: str) -> None:
        with self.changed:
            self.said.append(line)
            self.changed.notify_all()

    def _nap(self, _: float) -> None:
        threading.Event().wait(0.02)

    def until(self, true: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(true, 10), (self.got, self.said)

    def end(self) -> None:
        self._thread.join(10)
        assert not self._thread.is_alive()


def test_a_second_window_comes_back_to_a_day_that_went_on_and_asks_only_for_what_is_new(
    tmp_path: Path,
) -> None:
    stage = Stage(day(tmp_path))
    with room(stage) as url:
        window = Window(url)
        window.until(lambda: len(window.got) == 1)
    window.until(lambda: any("trying again" in line for line in window.said))
    with serve(stage.board, Address(), url) as again:
        assert again == url
        window.until(lambda: window.said[-1] == "")
        stage.board.tell("note", "Dana is back")
        window.until(lambda: len(window.got) == 2)
        stage.board.end("every inject was played")
    window.end()
    assert window.error is None
    assert "Dana is back" in json.dumps(window.got[1])
    assert window.got[-1]["finished"]


def test_a_day_that_does_not_come_back_in_time_is_said_to_be_interrupted(tmp_path: Path) -> None:
    with room(Stage(day(tmp_path))) as url:
        window = Window(url, patience_s=0.1)
        window.until(lambda: bool(window.got))
    window.end()
    assert "interrupted" in str(window.error)
    assert "did not come back" in str(window.error)


def test_another_day_at_the_same_port_is_not_taken_for_this_one(tmp_path: Path) -> None:
    stage = Stage(day(tmp_path))
    with room(stage) as url:
        window = Window(url)
        window.until(lambda: bool(window.got))
    with serve(stage.board, Address(port=urlsplit(url).port or 0)):
        window.end()
    assert "There is no game day at this address (404" in str(window.error)


def test_a_day_is_served_elsewhere_when_its_port_is_taken(tmp_path: Path) -> None:
    stage = Stage(day(tmp_path))
    with room(stage) as url, serve(stage.board, Address(), url) as other:
        assert urlsplit(other).port != urlsplit(url).port
        assert urlsplit(other).path == urlsplit(url).path


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    stage = Stage(day(tmp_path))
    with room(stage) as url:
        port = urlsplit(url).port
        assert port
        with (
            pytest.raises(ChaoskitError, match=f"127.0.0.1:{port} can't be served"),
            serve(stage.board, Address(port=port)),
        ):
            pass


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0.0.0.0:8080", Address("0.0.0.0", 8080)),  # noqa: S104 - it is only read here
        (":8080", Address(port=8080)),
        ("a-host", Address("a-host")),
        ("[::1]:80", Address("::1", 80)),
    ],
)
def test_an_address_is_read(text: str, address: Address) -> None:
    assert Address.parse(text) == address


@pytest.mark.parametrize("text", ["a:b", "a:70000", "a:-1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no HOST:PORT"):
        Address.parse(text)


def test_a_second_window_counts_by_the_time_of_the_day(tmp_path: Path) -> None:
    watched = Watched()
    stage = Stage(day(tmp_path))
    watched.take(stage.board.state())
    assert abs((watched.now() - stage.clock.now()).total_seconds()) < 60
