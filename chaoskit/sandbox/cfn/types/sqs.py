"""AWS::SQS: queues and their policies."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, document, gone_is_fine, names

if TYPE_CHECKING:
    from chaoskit.sandbox.cfn.types.base import Job

_ATTRIBUTES = names(
    "DelaySeconds FifoQueue KmsDataKeyReusePeriodSeconds KmsMasterKeyId MaximumMessageSize "
    "MessageRetentionPeriod ReceiveMessageWaitTimeSeconds RedrivePolicy SqsManagedSseEnabled "
    "VisibilityTimeout"
)


class Queue(ResourceType):
    """AWS::SQS::Queue: Ref is the URL; Arn, QueueName, QueueUrl."""

    name = "AWS::SQS::Queue"
    properties = _ATTRIBUTES | {"QueueName", "Tags"}
    replaced_by = names("QueueName FifoQueue")

    def create(self, job: Job) -> Physical:
        sqs = job.client("sqs")
        name = job.properties.get("QueueName") or job.generated_name(80)
        url: str = sqs.create_queue(QueueName=name, Attributes=_attributes(job), tags=dict(job.tags))[
            "QueueUrl"
        ]
        arn = f"arn:aws:sqs:{job.region}:{job.account}:{name}"
        return Physical(url, {"Arn": arn, "QueueName": name, "QueueUrl": url})

    def update(self, job: Job, was: Physical) -> Physical:
        sqs = job.client("sqs")
        if attributes := _attributes(job):
            sqs.set_queue_attributes(QueueUrl=was.id, Attributes=attributes)
        if job.tags:
            sqs.tag_queue(QueueUrl=was.id, Tags=dict(job.tags))
        return was

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("sqs").delete_queue(QueueUrl=was.id)


class QueuePolicy(ResourceType):
    """AWS::SQS::QueuePolicy: one policy on each of its queues."""

    name = "AWS::SQS::QueuePolicy"
    properties = names("PolicyDocument Queues")

    def create(self, job: Job) -> Physical:
        self._put(job)
        return Physical(job.generated_name(128))

    def update(self, job: Job, was: Physical) -> Physical:
        for url in set(job.before["Queues"]) - set(job.properties["Queues"]):
            self._remove(job, url)
        self._put(job)
        return was

    def delete(self, job: Job, was: Physical) -> None:
        del was
        for url in job.properties["Queues"]:
            self._remove(job, url)

    def _put(self, job: Job) -> None:
        policy = document(job.properties["PolicyDocument"])
        for url in job.properties["Queues"]:
            job.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})

    def _remove(self, job: Job, url: str) -> None:
        with gone_is_fine():
            job.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})


def _attributes(job: Job) -> dict[str, str]:
    """The queue's attributes, all strings to the API: `true`, `300`, a policy as JSON."""

    def text(value: Any) -> str:
        return document(value) if isinstance(value, dict) else str(value).lower()

    attributes = {name: job.properties[name] for name in sorted(_ATTRIBUTES) if name in job.properties}
    return {name: value if isinstance(value, str) else text(value) for name, value in attributes.items()}
