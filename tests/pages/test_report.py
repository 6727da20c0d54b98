"""The HTML report in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chaoskit import evidence
from chaoskit.report.html import as_html
from chaoskit.result import Verdict
from tests.pages.browser import chromium, scheme, violations
from tests.report.documents import NASTY, document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FOUND = document(Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE, reason=NASTY)
EARLIER = [document(Verdict.PASSED, latency=each) for each in (0.2, 0.3, 0.9)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as made:
        yield made


@pytest.fixture(scope="module")
def page(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(as_html(FOUND, history=EARLIER), "utf-8")
    browser.get(file.as_uri())
    return browser


def text(page: Any, selector: str) -> str:
    return " ".join(each.text for each in page.find_elements("css selector", selector))


def test_the_report_needs_no_network_and_makes_no_error(page: Any) -> None:
    assert page.get_log("browser") == []
    asked = page.execute_script("return performance.getEntriesByType('resource').map(e => e.name)")
    assert asked == []


def test_axe_would_find_something(page: Any) -> None:
    page.execute_script("document.body.insertAdjacentHTML('beforeend', '<img src=data:, id=bad>')")
    found = violations(page)
    page.refresh()
    assert any(each.startswith("image-alt") for each in found)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_the_report(page: Any, name: str) -> None:
    scheme(page, name)
    page.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert violations(page) == []


def test_light_and_dark_are_two_looks(page: Any) -> None:
    colours = set()
    for name in ("light", "dark"):
        scheme(page, name)
        colours.add(page.execute_script("return getComputedStyle(document.body).backgroundColor"))
    assert len(colours) == 2


def test_what_failed_is_open_and_what_passed_is_folded(page: Any) -> None:
    page.refresh()
    opened = page.execute_script(
        "return [...document.querySelectorAll('#experiments > details')].map(d => [d.id, d.open])"
    )
    assert [is_open for _, is_open in opened] == [False, True, True]


def test_a_link_to_an_experiment_opens_it(page: Any) -> None:
    page.refresh()
    page.find_element("css selector", "tbody a[href='#run-1-small-0']").click()
    assert page.execute_script("return document.getElementById('run-1-small-0').open")


def test_words_of_an_account_stay_words(page: Any) -> None:
    assert NASTY in text(page, "#run-2-small-1 p")
    assert page.execute_script("return document.querySelectorAll('details script').length") == 0


def test_the_timeline_shows_injection_evidence_and_rollback_against_the_slo(page: Any) -> None:
    kinds = page.execute_script(
        "return [...document.querySelectorAll('#run-2-small-1 svg *')].map(e => e.getAttribute('class'))"
    )
    assert {"inject", "met", "slo", "span", "undone"} <= set(kinds)
    label = page.find_element("css selector", "#run-2-small-1 svg").get_attribute("aria-label")
    assert "detection: rule reported it after 250ms" in label


def test_latencies_of_earlier_runs_are_shown_with_their_trend(page: Any) -> None:
    assert "median" in text(page, "#latencies figcaption")
    assert page.find_elements("css selector", "#latencies .trend polyline")


def test_the_keyboard_reaches_the_experiments_first(page: Any) -> None:
    page.refresh()
    skip = page.execute_script("return document.querySelector('body a').getAttribute('href')")
    assert skip == "#experiments"


def until(page: Any, true: Callable[[], bool]) -> None:
    """Wait until it is so."""
    pytest.importorskip("selenium.webdriver.support.ui").WebDriverWait(page, 10, 0.05).until(lambda _: true())


def shown(page: Any) -> list[str]:
    """The experiments in the table that a person sees."""
    rows = page.find_elements("css selector", "#experiments tr[data-of]")
    return [row.get_attribute("data-of") for row in rows if row.is_displayed()]


def test_experiments_are_filtered_by_words_verdict_and_layer_from_the_keyboard(page: Any) -> None:
    page.refresh()
    page.find_element("name", "words").send_keys("SMALL-2")
    assert shown(page) == ["run-3-small-2"]
    assert text(page, ".filter output") == "1 of 3 shown"
    assert not page.find_element("id", "run-2-small-1").is_displayed()
    page.refresh()
    page.find_element("name", "verdict").send_keys("FAILED")
    assert shown(page) == ["run-2-small-1"]
    page.find_element("name", "layer").send_keys("network")
    assert shown(page) == []


def test_without_scripts_it_is_a_plain_list(page: Any) -> None:
    page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.refresh()
        assert len(shown(page)) == 3
        assert not page.find_element("css selector", ".filter").is_displayed()
        assert len(page.find_elements("css selector", "#run-1-small-0 table")) == 2
    finally:
        page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
        page.refresh()


def test_what_did_not_pass_is_told_first_with_its_reason(page: Any) -> None:
    first = page.find_elements("css selector", "#experiments > ul > li")
    assert [each.text.split()[0] for each in first] == ["FAILED", "INCONCLUSIVE"]
    assert NASTY in first[0].text


def test_techniques_stand_under_their_tactics_and_those_that_nobody_tried_say_so(page: Any) -> None:
    page.refresh()
    columns = page.execute_script(
        """return [...document.querySelectorAll('.tactics > li')].map(column => [
            column.querySelector('h4')?.textContent,
            [...column.querySelectorAll('ul > li:not(.untried) > details > summary')]
                .map(cell => cell.textContent)])"""
    )
    tried = {tactic: cells for tactic, cells in columns if cells}
    assert list(tried) == ["Persistence", "Privilege Escalation", None]  # OWASP has no tactics
    assert tried["Persistence"] == ["T1098.003 Account Manipulation: Additional Cloud Roles1 of 3 PASSED"]
    assert "not tried" in text(page, ".tactics .untried")
    assert "no fault stands for any" in text(page, ".tactics > li > p")


def test_a_technique_unfolds_from_the_keyboard_to_its_experiments(page: Any) -> None:
    keys = pytest.importorskip("selenium.webdriver.common.keys").Keys
    page.refresh()
    cell = page.find_element("css selector", ".tactics li:not(.untried) > details > summary")
    cell.send_keys(keys.RETURN)
    until(page, lambda: "FAILED small-1" in text(page, ".tactics details[open]"))
    page.find_element("css selector", ".tactics details[open] a[href='#run-1-small-0']").click()
    assert page.execute_script("return document.getElementById('run-1-small-0').open")


def test_arrow_keys_go_through_the_matrix(page: Any) -> None:
    keys = pytest.importorskip("selenium.webdriver.common.keys").Keys
    page.refresh()
    where = """const cell = document.activeElement, column = cell.closest('.tactics > li');
        return [column.querySelector('h4').textContent, cell.querySelector('b').textContent]"""
    page.find_element("css selector", ".tactics li:not(.untried) > details > summary").send_keys(
        keys.ARROW_RIGHT
    )
    assert page.execute_script(where) == ["Privilege Escalation", "T1098.003"]
    page.switch_to.active_element.send_keys(keys.ARROW_DOWN)
    below = page.execute_script(where)
    assert below[0] == "Privilege Escalation"
    assert below[1] != "T1098.003"
    page.switch_to.active_element.send_keys(keys.ARROW_UP)
    assert page.execute_script(where) == ["Privilege Escalation", "T1098.003"]


def test_what_is_folded_costs_no_element_until_it_is_unfolded(page: Any) -> None:
    page.execute_script("location.hash = ''")
    page.refresh()
    inside = "return document.querySelectorAll('#run-1-small-0 table').length"
    assert page.execute_script(inside) == 0
    page.find_element("css selector", "#run-1-small-0 summary").click()
    until(page, lambda: page.execute_script(inside) == 2)


def test_words_in_what_is_folded_are_found(page: Any) -> None:
    page.refresh()
    page.find_element("name", "words").send_keys("rule reported it")
    assert text(page, ".filter output") == "3 of 3 shown"
    page.find_element("name", "words").send_keys(" tbody")  # the page's own words are not its text
    assert text(page, ".filter output") == "0 of 3 shown"


def test_on_a_phone_nothing_is_wider_than_the_screen(page: Any) -> None:
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True},
    )
    page.refresh()
    page.execute_script("dispatchEvent(new Event('beforeprint'))")
    width = page.execute_script("return document.documentElement.scrollWidth")
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert width == 390


def test_on_paper_everything_is_open(page: Any) -> None:
    page.refresh()
    page.execute_script("dispatchEvent(new Event('beforeprint'))")
    left = page.execute_script(
        "return document.querySelectorAll('details:not([open]), details > noscript').length"
    )
    assert left == 0


def test_the_control_score_is_shown_with_what_nobody_would_miss(browser: Any, tmp_path: Path) -> None:
    score = {"killed": 1, "all": 2, "excused": 0, "single_points_of_failure": 1}
    killed = {"control": "scp:one", "outcome": "killed", "single_point_of_failure": True, "reason": None}
    left = {
        "control": "event-rule:two",
        "outcome": "survived",
        "single_point_of_failure": False,
        "reason": None,
    }
    mutation = {"score": score, "controls": [killed, left], "vacuous": []}
    file = tmp_path / "report.html"
    file.write_text(as_html(FOUND, mutation=mutation), "utf-8")
    browser.get(file.as_uri())
    assert "1 of 2" in text(browser, "#mutation p")
    assert text(browser, "#mutation .bad") == "survived"
    assert violations(browser) == []


def test_a_report_of_two_hundred_experiments_is_light_and_opens_only_the_first_that_failed(
    browser: Any, tmp_path: Path
) -> None:
    verdicts = [Verdict.PASSED] * 180 + [Verdict.FAILED] * 20
    file = tmp_path / "report.html"
    file.write_text(as_html(document(*verdicts), history=EARLIER), "utf-8")
    browser.get(file.as_uri())
    assert len(browser.find_elements("css selector", "#experiments > details[open]")) == 10
    # `make axe` has axe look at such a page: of this many elements it takes seconds, of all 30,000 minutes.
    assert browser.execute_script("return document.querySelectorAll('*').length") < 8000


def test_the_report_can_be_verified_and_an_edit_is_noticed() -> None:
    written = as_html(FOUND)
    assert evidence.problems(evidence.read(written)) == []
    edited = evidence.read(written.replace('"verdict": "FAILED"', '"verdict": "PASSED"'))
    assert evidence.problems(edited)
