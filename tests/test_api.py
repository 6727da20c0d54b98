from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chaoskit import api
from chaoskit.errors import TargetError
from chaoskit.home import journal_path
from chaoskit.journal import Record, SqliteJournal, Status
from chaoskit.result import Results
from tests.samples import NOW

RECORD = Record("earlier.1", "experiment", "s3.public-bucket-policy", {}, {}, (), None, {}, ())


def test_what_earlier_runs_left_open_is_counted_and_a_run_s_own_is_not() -> None:
    with SqliteJournal(journal_path()) as journal:
        journal.mark(journal.record(RECORD), Status.UNDONE)
        journal.record(replace(RECORD, trace_id="mine.1"))
        assert api.left_open(Results("mine", "embedded", NOW)) == 0
        journal.record(replace(RECORD, trace_id="mine-too.1"))
        assert api.left_open(Results("mine", "embedded", NOW)) == 1


@pytest.mark.parametrize("name", ["foo", "AWS", "", None])
def test_a_target_that_does_not_exist_is_told_and_is_not_taken_for_aws(
    name: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "aws_target", lambda _: pytest.fail("that is an account of somebody's"))
    with pytest.raises(TargetError, match="it is 'embedded' or 'aws'"):
        api.open_target(name)
    with pytest.raises(TargetError, match="it is 'embedded' or 'aws'"):
        api.run("experiments/identity/permissive-policy-on-training-role.yaml", target=name)
