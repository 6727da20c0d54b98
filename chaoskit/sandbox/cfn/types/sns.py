"""AWS::SNS: topics, their policies and subscriptions."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, document, gone_is_fine, names

if TYPE_CHECKING:
    from chaoskit.sandbox.cfn.types.base import Job

_ATTRIBUTES = ("DisplayName", "KmsMasterKeyId")
_SUBSCRIPTION = ("FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy")


class Topic(ResourceType):
    """AWS::SNS::Topic: Ref is the ARN; TopicArn, TopicName."""

    name = "AWS::SNS::Topic"
    properties = names("DisplayName KmsMasterKeyId Tags TopicName")
    replaced_by = names("TopicName")

    def create(self, job: Job) -> Physical:
        name = job.properties.get("TopicName") or job.generated_name(256)
        attributes = job.pick(*_ATTRIBUTES)
        arn = job.client("sns").create_topic(Name=name, Attributes=attributes, Tags=job.tag_list())[
            "TopicArn"
        ]
        return Physical(arn, {"TopicArn": arn, "TopicName": name})

    def update(self, job: Job, was: Physical) -> Physical:
        for name in _ATTRIBUTES:
            if job.properties.get(name) != job.before.get(name):
                value = job.properties.get(name, "")
                job.client("sns").set_topic_attributes(
                    TopicArn=was.id, AttributeName=name, AttributeValue=value
                )
        if job.tags:
            job.client("sns").tag_resource(ResourceArn=was.id, Tags=job.tag_list())
        return was

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("sns").delete_topic(TopicArn=was.id)


class TopicPolicy(ResourceType):
    """AWS::SNS::TopicPolicy: one policy on each of its topics, which keep the last one they were given."""

    name = "AWS::SNS::TopicPolicy"
    properties = names("PolicyDocument Topics")

    def create(self, job: Job) -> Physical:
        self._put(job)
        return Physical(job.generated_name(128))

    def update(self, job: Job, was: Physical) -> Physical:
        self._put(job)
        return was

    def delete(self, job: Job, was: Physical) -> None:
        """Nothing to do: a topic can't be without a policy (SNS API Reference, SetTopicAttributes)."""

    def _put(self, job: Job) -> None:
        policy = document(job.properties["PolicyDocument"])
        for arn in job.properties["Topics"]:
            job.client("sns").set_topic_attributes(
                TopicArn=arn, AttributeName="Policy", AttributeValue=policy
            )


class Subscription(ResourceType):
    """AWS::SNS::Subscription: Ref is the ARN."""

    name = "AWS::SNS::Subscription"
    properties = frozenset({"Endpoint", "Protocol", "TopicArn", *_SUBSCRIPTION})
    replaced_by = names("Endpoint Protocol TopicArn")

    def create(self, job: Job) -> Physical:
        made = job.client("sns").subscribe(
            **job.pick("Endpoint", "Protocol", "TopicArn"),
            Attributes={name: _text(value) for name, value in job.pick(*_SUBSCRIPTION).items()},
            ReturnSubscriptionArn=True,
        )
        return Physical(made["SubscriptionArn"], {"Arn": made["SubscriptionArn"]})

    def update(self, job: Job, was: Physical) -> Physical:
        for name in _SUBSCRIPTION:
            if (value := job.changed(name)) is not None:
                job.client("sns").set_subscription_attributes(
                    SubscriptionArn=was.id, AttributeName=name, AttributeValue=_text(value)
                )
        return was

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("sns").unsubscribe(SubscriptionArn=was.id)


def _text(value: Any) -> str:
    """An attribute as the API takes it: `true`, a policy as JSON."""
    return (
        document(value)
        if isinstance(value, dict)
        else str(value).lower()
        if value in (True, False)
        else str(value)
    )
