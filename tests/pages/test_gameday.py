"""The room's page and the report of a game day in a real browser."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.gameday.report import as_html
from chaoskit.gameday.room import Address, serve
from chaoskit.result import Verdict
from tests.gameday.days import SECRETS, Stage, day, finished
from tests.pages.browser import chromium, scheme, violations
from tests.report.documents import NASTY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WITHIN_S = 10


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as made:
        yield made


@contextmanager
def room(browser: Any, stage: Stage) -> Iterator[Any]:
    with serve(stage.board, Address()) as url:
        browser.get(url)
        until(browser, "phase", stage.board.state()["phase"])
        yield browser
    browser.get("about:blank")
    assert [each for each in browser.get_log("browser") if "favicon" not in each["message"]] == []


def until(browser: Any, element: str, text: str) -> None:
    """Wait until an element of the page shows a text."""
    wait = pytest.importorskip("selenium.webdriver.support.ui").WebDriverWait(browser, _WITHIN_S, 0.05)
    wait.until(lambda page: text.lower() in page.find_element("id", element).text.lower())


def gone(browser: Any, element: str) -> None:
    """Wait until an element of the page shows nothing."""
    wait = pytest.importorskip("selenium.webdriver.support.ui").WebDriverWait(browser, _WITHIN_S, 0.05)
    wait.until(lambda page: page.find_element("id", element).text == "")


def running(folder: Path, *, blind: bool = False) -> Stage:
    stage = Stage(day(folder), blind=blind)
    one = stage.day.injects[0]
    stage.board.begin(1, one)
    made = finished(one.experiment, stage.clock.now())
    for event in made.timeline[:3]:
        stage.board(made, event)
    stage.board.tell("note", NASTY)
    return stage


def test_the_page_follows_the_day_and_keeps_words_words(browser: Any, tmp_path: Path) -> None:
    stage = running(tmp_path)
    with room(browser, stage) as page:
        until(page, "entries", NASTY)
        until(page, "faults", "injected iam.attach-role-policy")
        until(page, "countdowns", "left\nresponse iam.policy-not-attached")
        stage.board.tell("note", "Dana has found it")
        until(page, "entries", "Dana has found it")
        assert page.execute_script("return document.querySelectorAll('li script').length") == 0
        stage.board.end("every inject was played")
        until(page, "phase", "over")


def test_the_page_asks_nobody_else_for_anything(browser: Any, tmp_path: Path) -> None:
    with room(browser, running(tmp_path)) as page:
        asked = page.execute_script("return performance.getEntriesByType('resource').map(e => e.name)")
        here = page.current_url
        assert {each.removeprefix(here) for each in asked} <= {"room.css", "room.js", "events"}


def test_a_script_in_the_page_would_not_run(browser: Any, tmp_path: Path) -> None:
    insert = (
        "const made = document.createElement('script');"
        "made.textContent = 'window.ran = 1'; document.body.append(made)"
    )
    with room(browser, running(tmp_path)) as page:
        page.execute_script(insert)
        assert page.execute_script("return window.ran") is None
        assert "Content Security Policy" in str(page.get_log("browser"))


def test_the_page_of_a_blind_day_tells_nothing_until_its_end(browser: Any, tmp_path: Path) -> None:
    stage = running(tmp_path, blind=True)
    with room(browser, stage) as page:
        until(page, "entries", "an alert has arrived")
        told = page.execute_script("return document.documentElement.textContent")
        assert [word for word in SECRETS if word in told] == []
        stage.board.end("every inject was played")
        until(page, "blind", "now revealed")
        until(page, "title", "The hidden leak")
        until(page, "injects", "A small one")


def test_the_page_says_that_its_connection_is_lost_and_comes_back(browser: Any, tmp_path: Path) -> None:
    stage = running(tmp_path)
    with serve(stage.board, Address()) as url:
        browser.get(url)
        until(browser, "entries", NASTY)
        assert browser.find_element("id", "connection").text == ""
    until(browser, "connection", "connection lost at")
    assert violations(browser) == []
    with serve(stage.board, Address(), url):
        gone(browser, "connection")
        stage.board.tell("note", "Dana is back")
        until(browser, "entries", "Dana is back")
        stage.board.end("every inject was played")
        until(browser, "phase", "over")
    browser.get("about:blank")
    browser.get_log("browser")  # refused connections are told there


@pytest.mark.parametrize("name", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_the_page(browser: Any, tmp_path: Path, name: str) -> None:
    with room(browser, running(tmp_path)) as page:
        scheme(page, name)
        until(page, "countdowns", "response")
        assert violations(page) == []


@pytest.mark.parametrize("name", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_the_report(browser: Any, tmp_path: Path, name: str) -> None:
    stage = Stage(day(tmp_path))
    stage.verdicts["small-two"] = Verdict.FAILED
    stage.play()
    file = tmp_path / "day.html"
    file.write_text(as_html(stage.record), "utf-8")
    browser.get(file.as_uri())
    scheme(browser, name)
    assert violations(browser) == []
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
