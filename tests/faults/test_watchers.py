"""What watches an account, taken away: it is put back as it was, or not taken away at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.errors import GuardError
from chaoskit.faults.securityhub_disable_standard import DisableStandard
from chaoskit.faults.sns_unsubscribe import Unsubscribe
from tests.answers import Answers
from tests.faults.between import account
from tests.sandbox.aws import MEMBER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.faults.between import Account
    from tests.one_sandbox import OneSandbox

STANDARD = "arn:aws:securityhub:us-east-1::standards/pci-dss/v/4.0.1"
SUBSCRIPTION = f"arn:aws:securityhub:us-east-1:{MEMBER}:subscription/pci-dss/v/4.0.1"
TOPIC = f"arn:aws:sns:us-east-1:{MEMBER}:security"
QUEUE = f"arn:aws:sqs:us-east-1:{MEMBER}:inbox"


@pytest.fixture(scope="module")
def place(one_sandbox: OneSandbox) -> Iterator[Account]:
    with account(one_sandbox) as made:
        made.client("securityhub").enable_security_hub(EnableDefaultStandards=False)
        made.client("sqs").create_queue(QueueName="inbox")
        made.client("sns").create_topic(Name="security")
        yield made


@pytest.fixture
def hub(place: Account) -> Any:
    """A hub with one standard enabled."""
    client = place.client("securityhub")
    place.lab.cloud.clock.advance(5)
    client.batch_enable_standards(StandardsSubscriptionRequests=[{"StandardsArn": STANDARD}])
    return client


def standards(hub: Any) -> list[tuple[str, str]]:
    found = hub.get_enabled_standards()["StandardsSubscriptions"]
    return [(each["StandardsArn"], each["StandardsStatus"]) for each in found]


def test_a_standard_is_enabled_again_once_it_has_been_disabled(
    place: Account, hub: Any, tmp_path: Path
) -> None:
    seen: list[Any] = []
    (undone,) = place.undone(
        DisableStandard(subscription=SUBSCRIPTION), tmp_path, lambda: seen.extend(standards(hub))
    )
    assert seen == [(STANDARD, "DELETING")]
    assert undone.ok, undone.note
    assert len(place.sent) > 1, "the first is refused, while it is still being disabled"
    assert standards(hub) == [(STANDARD, "READY")]


def test_a_standard_that_somebody_else_is_disabling_is_not_ours_to_enable(place: Account, hub: Any) -> None:
    hub.batch_disable_standards(StandardsSubscriptionArns=[SUBSCRIPTION])
    assert standards(hub) == [(STANDARD, "DELETING")]
    assert list(DisableStandard(subscription=SUBSCRIPTION).changes(place.aws)) == []


def subscribed(**more: Any) -> dict[str, Any]:
    ready = {"StandardsStatus": "READY", "StandardsControlsUpdatable": "READY_FOR_UPDATES"}
    one = {"StandardsSubscriptionArn": SUBSCRIPTION, "StandardsArn": STANDARD, **ready, **more}
    return {"StandardsSubscriptions": [one]}


def test_a_standard_with_a_control_that_the_team_has_disabled_is_refused() -> None:
    # The sandbox evaluates no controls, so it has none to disable.
    controls = [
        {"ControlId": "PCI.IAM.1", "ControlStatus": "ENABLED"},
        {"ControlId": "PCI.IAM.2", "ControlStatus": "DISABLED"},
    ]
    aws = Answers(GetEnabledStandards=subscribed(), DescribeStandardsControls={"Controls": controls})
    with pytest.raises(GuardError, match=r"disabled controls \(PCI.IAM.2\).*name another standard"):
        list(DisableStandard(subscription=SUBSCRIPTION).changes(aws))
    all_on = {"Controls": controls[:1]}
    aws = Answers(GetEnabledStandards=subscribed(), DescribeStandardsControls=all_on)
    assert len(list(DisableStandard(subscription=SUBSCRIPTION).changes(aws))) == 1


@pytest.mark.parametrize(
    "state", [{"StandardsStatus": "PENDING"}, {"StandardsControlsUpdatable": "NOT_READY_FOR_UPDATES"}]
)
def test_a_standard_whose_controls_cannot_be_told_yet_is_refused(state: dict[str, str]) -> None:
    aws = Answers(GetEnabledStandards=subscribed(**state), DescribeStandardsControls={"Controls": []})
    with pytest.raises(GuardError, match="wait until"):
        list(DisableStandard(subscription=SUBSCRIPTION).changes(aws))


def test_a_standard_comes_back_with_its_input() -> None:
    given = {"an": "input"}
    aws = Answers(
        GetEnabledStandards=subscribed(StandardsInput=given), DescribeStandardsControls={"Controls": []}
    )
    (change,) = DisableStandard(subscription=SUBSCRIPTION).changes(aws)
    (undo,) = change.undo
    assert undo.params["StandardsSubscriptionRequests"] == [  # type: ignore[union-attr]
        {"StandardsArn": STANDARD, "StandardsInput": given}
    ]


def subscriptions(place: Account) -> list[Any]:
    found = place.client("sns").list_subscriptions_by_topic(TopicArn=TOPIC)["Subscriptions"]
    return [(each["Protocol"], each["Endpoint"]) for each in found]


def test_a_queue_is_subscribed_again_with_its_settings(place: Account, tmp_path: Path) -> None:
    sns = place.client("sns")
    settings = {"RawMessageDelivery": "true", "FilterPolicy": '{"severity": ["high"]}'}
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE, Attributes=settings)
    (undone,) = place.undone(Unsubscribe(topic=TOPIC, endpoint=QUEUE), tmp_path)
    assert undone.ok
    (found,) = sns.list_subscriptions_by_topic(TopicArn=TOPIC)["Subscriptions"]
    told = sns.get_subscription_attributes(SubscriptionArn=found["SubscriptionArn"])["Attributes"]
    assert settings.items() <= told.items()
    sns.unsubscribe(SubscriptionArn=found["SubscriptionArn"])


@pytest.mark.parametrize(
    ("protocol", "endpoint"),
    [
        ("sqs", "arn:aws:sqs:us-east-1:999999999999:inbox"),
        ("lambda", "arn:aws:lambda:us-east-1:999999999999:function:inbox"),
        ("email", "security@example.com"),
        ("https", "https://example.com/alarms"),
    ],
)
def test_who_would_have_to_confirm_again_is_not_unsubscribed(
    place: Account, protocol: str, endpoint: str
) -> None:
    sns = place.client("sns")
    arn = sns.subscribe(TopicArn=TOPIC, Protocol=protocol, Endpoint=endpoint, ReturnSubscriptionArn=True)[
        "SubscriptionArn"
    ]
    try:
        with pytest.raises(GuardError, match=r"would have to confirm.*topic's account"):
            list(Unsubscribe(topic=TOPIC, endpoint=endpoint).changes(place.aws))
        assert subscriptions(place) == [(protocol, endpoint)]
    finally:
        sns.unsubscribe(SubscriptionArn=arn)


def listed(arn: str, owner: str = MEMBER) -> dict[str, Any]:
    one = {"SubscriptionArn": arn, "Owner": owner, "Protocol": "sqs", "Endpoint": QUEUE, "TopicArn": TOPIC}
    return {"Subscriptions": [one]}


def test_a_subscription_of_another_account_is_not_ours_to_make_again() -> None:
    aws = Answers(ListSubscriptionsByTopic=listed(f"{TOPIC}:1", owner="999999999999"))
    with pytest.raises(GuardError, match="would have to confirm"):
        list(Unsubscribe(topic=TOPIC, endpoint=QUEUE).changes(aws))


def test_a_subscription_that_nobody_confirmed_is_not_taken_for_one_that_is_back() -> None:
    # In the sandbox subscriptions need no confirmation.
    pending, confirmed = listed("PendingConfirmation"), listed(f"{TOPIC}:1")
    fault = Unsubscribe(topic=TOPIC, endpoint=QUEUE)
    aws = Answers(ListSubscriptionsByTopic=confirmed, GetSubscriptionAttributes={"Attributes": {}})
    (change,) = fault.changes(aws)
    assert change.state
    assert aws.read(change.state) != Answers(ListSubscriptionsByTopic=pending).read(change.state)
    assert list(fault.changes(Answers(ListSubscriptionsByTopic=pending))) == []
