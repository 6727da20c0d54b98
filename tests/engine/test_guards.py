from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.aws import Aws, Call, Connection
from chaoskit.contract import About, Change, Observation, Probe
from chaoskit.engine.foreign import ElementError
from chaoskit.engine.guards import (
    ROLLBACK_RESERVE_S,
    InconclusiveError,
    Watch,
    before,
    check_blast_radius,
    check_credentials,
    check_region,
    check_steady_state,
    check_telemetry,
    look,
    ready,
)
from chaoskit.engine.stop import Stop
from chaoskit.errors import AwsError, GuardError, TargetError
from chaoskit.experiment import BlastRadius, Expectation, Role
from chaoskit.slo import Duration
from tests.samples import ACCOUNT, NOW, REGION, Saying, experiment, target, trace

if TYPE_CHECKING:
    import threading
    from datetime import datetime

    from chaoskit.aws import Reader
    from chaoskit.contract import Trace
    from chaoskit.experiment import Experiment

AWS = Aws(Connection(REGION), account=ACCOUNT)
UNREADABLE = AwsError("cloudwatch:DescribeAlarms", "InternalFailure", "try later", transient=True)
Saying.about = About("tests.saying")


class StoppedClock:
    """Time that a test moves by hand."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.at)

    def monotonic(self) -> float:
        return self.at

    def wait(self, seconds: float, wake: threading.Event) -> bool:
        self.at += seconds
        return wake.is_set()


def detecting(probe: Saying, role: Role = Role.DETECTION) -> Experiment:
    return experiment(Expectation(role, probe, Duration(60)))


def watch(*conditions: Saying, stop: Stop | None = None, clock: StoppedClock | None = None) -> Watch:
    return Watch(experiment(stop_conditions=conditions), stop or Stop(), clock or StoppedClock())


def test_a_run_is_allowed_where_both_the_experiment_and_the_target_allow_it() -> None:
    check_blast_radius(experiment(), target())


def test_the_experiment_may_forbid_the_account() -> None:
    elsewhere = replace(experiment().blast_radius, accounts=("111122223333", "123456789012"))
    with pytest.raises(GuardError) as refused:
        check_blast_radius(experiment(blast_radius=elsewhere), target())
    assert str(refused.value) == (
        "small may not run in account 444455556666: "
        "its blast_radius.accounts names 111122223333, 123456789012."
    )


def test_the_experiment_may_forbid_the_region() -> None:
    elsewhere = replace(experiment().blast_radius, regions=("eu-west-1",))
    with pytest.raises(
        GuardError, match=r"small may not run in region us-east-1: .*regions names eu-west-1\."
    ):
        check_blast_radius(experiment(blast_radius=elsewhere), target())


@pytest.mark.parametrize(
    ("allowed", "words"), [(frozenset({"123456789012"}), "123456789012"), (frozenset(), "none")]
)
def test_the_target_may_forbid_the_account(allowed: frozenset[str], words: str) -> None:
    with pytest.raises(GuardError) as refused:
        check_blast_radius(experiment(), target(allowed_accounts=allowed))
    assert str(refused.value).startswith(
        f"The target does not allow account 444455556666: it allows {words}; accounts in"
    )


def test_the_target_may_forbid_the_region() -> None:
    with pytest.raises(
        GuardError, match=r"The target does not allow region us-east-1: it allows eu-west-1; regions in"
    ):
        check_blast_radius(experiment(), target(allowed_regions=frozenset({"eu-west-1"})))


BOTH = BlastRadius((ACCOUNT,), (REGION, "eu-west-2"), Duration(300), 1)
CREATE = Call("sagemaker", "CreateModel", region="eu-west-2")


@pytest.mark.parametrize(
    ("radius", "allowed"), [((REGION,), {REGION, "eu-west-2"}), ((REGION, "eu-west-2"), {REGION})]
)
@pytest.mark.parametrize("beside", [False, True])
def test_a_call_that_changes_another_region_is_refused_unless_experiment_and_target_name_it(
    radius: tuple[str, ...], allowed: set[str], beside: bool
) -> None:
    here, small = Call("sagemaker", "CreateModel"), BlastRadius((ACCOUNT,), radius, Duration(300), 1)
    change = Change(do=here, beside=(CREATE,)) if beside else Change(do=CREATE)
    with pytest.raises(GuardError, match="small may not call sagemaker:CreateModel in eu-west-2"):
        check_region(change, experiment(blast_radius=small), target(allowed_regions=frozenset(allowed)))


@pytest.mark.parametrize("operation", ["CreateModel", "ListModels"])
def test_a_call_goes_where_both_name_it_and_one_that_reads_anywhere(operation: str) -> None:
    there = Change(do=Call("sagemaker", operation, region="eu-west-2"))
    both = target(allowed_regions=frozenset({REGION, "eu-west-2"}))
    check_region(there, experiment(blast_radius=BOTH), both)
    if operation == "ListModels":
        check_region(there, experiment(), target())


def test_an_account_is_compared_as_a_text() -> None:
    zeros = BlastRadius(("012345678901",), (REGION,), Duration(300), 1)
    with pytest.raises(GuardError):
        check_blast_radius(experiment(blast_radius=zeros), target(account="12345678901"))


@pytest.mark.parametrize("left", [None, 300 + ROLLBACK_RESERVE_S, 3600])
def test_credentials_that_outlive_run_and_rollback_will_do(left: float | None) -> None:
    expires = None if left is None else NOW + timedelta(seconds=left)
    check_credentials(Aws(Connection(REGION, expires=expires)), experiment(), NOW)


@pytest.mark.parametrize("left", [300 + ROLLBACK_RESERVE_S - 1, 0, -10])
def test_credentials_that_end_before_the_rollback_will_not_do(left: float) -> None:
    aws = Aws(Connection(REGION, expires=NOW + timedelta(seconds=left)))
    with pytest.raises(
        GuardError, match=f"end in {left:.0f} s, but .* may need 600 s: log in again, or lower"
    ):
        check_credentials(aws, experiment(), NOW)


def test_a_steady_state_that_holds_is_no_trouble() -> None:
    calm = experiment(steady_state=(Saying(answer=True), Saying(answer=True)))
    assert check_steady_state(calm, AWS, trace()) is None


def test_an_experiment_without_steady_state_is_no_trouble() -> None:
    assert check_steady_state(experiment(), AWS, trace()) is None


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (False, "looked: False"),
        (None, "looked: None"),
        (
            UNREADABLE,
            "tests.saying could not look: cloudwatch:DescribeAlarms failed: InternalFailure: try later",
        ),
    ],
)
def test_a_steady_state_that_is_not_seen_to_hold_is_told(
    answer: bool | Exception | None, trouble: str
) -> None:
    shaky = experiment(steady_state=(Saying(answer=True), Saying(answer)))
    assert check_steady_state(shaky, AWS, trace()) == trouble


def test_a_detector_that_is_on_and_silent_will_do() -> None:
    check_telemetry(detecting(Saying(answer=False, on=True)), AWS, trace())


@pytest.mark.parametrize("on", [False, None, UNREADABLE])
def test_a_detector_that_is_not_seen_to_be_on_proves_nothing(on: bool | Exception | None) -> None:
    with pytest.raises(InconclusiveError, match=r"^the detector is not on: "):
        check_telemetry(detecting(Saying(answer=False, on=on)), AWS, trace())


@pytest.mark.parametrize("before", [True, None, UNREADABLE])
def test_a_detector_that_is_not_seen_to_be_silent_before_the_fault_proves_nothing(
    before: bool | Exception | None,
) -> None:
    said = r"^(the detection was there before the fault|the detector can't be read): "
    with pytest.raises(InconclusiveError, match=said):
        check_telemetry(detecting(Saying(answer=before)), AWS, trace())


@pytest.mark.parametrize("role", [Role.GUARDRAIL, Role.RESPONSE])
def test_only_a_detection_must_be_silent_before(role: Role) -> None:
    check_telemetry(detecting(Saying(answer=True, on=False), role), AWS, trace())


def test_a_watch_without_conditions_lets_the_run_go_on() -> None:
    watch().check(AWS, trace())


def test_a_watch_goes_on_while_its_conditions_are_seen_not_to_hold() -> None:
    watch(Saying(answer=False), Saying(answer=False)).check(AWS, trace())


@pytest.mark.parametrize("answer", [True, None, UNREADABLE])
def test_a_stop_condition_that_is_true_or_unreadable_stops_the_run(answer: bool | Exception | None) -> None:
    with pytest.raises(GuardError, match=r"^stop condition tests\.saying: "):
        watch(Saying(answer=False), Saying(answer)).check(AWS, trace())


def test_a_person_stops_the_run() -> None:
    stop = Stop()
    stop.request("stopped by SIGINT")
    with pytest.raises(GuardError, match=r"^stopped by SIGINT$"):
        watch(stop=stop).check(AWS, trace())


def test_only_the_first_reason_to_stop_counts() -> None:
    stop = Stop()
    assert not stop.requested
    stop.request("first")
    stop.request("second")
    assert (stop.requested, stop.reason) == (True, "first")


def test_the_run_ends_when_its_time_is_over_and_not_before() -> None:
    clock = StoppedClock()
    watched = watch(clock=clock)
    clock.at = 300
    watched.check(AWS, trace())
    clock.at = 300.1
    with pytest.raises(GuardError, match=r"^blast_radius\.max_duration 5m is over$"):
        watched.check(AWS, trace())


def test_a_machine_that_slept_has_used_up_the_run_s_time() -> None:
    class Asleep(StoppedClock):
        def monotonic(self) -> float:
            return 0.0  # as Linux has it: it stops while the machine sleeps

    clock = Asleep()
    awake = watch(clock=clock)
    clock.at = 301
    with pytest.raises(GuardError, match="max_duration 5m is over"):
        awake.check_here()


def test_the_time_that_a_run_waits_for_its_turn_does_not_count() -> None:
    clock = StoppedClock()
    watched = watch(clock=clock)
    clock.at = 1000
    watched.start()
    clock.at = 1300
    watched.check(AWS, trace())


def test_a_probe_that_can_not_look_answers_unknown_instead_of_ending_the_run() -> None:
    for answer in (look(Saying(UNREADABLE), AWS, trace()), ready(Saying(answer=True, on=UNREADABLE), AWS)):
        assert answer.holds is None
        assert answer.summary.startswith("tests.saying could not look: ")


def test_credentials_that_are_gone_are_no_answer_of_a_probe() -> None:
    with pytest.raises(TargetError, match="expired"):
        look(Saying(TargetError("expired")), AWS, trace())


class Faulty(Probe):
    """A plug-in's probe with a defect."""

    about = About("acme.broken")

    def look(self, aws: Reader, trace: Trace) -> Observation:
        del aws, trace
        settings: dict[str, Any] = {}
        return Observation(holds=True, summary=settings["zz"])

    def ready(self, aws: Reader) -> Observation:
        return self.look(aws, trace())

    def before(self, aws: Reader, trace: Trace) -> frozenset[str]:
        self.look(aws, trace)
        return frozenset()


def test_a_probe_that_raises_is_named_with_the_line_of_its_own_code() -> None:
    told = r"the probe acme.broken is wrong at .*test_guards.py:\d+: KeyError: 'zz'"
    with pytest.raises(ElementError, match=told):
        look(Faulty(), AWS, trace())
    with pytest.raises(ElementError, match=told):
        ready(Faulty(), AWS)
    with pytest.raises(ElementError, match=told):
        before(experiment(Expectation(Role.DETECTION, Faulty(), Duration(60))), AWS, trace())
