"""`chaoskit events` on a shipped fault, in a sandbox of its own."""

from __future__ import annotations

import json

import pytest

from chaoskit.cli import main
from tests.samples import SHIPPED


def test_the_records_of_a_fault_are_printed_a_line_each_without_those_of_its_rollback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    experiments = SHIPPED / "identity" / "session-duration-of-research-role.yaml"
    with pytest.raises(SystemExit) as ended:
        main(["events", "iam.extend-session-duration", "--experiments", str(experiments)])
    assert ended.value.code == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["eventName"] for record in records] == ["UpdateRole"]
    assert records[0]["eventSource"] == "iam.amazonaws.com"
    assert records[0]["requestParameters"]["maxSessionDuration"] > 8 * 60 * 60
