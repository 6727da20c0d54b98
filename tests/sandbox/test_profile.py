from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from chaoskit.sandbox.profile import INSTANT, PROFILES, REALISTIC, Delay
from chaoskit.sandbox.server import serve
from tests.sandbox.aws import MEMBER, allow, policy
from tests.sandbox.test_server import control, process
from tests.sandbox.trail.audited import Audited
from tests.sandbox.trail.delivered import Delivered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVENTBRIDGE = REALISTIC.eventbridge.seconds


class Watched(Audited):
    """A sandbox whose rule on new users sends to a queue."""

    def watch(self, name: str) -> str:
        """The queue of a rule that matches a user of this name."""
        arn = f"arn:aws:sqs:us-east-1:{MEMBER}:{name}"
        sent = allow("sqs:SendMessage", arn, Principal={"Service": "events.amazonaws.com"})
        made = self.client("sqs").create_queue(QueueName=name, Attributes={"Policy": policy(sent)})
        events = self.client("events")
        pattern = {"detail": {"eventName": ["CreateUser"], "requestParameters": {"userName": [name]}}}
        events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
        return str(made["QueueUrl"])

    def received(self, queue: str) -> bool:
        """Whether a message is there by now."""
        self.settle()
        return "Messages" in self.client("sqs").receive_message(QueueUrl=queue)

    def detected_within(self, name: str, slo: float, step: float = 60) -> bool:
        """Whether a new user is reported within an SLO, looking every `step` seconds of the sandbox's."""
        queue = self.watch(name)
        self.client("iam").create_user(UserName=name)
        waited = 0.0
        while waited < slo:
            if self.received(queue):
                return True
            pause = min(step, slo - waited)
            self.advance(pause)
            waited += pause
        return self.received(queue)

    def advance(self, seconds: float) -> None:
        """Let time pass, as a client in another process would."""
        assert control(self.served, f"advance?seconds={seconds}")[0] == 200

    def looked_up(self, name: str) -> bool:
        """Whether event history has a user's creation."""
        found = self.client("cloudtrail").lookup_events(
            LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": name}]
        )
        return bool(found["Events"])


@pytest.fixture(scope="module")
def realistic() -> Iterator[Watched]:
    """A sandbox with AWS's delays and a trail that logs."""
    with serve(profile=REALISTIC) as served:
        aws = Watched(served)
        aws.start_trail()
        yield aws


def test_every_delay_of_a_profile_says_where_its_figure_comes_from() -> None:
    for profile in PROFILES.values():
        delays = [getattr(profile, name) for name in profile.__slots__ if name != "name"]
        assert len(delays) == 8
        for delay in delays:
            assert isinstance(delay, Delay)
            assert delay.source
            assert (delay.seconds > 0) is (profile is REALISTIC)


def test_a_detection_slo_shorter_than_the_delay_is_missed_and_a_longer_one_is_met(
    realistic: Watched,
) -> None:
    assert not realistic.detected_within("too-soon", EVENTBRIDGE - 10)
    assert realistic.detected_within("in-time", EVENTBRIDGE + 10)


def test_a_late_detection_still_comes(realistic: Watched) -> None:
    queue = realistic.watch("late")
    realistic.client("iam").create_user(UserName="late")
    realistic.advance(EVENTBRIDGE - 5)
    assert not realistic.received(queue)
    realistic.advance(10)
    assert realistic.received(queue)


def test_a_rule_that_is_disabled_before_the_event_arrives_does_not_match(realistic: Watched) -> None:
    queue = realistic.watch("disabled")
    realistic.client("iam").create_user(UserName="disabled")
    realistic.client("events").disable_rule(Name="disabled")
    realistic.advance(EVENTBRIDGE + 10)
    assert not realistic.received(queue)


def test_event_history_has_an_event_after_its_delay(realistic: Watched) -> None:
    realistic.client("iam").create_user(UserName="history")
    realistic.advance(REALISTIC.event_history.seconds - 10)
    assert not realistic.looked_up("history")
    realistic.advance(20)
    assert realistic.looked_up("history")


def test_log_files_arrive_after_their_delay_and_being_idle_does_not_hurry_them(realistic: Watched) -> None:
    trail = Delivered(realistic, "slow")
    realistic.client("iam").create_user(UserName="slow")
    realistic.advance(REALISTIC.log_files.seconds - 10)
    assert control(realistic.served, "idle")[1] == {"idle": True}
    assert trail.files() == []
    realistic.advance(20)
    assert "CreateUser" in trail.names()
    [made] = [record for record in trail.records() if record["eventName"] == "CreateUser"]
    took = trail.status()["LatestDeliveryTime"] - datetime.fromisoformat(made["eventTime"])
    assert REALISTIC.log_files.time <= took < REALISTIC.log_files.time + timedelta(minutes=1)


def test_a_trail_that_is_stopped_still_delivers_what_it_took_and_its_last_digest(realistic: Watched) -> None:
    trail = Delivered(realistic, "farewell", EnableLogFileValidation=True)
    trail.cloudtrail.stop_logging(Name="farewell")
    realistic.advance(REALISTIC.log_files.seconds + 10)
    realistic.settle()
    [key] = trail.files("/CloudTrail-Digest/")
    [log] = trail.read(key)["logFiles"]
    assert trail.read(log["s3Object"])["Records"][-1]["eventName"] == "StopLogging"


def test_the_instant_profile_needs_no_time_at_all() -> None:
    with serve() as served:
        aws = Watched(served)
        aws.start_trail()
        assert served.cloud.profile is INSTANT
        queue = aws.watch("now")
        aws.client("iam").create_user(UserName="now")
        assert aws.looked_up("now")
        assert aws.received(queue)


def test_control_idle_has_log_files_written() -> None:
    with serve() as served:
        aws = Watched(served)
        trail = Delivered(aws, "hurried")
        assert control(served, "idle")[1] == {"idle": True}
        assert trail.s3.list_objects_v2(Bucket=trail.bucket)["KeyCount"] == 1


def test_a_sandbox_in_a_process_of_its_own_takes_the_profile_by_name(tmp_path: Path) -> None:
    with process(tmp_path, "--profile", "realistic") as (_, state):
        assert state["profile"] == "realistic"


def test_what_a_jump_makes_due_is_done_in_order_before_the_jump_is_over() -> None:
    with serve() as served:
        cloud = served.cloud
        done: list[int] = []
        start = cloud.now()
        for minutes in (3, 1, 2):
            cloud.agenda.at(
                start + timedelta(minutes=minutes),
                lambda due: done.append(int((due - start).total_seconds()) // 60),
            )
        cloud.clock.advance(150)
        assert done == [1, 2]
        cloud.clock.advance(150)
        assert done == [1, 2, 3]


def test_work_becomes_due_by_itself() -> None:
    with serve() as served:
        done = threading.Event()
        soon = served.cloud.now() + timedelta(seconds=0.05)
        served.cloud.agenda.at(soon, lambda _: done.set())
        assert done.wait(30)
