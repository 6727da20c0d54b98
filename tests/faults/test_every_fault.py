"""Every fault of the registry, as the shipped experiments use it on the deployed workload."""

from __future__ import annotations

import functools
import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from chaoskit import spec
from chaoskit.aws import ITEM, Each
from chaoskit.aws.session import _READS
from chaoskit.contract import FAULTS
from chaoskit.engine import plan
from chaoskit.engine.guards import ROLLBACK_RESERVE_S
from chaoskit.engine.run import LEASE_RESERVE_S
from tests.e2e.lab import SHIPPED

if TYPE_CHECKING:
    from chaoskit.aws import Call, Query
    from chaoskit.contract import Change, Fault
    from tests.e2e.lab import Lab

REMOVES = re.compile(r"(Delete|Detach|Remove|Deregister|Disassociate|Disable)")

faults = pytest.mark.parametrize("fault", list(FAULTS), ids=lambda fault: fault.about.name)


@functools.cache
def _operation(service: str, operation: str) -> Any:
    return botocore.session.get_session().get_service_model(service).operation_model(operation)


def _wrong(call: Call | Query) -> str:
    """What botocore finds wrong with the parameters of a call; empty when nothing is."""
    shape = _operation(call.service, call.operation).input_shape
    if shape is None:
        return "" if not call.params else f"{call} takes no parameters"
    return str(ParamValidator().validate(dict(call.params), shape).generate_report())


@pytest.fixture(scope="module")
def changes(lab: Lab) -> dict[str, list[Change]]:
    """What each fault would change, in every experiment that uses it."""
    aws = lab.target.open("chaoskit-plan", "plan", 0)
    found: dict[str, list[Change]] = defaultdict(list)
    for experiment in spec.load([SHIPPED], lab.target.variables):
        for planned in plan(experiment, aws):
            assert planned.problem is None, f"{experiment.id}: {planned.problem}"
            found[planned.name] += planned.changes
    return found


@faults
def test_a_shipped_experiment_uses_it_and_something_would_change(
    changes: dict[str, list[Change]], fault: type[Fault]
) -> None:
    assert changes[fault.about.name]


@faults
def test_aws_accepts_every_call_and_has_every_state(
    changes: dict[str, list[Change]], fault: type[Fault]
) -> None:
    for change in changes[fault.about.name]:
        queries = [step.items for step in change.undo if isinstance(step, Each)]
        queries += [change.state] if change.state else []
        undo = [step.call if isinstance(step, Each) else step for step in change.undo]
        assert _wrong(change.do) == ""
        assert [_wrong(query) for query in queries] == [""] * len(queries)
        assert [_wrong(call.with_item("one-of-the-items-of-the-sweep")) for call in undo] == [""] * len(undo)
        assert all(_READS.match(query.operation) for query in queries)


@faults
def test_it_has_an_undo_exactly_when_it_has_a_state(
    changes: dict[str, list[Change]], fault: type[Fault]
) -> None:
    for change in changes[fault.about.name]:
        assert bool(change.undo) is (change.state is not None)


@faults
def test_undoing_what_is_gone_already_is_no_error(
    changes: dict[str, list[Change]], fault: type[Fault]
) -> None:
    for change in changes[fault.about.name]:
        for step in change.undo:
            call = step.call if isinstance(step, Each) else step
            assert call.absent_ok or not REMOVES.match(call.operation), f"{call} has no absent_ok"


@faults
def test_its_undo_settles_while_the_lease_on_what_it_changes_lasts(
    changes: dict[str, list[Change]], fault: type[Fault]
) -> None:
    steps = [step for change in changes[fault.about.name] for step in change.undo]
    slowest = max((step.call if isinstance(step, Each) else step).settles for step in steps) if steps else 0
    # Sent and looked for, both until it settles.
    assert 2 * slowest + ROLLBACK_RESERVE_S <= LEASE_RESERVE_S


@faults
def test_a_sweep_names_what_it_deletes_and_all_survives_the_journal(
    changes: dict[str, list[Change]], fault: type[Fault]
) -> None:
    for change in changes[fault.about.name]:
        for step in change.undo:
            told = json.dumps(step.dump())
            assert ITEM in told or not isinstance(step, Each)
            assert type(step).load(json.loads(told)).dump() == step.dump()
