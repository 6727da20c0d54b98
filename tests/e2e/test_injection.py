"""A fault kept in for a block: in while the block runs, out after it, whatever happened."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from chaoskit.api import InjectionError
from chaoskit.api import Lab as Opened
from chaoskit.errors import SpecError
from chaoskit.journal import SqliteJournal
from chaoskit.pytest_plugin.accounts import Chaos
from chaoskit.pytest_plugin.laboratory import ExperimentFailedError
from tests.e2e.lab import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.e2e.lab import Lab

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ATTACH = "iam.attach-role-policy"
ROLE = "${workload.training_role}"
RULE = "chaoskit-permissive-policy"


def wait_until(holds: Callable[[], bool]) -> None:
    pause = threading.Event()
    while not holds():
        pause.wait(0.1)


@pytest.fixture
def opened(lab: Lab, journal: Path) -> Iterator[Opened]:
    with SqliteJournal(journal) as held:
        yield Opened(lab.target, held)
        assert held.open_faults() == []


@pytest.fixture
def attached(opened: Opened) -> Callable[[], list[str]]:
    """What is attached to the training role now."""
    iam, role = opened.client("iam"), opened.place.variables["workload.training_role"]

    def look() -> list[str]:
        found = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        return [each["PolicyArn"] for each in found]

    return look


@pytest.fixture
def chaos(opened: Opened) -> Chaos:
    return Chaos(opened, ROOT)


def test_a_fault_is_in_for_the_block_and_out_after_it(
    opened: Opened, attached: Callable[[], list[str]]
) -> None:
    before = attached()
    with opened.inject(opened.fault(ATTACH, role=ROLE, policy=READ_ONLY)) as result:
        assert READ_ONLY in attached()
    assert attached() == before
    assert result.restored
    assert [change.undone for change in result.faults[0].changes] == [True]


@pytest.mark.parametrize("error", [AssertionError, KeyboardInterrupt, SystemExit])
def test_what_ends_the_block_is_told_once_the_fault_is_out(
    opened: Opened, attached: Callable[[], list[str]], error: type[BaseException]
) -> None:
    before, fault = attached(), opened.fault(ATTACH, role=ROLE, policy=READ_ONLY)

    def end() -> None:
        with opened.inject(fault):
            raise error

    with pytest.raises(error):
        end()
    assert attached() == before


def test_a_fault_that_is_denied_never_enters_the_block(opened: Opened) -> None:
    fault = opened.fault(ATTACH, role="${workload.production_training_role}")
    with pytest.raises(InjectionError, match=r"AttachRolePolicy was denied by scp"), opened.inject(fault):
        pytest.fail("the block was entered")


def test_a_fault_that_is_there_already_never_enters_the_block(opened: Opened) -> None:
    role = opened.place.variables["workload.training_role"]
    opened.client("iam").attach_role_policy(RoleName=role, PolicyArn=READ_ONLY)
    try:
        with (
            pytest.raises(InjectionError, match=r"what it would change is so already|no effect"),
            opened.inject(opened.fault(ATTACH, role=ROLE, policy=READ_ONLY)),
        ):
            pytest.fail("the block was entered")
    finally:
        opened.client("iam").detach_role_policy(RoleName=role, PolicyArn=READ_ONLY)


def test_a_block_that_outlasts_the_limit_is_told_that_the_fault_was_out(
    opened: Opened, attached: Callable[[], list[str]]
) -> None:
    before, fault = attached(), opened.fault(ATTACH, role=ROLE, policy=READ_ONLY)
    with (
        pytest.raises(InjectionError, match=r"max_duration 2s is over"),
        opened.inject(fault, max_duration="2s"),
    ):
        wait_until(lambda: attached() == before)


def test_a_failure_after_the_limit_says_so_too(opened: Opened, attached: Callable[[], list[str]]) -> None:
    before, fault = attached(), opened.fault(ATTACH, role=ROLE, policy=READ_ONLY)

    def fail_late() -> None:
        with opened.inject(fault, max_duration="2s"):
            wait_until(lambda: attached() == before)
            raise AssertionError

    with pytest.raises(AssertionError) as raised:
        fail_late()
    assert raised.value.__notes__ == [
        "chaoskit: the faults were not in until then: blast_radius.max_duration 2s is over"
    ]


def test_a_role_that_has_no_description_is_as_it_was(lab: Lab, opened: Opened) -> None:
    iam = lab.client("iam")
    iam.create_role(RoleName="ml-research-plain", AssumeRolePolicyDocument='{"Statement": []}')
    try:
        with opened.inject(opened.fault("iam.extend-session-duration", role="ml-research-plain")) as result:
            assert iam.get_role(RoleName="ml-research-plain")["Role"]["MaxSessionDuration"] == 43_200
        assert result.restored
        assert iam.get_role(RoleName="ml-research-plain")["Role"]["MaxSessionDuration"] == 3600
    finally:
        iam.delete_role(RoleName="ml-research-plain")


def test_a_parameter_is_read_as_strictly_as_from_a_file(opened: Opened) -> None:
    with pytest.raises(SpecError, match=r"iam\.attach-role-policy has no 'rule'; did you mean role\?"):
        opened.fault(ATTACH, rule=ROLE)
    with pytest.raises(SpecError, match=r"there is no fault 'iam.attach-role-polcy'; did you mean"):
        opened.fault("iam.attach-role-polcy", role=ROLE)


def test_a_rule_that_reports_the_fault_is_told_with_its_latency(chaos: Chaos) -> None:
    seen = chaos.assert_detected(RULE, by=ATTACH, role=ROLE, within="60s")
    assert seen.met
    assert seen.latency_s is not None
    assert seen.latency_s < 60


def test_a_rule_that_stays_silent_fails_with_the_whole_story(chaos: Chaos) -> None:
    with pytest.raises(ExperimentFailedError) as raised:
        chaos.assert_detected("chaoskit-public-bucket-acl", by=ATTACH, role=ROLE, within="1s")
    told = str(raised.value)
    assert told.startswith("FAILED: detection: rule chaoskit-public-bucket-acl has not reported")
    assert "hypothesis: Attach a managed policy" in told
    assert "detection missed within 1s" in told
    assert "timeline:" in told


def test_a_rule_that_is_not_there_proves_nothing(chaos: Chaos) -> None:
    with pytest.raises(
        ExperimentFailedError, match=r"INCONCLUSIVE: the detector is not on: there is no rule"
    ):
        chaos.assert_detected("nobody-made-this", by=ATTACH, role=ROLE)


def test_an_experiment_is_found_by_its_id(chaos: Chaos) -> None:
    result = chaos.run("permissive-policy-on-production-role")
    assert result.restored


def test_an_experiment_that_comes_to_something_else_fails(chaos: Chaos) -> None:
    with pytest.raises(ExperimentFailedError, match=r"^PASSED: guardrail"):
        chaos.run("permissive-policy-on-production-role", verdict="FAILED")
