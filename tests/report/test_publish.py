from __future__ import annotations

import json

import pytest

from chaoskit.errors import ChaoskitError
from chaoskit.report.publish import to_slack, to_teams
from chaoskit.result import Verdict
from tests.posts import taking_posts
from tests.report.documents import document


def test_slack_is_told_what_did_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    with taking_posts() as (at, posted):
        monkeypatch.setenv("CHAOSKIT_SLACK_WEBHOOK", f"{at}/secret-path")
        to_slack(document(Verdict.PASSED, Verdict.FAILED))
    (post,) = posted
    assert (
        json.loads(post.body)["text"]
        == "*chaoskit on embedded: 1 FAILED, 1 PASSED*\nsmall-1: FAILED: because"
    )


def test_teams_gets_an_adaptive_card(monkeypatch: pytest.MonkeyPatch) -> None:
    with taking_posts() as (at, posted):
        monkeypatch.setenv("CHAOSKIT_TEAMS_WEBHOOK", f"{at}/secret-path")
        to_teams(document(Verdict.PASSED))
    card = json.loads(posted[0].body)["attachments"][0]["content"]
    assert [block["text"] for block in card["body"]] == ["**chaoskit on embedded: 1 PASSED**"]


def test_a_webhook_that_refuses_is_told_without_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with taking_posts(403) as (at, _):
        monkeypatch.setenv("CHAOSKIT_SLACK_WEBHOOK", f"{at}/secret-path")
        with pytest.raises(ChaoskitError, match="CHAOSKIT_SLACK_WEBHOOK answered 403") as told:
            to_slack(document(Verdict.PASSED))
    assert "secret-path" not in str(told.value)


@pytest.mark.parametrize("address", ["", "http://example.com/hook", "file:///etc/passwd"])
def test_only_an_https_address_is_posted_to(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("CHAOSKIT_SLACK_WEBHOOK", address)
    with pytest.raises(ChaoskitError, match="begins with https"):
        to_slack(document(Verdict.PASSED))
