"""Deploys the team's own EventBridge rule, as its pipeline would, into the sandbox that a test is given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from chaoskit.pytest_plugin.accounts import Sandbox

PATTERN = Path(__file__).parent / "rules" / "foreign-trust.json"


@pytest.fixture
def rule(sandbox: Sandbox) -> str:
    """The rule, deployed; its name. When the test is over the sandbox is as it was."""
    events, sqs = sandbox.client("events"), sandbox.client("sqs")
    queue = f"arn:aws:sqs:{sandbox.region}:{sandbox.account}:team-alerts"
    allow = {"Effect": "Allow", "Resource": queue}
    statements = [
        {**allow, "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"},
        {
            **allow,
            "Principal": {"AWS": sandbox.variables["workload.read_role_arn"]},  # chaoskit reads the alerts
            "Action": ["sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:DeleteMessage"],
        },
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    sqs.create_queue(QueueName="team-alerts", Attributes={"Policy": policy})
    events.put_rule(Name="team-foreign-trust", EventPattern=PATTERN.read_text("utf-8"))
    events.put_targets(Rule="team-foreign-trust", Targets=[{"Id": "alerts", "Arn": queue}])
    return "team-foreign-trust"
