"""Evidence counts for the run that caused it, and for no other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from chaoskit import spec
from chaoskit.engine import run_set
from chaoskit.journal import SqliteJournal
from chaoskit.result import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.lab import Lab

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
RUNS = 10
EXPERIMENT = """\
id: run-{number}
title: One of ten at once
owner: tests
layer: identity
hypothesis: It sees its own records only.
blast_radius:
  {{accounts: ["${{sandbox.account}}"], regions: ["${{sandbox.region}}"], max_duration: 5m, max_changes: 1}}
faults:
  - iam.attach-role-policy: {{role: {role}, policy: "{policy}"}}
expect:
  - detection: {{cloudtrail.event: {{event_name: AttachRolePolicy}}}}
    within: 60s
  - detection: {{sigma.matched: {{rule: "{rule}"}}}}
    within: 60s
"""
RULE = """\
title: Any policy attached to a role
logsource: {product: aws, service: cloudtrail}
detection:
  attached: {eventName: AttachRolePolicy}
  condition: attached
"""


@pytest.fixture(scope="module")
def roles(lab: Lab) -> Iterator[list[str]]:
    iam = lab.client("iam")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    names = [f"attributed-{number}" for number in range(RUNS)]
    for name in names:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    yield names
    for name in names:
        iam.delete_role(RoleName=name)


@pytest.mark.long
def test_ten_runs_at_once_each_see_their_own_records_only(
    lab: Lab, tmp_path: Path, journal: Path, roles: list[str]
) -> None:
    iam = lab.client("iam")
    # Somebody else does the same just before: no run may take that for its own.
    iam.attach_role_policy(RoleName=roles[0], PolicyArn=READ_ONLY)
    iam.detach_role_policy(RoleName=roles[0], PolicyArn=READ_ONLY)
    rule = tmp_path / "rule.yml"
    rule.write_text(RULE)
    paths = []
    for number, role in enumerate(roles):
        paths.append(tmp_path / f"run-{number}.yaml")
        paths[-1].write_text(EXPERIMENT.format(number=number, role=role, policy=READ_ONLY, rule=rule))
    with SqliteJournal(journal) as opened:
        results = run_set(spec.load(paths, lab.target.variables), lab.target, opened, jobs=RUNS).results
    assert [result.verdict for result in results] == [Verdict.PASSED] * RUNS, [r.reason for r in results]

    trail = lab.client("cloudtrail")
    for role, result in zip(roles, results, strict=True):
        for expectation in result.expectations:
            event_id = expectation.evidence["cloudtrail_event_id"]
            attribute = {"AttributeKey": "EventId", "AttributeValue": event_id}
            (event,) = trail.lookup_events(LookupAttributes=[attribute])["Events"]
            record = json.loads(event["CloudTrailEvent"])
            assert record["requestParameters"]["roleName"] == role
            assert f"run/{result.trace_id}" in record["userAgent"].split()
            assert expectation.evidence["tied_by"] == "user agent"
