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
    from collections.abc import Iterator
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


def test_a_day_that_ends_without_its_end_is_said_to_be_interrupted(tmp_path: Path) -> None:
    failed: list[ChaoskitError] = []

    def follow(url: str, first: threading.Event) -> None:
        try:
            for _ in states(url):
                first.set()
        except ChaoskitError as error:
            failed.append(error)

    with room(Stage(day(tmp_path))) as url:
        first = threading.Event()
        thread = threading.Thread(target=follow, args=(url, first))
        thread.start()
        assert first.wait(10)
    thread.join(10)
    assert "interrupted" in str(failed[0])


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
