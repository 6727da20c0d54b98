"""An experiment whose detector is a scanner of others, under nothing but what the run needs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chaoskit import spec
from chaoskit.engine import run_set
from chaoskit.journal import SqliteJournal
from chaoskit.predict import Limiter
from chaoskit.probes.custodian_matched import CUSTODIAN
from chaoskit.result import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.lab import Lab

POLICIES = """\
policies:
  - name: readers
    resource: aws.iam-role
    filters:
      - {type: has-specific-managed-policy, value: ReadOnlyAccess}
"""
FILE = """\
id: scanner
title: One of the tests' own
owner: tests
layer: identity
hypothesis: A scanner reports it.
blast_radius:
  accounts: ["${{sandbox.account}}"]
  regions: ["${{sandbox.region}}"]
  max_duration: 10m
  max_changes: 1
faults:
  - iam.attach-role-policy:
      {{role: "${{workload.training_role}}", policy: arn:aws:iam::aws:policy/ReadOnlyAccess}}
expect:
  - detection:
      custodian.matched:
        policies: "{policies}"
        policy: readers
        resource: "${{workload.training_role}}"
        calls: ["iam:ListRoles", "iam:GetRole", "iam:ListAttachedRolePolicies"]
    within: 5m
"""


def test_custodian_detects_a_fault_with_the_runs_own_least_privilege(lab: Lab, journal: Path) -> None:
    if CUSTODIAN.path is None:
        pytest.skip("Cloud Custodian is not installed: see CHAOSKIT_CUSTODIAN")
    policies, path = journal.parent / "policies.yml", journal.parent / "scanner.yaml"
    policies.write_text(POLICIES)
    path.write_text(FILE.format(policies=policies))
    loaded = spec.load([path], lab.target.variables)
    # The read role may read everything; without it the run's own session looks.
    target = replace(lab.target, read_role_arn=None)
    with SqliteJournal(journal) as held:
        (result,) = run_set(loaded, target, held, clock=lab.clock, limits=Limiter(target)).results
    assert result.verdict is Verdict.PASSED, (result.reason, result.expectations[0].summary)
    assert result.expectations[0].evidence["tied_by"] == "resource and time"
