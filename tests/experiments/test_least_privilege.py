"""Every shipped experiment under nothing but what `chaoskit policy harness` derives for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit import spec
from chaoskit.engine import run_set
from chaoskit.journal import SqliteJournal
from chaoskit.permissions.statements import MANAGED_LIMIT, Scope, fitting, written
from chaoskit.policy import Kind, evaluate
from chaoskit.predict import compare, engine_needs, foresee, grants, needs, predictor
from chaoskit.result import Verdict
from tests.e2e.lab import SHIPPED
from tests.e2e.test_least_privilege import role_with
from tests.policy.documented import policy_for

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from chaoskit.experiment import Experiment
    from chaoskit.permissions.statements import Grant, Written
    from chaoskit.result import Result
    from tests.e2e.lab import Lab

PATHS = {path.stem: path for path in sorted(SHIPPED.rglob("*.yaml"))}


def policy_of(lab: Lab, experiments: Iterable[Experiment]) -> Written:
    """The policy that `chaoskit policy harness` prints, however long it is."""
    aws = lab.target.open("chaoskit-plan", "plan", 0)
    assert lab.target.role_arn
    every = [engine_needs(lab.target.switches), *(needs(each, aws) for each in experiments)]
    return written(grants(every, aws, lab.target.role_arn))


def run_with(lab: Lab, policy: Any, journal: Path, experiment: Experiment) -> Result:
    """Run one experiment as a role that has this policy and no other, and no role to help it."""
    with role_with(lab, policy) as target, SqliteJournal(journal) as held:
        alone = replace(target, undo_role_arn=None, read_role_arn=None)
        foresight = foresee(experiment, predictor(alone))
        (result,) = run_set([experiment], alone, held, clock=lab.clock, deadman=False).results
        assert lab.cloud.idle(20)
        compare(result, foresight)
    return result


def told(result: Result) -> str:
    return "\n".join([result.reason, *(f"{each.event}: {each.detail}" for each in result.timeline)])


@pytest.mark.parametrize("name", PATHS)
def test_an_experiment_passes_with_only_its_own_policy_as_was_predicted(
    lab: Lab, journal: Path, name: str
) -> None:
    (experiment,) = spec.load([PATHS[name]], lab.target.variables)
    policy = policy_of(lab, [experiment])
    result = run_with(lab, policy.document, journal, experiment)
    assert (result.verdict, result.restored) == (Verdict.PASSED, True), told(result)
    assert policy.scope is Scope.RESOURCES
    assert result.disagreements() == []


def test_the_one_policy_for_all_experiments_fits_and_grants_what_each_of_them_needs(lab: Lab) -> None:
    aws = lab.target.open("chaoskit-plan", "plan", 0)
    assert lab.target.role_arn
    every = [needs(each, aws) for each in spec.load(list(PATHS.values()), lab.target.variables)]
    printed = fitting(
        grants([engine_needs(lab.target.switches), *every], aws, lab.target.role_arn), MANAGED_LIMIT
    )[0]
    assert (
        printed.scope is Scope.VERBS
    )  # action by action it is half as long again as a managed policy may be
    narrow = [
        one for each in every for found in grants([each], aws, lab.target.role_arn).values() for one in found
    ]
    assert len(narrow) > 10 * len(PATHS)
    lacking = [one for one in narrow if not allowed(printed.document, one, lab.target.account)]
    assert lacking == []


def allowed(document: Any, grant: Grant, account: str) -> bool:
    """Whether a policy lets a grant's action be taken on a resource that leaves the choice to its account."""
    request = {
        "principal": f"arn:aws:sts::{account}:assumed-role/harness/run",
        "action": grant.action,
        "resource": grant.resource,
        "resourceAccount": account,
        "context": dict(grant.condition),
    }
    delegates = Kind.of_resource(grant.action, grant.resource) is not Kind.RESOURCE
    own = {"resourcePolicy": policy_for(grant.action, {"AWS": account})} if delegates else {}
    return evaluate(request, {"identityPolicies": [document], **own}).allowed
