from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.gameday.aftermath import aftermath
from chaoskit.gameday.report import as_html, as_markdown
from chaoskit.result import Verdict
from tests.gameday.days import Stage, day, inject
from tests.report.documents import NASTY

if TYPE_CHECKING:
    from pathlib import Path

    from chaoskit.gameday.record import Record


def played(folder: Path, verdict: Verdict = Verdict.FAILED) -> Record:
    """One inject PASSED, the second ended so, the third was not played."""
    injects = [inject(name) for name in ("one", "two", "three")]
    stage = Stage(day(folder, *injects, title=NASTY))
    stage.verdicts["small-two"] = verdict
    stage.board.tell("note", NASTY)
    stage.clock.at[0] = lambda: None
    run = stage.run

    def stop_after_two(*arguments: object) -> object:
        made = run(*arguments)  # type: ignore[arg-type]
        if len(stage.ran) == 2:
            stage.controls.stop.request("the blue team asked for it")
        return made

    stage.run = stop_after_two  # type: ignore[method-assign, assignment]
    stage.play()
    return stage.record


def test_times_count_from_the_sending_of_the_fault_to_evidence_and_to_the_last_undo(tmp_path: Path) -> None:
    one, two, three = aftermath(played(tmp_path)).injects
    assert (one.detect, one.respond, one.recover) == (1.0, 2.0, 3.0)
    assert (two.detect, two.respond, two.verdict) == (1.0, None, "FAILED")
    assert (three.detect, three.recover, three.verdict) == (None, None, "not played")


def test_what_failed_is_an_action_of_its_owner_and_what_was_met_went_well(tmp_path: Path) -> None:
    told = aftermath(played(tmp_path))
    assert told.actions == {
        "team-two": ("Inject 2: the response was missed: still attached",),
        "the facilitator": ("Inject 3, A small three, was not played: plan it anew.",),
    }
    assert "Inject 1: response in 2s of 5m: detached" in told.went_well
    assert len(told.went_well) == 3


def test_an_inject_that_proves_nothing_is_no_success(tmp_path: Path) -> None:
    told = aftermath(played(tmp_path, Verdict.INCONCLUSIVE))
    assert told.actions["team-two"] == ("Inject 2 proves nothing (INCONCLUSIVE): because",)


def test_a_stopped_inject_is_to_be_played_again(tmp_path: Path) -> None:
    told = aftermath(played(tmp_path, Verdict.ABORTED))
    assert "Inject 2, A small two, was stopped (because): play it again." in told.actions["the facilitator"]


def test_an_interrupted_day_is_told_as_one(tmp_path: Path) -> None:
    record = Stage(day(tmp_path)).record
    assert "goes on with it" in aftermath(record).actions["the facilitator"][0]
    assert "ended not yet" in as_markdown(record)


def test_the_markdown_has_times_notes_and_action_items(tmp_path: Path) -> None:
    text = as_markdown(played(tmp_path))
    assert "| 1 | A small one | PASSED | 1s | 2s | 3s |" in text
    assert "### team-two\n\n- [ ] Inject 2: the response was missed: still attached\n" in text
    assert "ended 2026-03-01 12:00:08 UTC: the blue team asked for it" in text
    assert "<script>" not in text
    assert "**note**: &lt;script>" in text


def test_the_page_keeps_words_of_people_words(tmp_path: Path) -> None:
    page = as_html(played(tmp_path))
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "the response was missed: still attached" in page
