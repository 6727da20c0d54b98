from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from chaoskit.aws import Aws, Budget, Connection, Credentials, Query, Rate
from tests.sandbox.aws import MEMBER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.sandbox.server import Served
    from tests.one_sandbox import OneSandbox

LOOKUP = ("cloudtrail", "LookupEvents")
SESSION = ("sts", "AssumeRole")


class Time:
    """A clock that a sleep moves on."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


def spend(budget: Budget, what: tuple[str, str], times: int = 1, account: str = MEMBER) -> None:
    for _ in range(times):
        budget.spend(*what, account, "us-east-1")


def test_a_full_bucket_gives_at_once_and_then_as_fast_as_tokens_come(time: Time) -> None:
    budget = Budget(clock=time, sleep=time.sleep)
    spend(budget, LOOKUP, 5)
    assert time.slept == [0.5, 0.5, 0.5]


def test_a_bucket_fills_again_but_not_above_its_size(time: Time) -> None:
    budget = Budget(clock=time, sleep=time.sleep)
    spend(budget, LOOKUP, 2)
    time.now += 3600
    spend(budget, LOOKUP, 3)
    assert time.slept == [0.5]


def test_each_account_and_region_has_its_own_bucket(time: Time) -> None:
    budget = Budget(clock=time, sleep=time.sleep)
    for account in ("1", "2"):
        for region in ("us-east-1", "eu-west-1"):
            for _ in range(2):
                budget.spend(*LOOKUP, account, region)
    assert time.slept == []


def test_operations_of_a_class_share_a_bucket(time: Time) -> None:
    rates = {("sts", name): ("sessions", Rate(1, 1)) for name in ("AssumeRole", "GetCallerIdentity")}
    budget = Budget(rates=rates, clock=time, sleep=time.sleep)
    spend(budget, SESSION)
    spend(budget, ("sts", "GetCallerIdentity"))
    assert time.slept == [1.0]


def test_what_has_no_published_quota_is_never_held_up(time: Time) -> None:
    spend(Budget(clock=time, sleep=time.sleep), ("iam", "DetachRolePolicy"), 10_000)
    assert time.slept == []


def test_what_all_workers_spend_together_is_divided_by_their_number(time: Time) -> None:
    rates = {SESSION: ("sessions", Rate(600, 600, divided=True)), LOOKUP: ("lookups", Rate(2, 2))}
    budget = Budget(200, rates=rates, clock=time, sleep=time.sleep)
    spend(budget, SESSION, 4)
    assert time.slept == [0.333]
    spend(budget, LOOKUP, 2)
    assert time.slept == [0.333]


def test_threads_that_come_at_once_never_spend_more_than_there_is() -> None:
    waits, mutex = list[float](), threading.Lock()

    def sleep(seconds: float) -> None:
        with mutex:
            waits.append(round(seconds, 1))

    budget = Budget(clock=lambda: 0.0, sleep=sleep)
    threads = [threading.Thread(target=spend, args=(budget, LOOKUP, 5)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(waits) == [number / 2 for number in range(1, 19)]


@pytest.fixture(scope="module")
def served(one_sandbox: OneSandbox) -> Iterator[Served]:
    with one_sandbox.bare() as sandbox:
        yield sandbox


def test_every_page_that_is_asked_for_is_paid_in_the_account_that_is_asked(
    served: Served, time: Time
) -> None:
    told: list[tuple[str, ...]] = []

    class Counting(Budget):
        def spend(self, service: str, operation: str, account: str, region: str) -> None:
            told.append((service, operation, account, region))
            super().spend(service, operation, account, region)

    key = served.credentials["admin"]
    budget = Counting(clock=time, sleep=time.sleep)
    connection = Connection(
        served.cloud.region,
        endpoint_url=served.url,
        credentials=Credentials(key.access_key_id, key.secret_access_key),
        budget=budget,
    )
    aws = Aws(connection)
    aws.identify()
    looks = Query(
        "cloudtrail", "LookupEvents", {"PaginationConfig": {"PageSize": 1, "MaxItems": 4}}, "Events"
    )
    for number in range(6):
        aws.client("iam").create_user(UserName=f"user-{number}")
    assert len(aws.read(looks)) == 4
    assert told[0] == ("sts", "GetCallerIdentity", "", "us-east-1")
    assert told[1:] == [("cloudtrail", "LookupEvents", MEMBER, "us-east-1")] * 4
    assert time.slept == [0.5, 0.5]
