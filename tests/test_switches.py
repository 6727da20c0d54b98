from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.errors import AwsError
from chaoskit.switches import Switches

if TYPE_CHECKING:
    from pathlib import Path

    from chaoskit.aws import Message, Query


class Answering:
    """An account that answers each operation with what it was told to."""

    account = "444455556666"
    region = "us-east-1"

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def read(self, query: Query) -> Any:
        answer = self.answers[query.operation]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def messages(self, queue_url: str) -> list[Message]:
        raise AssertionError(queue_url)


ALL: dict[str, Any] = {"parameter": "/chaoskit/stop", "alarms": ("errors", "costs"), "safety_lever": True}
QUIET: dict[str, Any] = {
    "GetParameters": None,
    "DescribeAlarms": [["errors", "OK"], ["costs", "INSUFFICIENT_DATA"]],
    "GetSafetyLever": {"status": "disengaged"},
}


def test_nothing_stops_a_run_while_every_switch_is_quiet(tmp_path: Path) -> None:
    assert Switches(tmp_path / "STOP", **ALL).why(Answering(**QUIET)) is None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"GetParameters": "incident 7"}, "the parameter /chaoskit/stop says stop: incident 7"),
        ({"DescribeAlarms": [["errors", "ALARM"], ["costs", "OK"]]}, "alarm errors, a kill switch, is ALARM"),
        ({"DescribeAlarms": [["errors", "OK"]]}, "alarm costs, a kill switch, is not there"),
        ({"GetSafetyLever": {"status": "engaged", "reason": "audit"}}, "safety lever is engaged: audit"),
        ({"GetSafetyLever": {"status": "engaging"}}, "safety lever is engaging"),
    ],
)
def test_each_switch_stops_a_run_and_says_why(answer: dict[str, Any], said: str) -> None:
    assert said in str(Switches(**ALL).why(Answering(**{**QUIET, **answer})))


@pytest.mark.parametrize("operation", list(QUIET))
def test_a_switch_that_can_not_be_read_counts_as_stop_and_says_what_to_do(operation: str) -> None:
    refused = AwsError(operation, "AccessDeniedException", "no")
    why = str(Switches(**ALL).why(Answering(**{**QUIET, operation: refused})))
    assert "counts as stop" in why
    assert "chaoskit.toml" in why


def test_the_stop_file_stops_a_run_with_its_first_line_as_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "STOP"
    file.write_text("game day is over\nsecond line\n")
    assert str(Switches(file).why_here()).endswith("is there: game day is over")


def test_a_stop_file_that_can_not_be_read_counts_as_stop(tmp_path: Path) -> None:
    (tmp_path / "STOP").mkdir()
    assert "counts as stop" in str(Switches(tmp_path / "STOP").why_here())


def test_an_empty_stop_file_is_enough(tmp_path: Path) -> None:
    os.close(os.open(tmp_path / "STOP", os.O_CREAT))
    assert "no reason given" in str(Switches(tmp_path / "STOP").why_here())


def test_what_is_not_used_is_not_read() -> None:
    assert Switches().queries() == []
    assert [query.operation for query in Switches(**ALL).queries()] == list(QUIET)
