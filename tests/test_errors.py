from __future__ import annotations

import inspect

import pytest

from chaoskit import errors
from chaoskit.errors import (
    AwsError,
    ChaoskitError,
    DeniedError,
    ExitCode,
    GuardError,
    JournalError,
    Problem,
    SpecError,
    TargetError,
)


@pytest.mark.parametrize(
    ("kind", "code"),
    [(GuardError, 3), (TargetError, 5), (JournalError, 5), (SpecError, 2), (AwsError, 5), (DeniedError, 5)],
)
def test_each_branch_ends_a_command_with_its_documented_status(kind: type[ChaoskitError], code: int) -> None:
    assert kind.exit_code == code


def test_every_exception_is_one_that_a_command_reports_in_a_sentence() -> None:
    found = [
        member
        for _, member in inspect.getmembers(errors, inspect.isclass)
        if issubclass(member, BaseException) and member.__module__ == errors.__name__
    ]
    assert all(issubclass(kind, ChaoskitError) for kind in found)
    assert len(found) == 7


def test_the_statuses_are_the_documented_ones() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "PASSED": 0,
        "FAILED": 1,
        "SPEC": 2,
        "ABORTED": 3,
        "INCONCLUSIVE": 4,
        "ERROR": 5,
    }


def test_problems_are_listed_by_file_line_and_column() -> None:
    late, early = Problem("b.yaml", 1, 1, "late"), Problem("a.yaml", 10, 1, "early")
    first, second = Problem("a.yaml", 9, 12, "first"), Problem("a.yaml", 9, 30, "second")
    error = SpecError([late, second, early, first])
    assert error.problems == (first, second, early, late)
    assert str(error).splitlines() == [
        "a.yaml:9:12: first",
        "a.yaml:9:30: second",
        "a.yaml:10:1: early",
        "b.yaml:1:1: late",
    ]


def test_an_api_error_names_the_call_the_code_and_the_apis_own_words() -> None:
    error = AwsError("iam:CreateRole", "EntityAlreadyExists", "Role exists.", request_id="r-1")
    assert str(error) == "iam:CreateRole failed: EntityAlreadyExists: Role exists."
    assert (error.code, error.request_id, error.sent, error.transient) == (
        "EntityAlreadyExists",
        "r-1",
        True,
        False,
    )


def test_a_denial_is_an_api_error_with_the_layer_that_refused() -> None:
    error = DeniedError("iam:CreateRole", "AccessDenied", "no", layer="scp")
    assert isinstance(error, AwsError)
    assert (error.layer, error.sent, error.transient) == ("scp", True, False)
