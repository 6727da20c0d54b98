"""Values of the core's nouns, complete and small, for tests that are about something else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from chaoskit.aws import Call, Connection
from chaoskit.contract import Attempt, Observation, Probe, Trace
from chaoskit.experiment import BlastRadius, Expectation, Experiment, Role
from chaoskit.faults.iam_attach_role_policy import AttachRolePolicy
from chaoskit.probes.call_denied import CallDenied
from chaoskit.probes.eventbridge_matched import Matched
from chaoskit.probes.iam_policy_not_attached import PolicyNotAttached
from chaoskit.result import ExpectationResult, Result
from chaoskit.slo import Duration
from chaoskit.target import Target

if TYPE_CHECKING:
    from chaoskit.aws import Reader

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "experiments"
ACCOUNT = "444455556666"
REGION = "us-east-1"
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"

GUARDRAIL = Expectation(Role.GUARDRAIL, CallDenied(by="scp"))
DETECTION = Expectation(Role.DETECTION, Matched(rule="chaoskit-permissive-policy"), Duration(60))
RESPONSE = Expectation(Role.RESPONSE, PolicyNotAttached(role="training"), Duration(300))
RUNBOOK = replace(RESPONSE, runbook="detach-permissive-policy")

# The smallest experiment; its id and file name are `small`.
SMALL = """\
id: small
title: A small experiment
owner: tests
layer: identity
hypothesis: It is noticed.
blast_radius: {accounts: ["444455556666"], regions: [us-east-1], max_duration: 5m, max_changes: 1}
faults:
  - iam.attach-role-policy: {role: training}
expect:
  - detection: {eventbridge.matched: {rule: chaoskit-permissive-policy}}
    within: 60s
"""


def experiment(*expect: Expectation, **fields: Any) -> Experiment:
    """An experiment that attaches a policy and expects this."""
    values: dict[str, Any] = {
        "id": "small",
        "title": "A small experiment",
        "owner": "tests",
        "layer": "identity",
        "hypothesis": "It is\n  noticed.",
        "blast_radius": BlastRadius((ACCOUNT,), (REGION,), Duration(300), 1),
        "faults": (AttachRolePolicy(role="training"),),
        "expect": expect or (DETECTION,),
        "path": Path("experiments/identity/small.yaml"),
    }
    return Experiment(**{**values, **fields})


def seen(
    expectation: Expectation, met: bool | None, summary: str = "was seen", **evidence: Any
) -> ExpectationResult:
    """An expectation with what came of it."""
    return ExpectationResult(expectation, met=met, summary=summary, evidence=evidence)


def result(*expectations: ExpectationResult, **fields: Any) -> Result:
    """The result of an experiment with these expectations."""
    about = fields.pop("experiment", experiment(*(e.expectation for e in expectations)))
    made = Result(about, ACCOUNT, REGION, "20260301T120000-abc123.1", expectations=list(expectations))
    for name, value in {"started": NOW, "finished": NOW + timedelta(seconds=2.5), **fields}.items():
        setattr(made, name, value)
    return made


def attempt(
    outcome: Literal["applied", "denied", "failed"] = "applied",
    *,
    effect: bool | None = None,
    operation: str = "AttachRolePolicy",
    **fields: Any,
) -> Attempt:
    """A call that a fault made."""
    values: dict[str, Any] = {"fault": "iam.attach-role-policy", "at": NOW, **fields}
    call = values.pop("call", Call("iam", operation, RoleName="training", PolicyArn=ADMIN))
    return Attempt(call=call, outcome=outcome, effect=effect, **values)


def trace(*attempts: Attempt) -> Trace:
    """What a run with these calls did."""
    return Trace("20260301T120000-abc123.1", NOW, attempts)


def target(**fields: Any) -> Target:
    """A target that allows just its own account and region, and can't be called."""
    values: dict[str, Any] = {
        "name": "embedded",
        "connection": Connection(REGION),
        "account": ACCOUNT,
        "place": {"kind": "embedded"},
        "allowed_accounts": frozenset({ACCOUNT}),
        "allowed_regions": frozenset({REGION}),
    }
    return Target(**{**values, **fields})


class Saying(Probe):
    """A probe that answers what it was told to, or raises it."""

    def __init__(self, answer: bool | Exception | None, on: bool | Exception | None = True) -> None:
        self.answer = answer
        self.on = on

    def look(self, aws: Reader, trace: Trace) -> Observation:
        del aws, trace
        return self._say(self.answer, "looked")

    def ready(self, aws: Reader) -> Observation:
        del aws
        return self._say(self.on, "telemetry")

    def _say(self, answer: bool | Exception | None, what: str) -> Observation:
        if isinstance(answer, Exception):
            raise answer
        return Observation(holds=answer, summary=f"{what}: {answer}")
