"""The tooling account: where a fleet's state machine, queue, table and bucket are, and its documents."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from chaoskit.aws import Aws, Call, Connection, Query, default_region
from chaoskit.errors import AwsError, TargetError
from chaoskit.fleet.steady import steadily
from chaoskit.target import stack_outputs

if TYPE_CHECKING:
    from collections.abc import Iterator

STACK: Final = "chaoskit-fleet"
_OUTPUTS: Final = {
    "state_machine": "StateMachineArn",
    "queue": "QueueUrl",
    "table": "TableName",
    "bucket": "BucketName",
}
_AGENT: Final = "chaoskit/fleet"
_ENDPOINT: Final = "AWS_ENDPOINT_URL"


@dataclass(frozen=True, slots=True)
class Tooling:
    """What the fleet's stack made.

    Attributes:
        connection: How to reach the tooling account.
        state_machine: Its ARN.
        queue: The URL of the queue of tasks.
        table: The name of the table that holds the journal and what is known of each task.
        bucket: The bucket of plans and results.
    """

    connection: Connection
    state_machine: str
    queue: str
    table: str
    bucket: str

    @classmethod
    def of(cls, connection: Connection, stack: str = STACK) -> Self:
        """As the outputs of the stack say.

        Raises:
            TargetError: There is no such stack, or it is none of a fleet.
        """
        try:
            outputs = stack_outputs(Aws(connection, user_agent=_AGENT), stack)
        except AwsError as error:
            raise TargetError(f"The stack {stack} can't be read: {error.message}") from error
        missing = [name for name in _OUTPUTS.values() if name not in outputs]
        if missing:
            raise TargetError(
                f"The stack {stack} has no output {', '.join(missing)} in {connection.region}: "
                "deploy it with `chaoskit fleet deploy`, or name another one with --stack."
            )
        return cls(connection, **{field: outputs[name] for field, name in _OUTPUTS.items()})

    def open(self) -> Aws:
        """The account, for one thread."""
        return Aws(self.connection, user_agent=_AGENT)

    def read(self, aws: Aws, key: str) -> str | None:
        """A document in the bucket; None when there is none.

        Raises:
            AwsError: It can't be read.
        """
        try:
            answer = steadily(aws, Call("s3", "GetObject", Bucket=self.bucket, Key=key))
        except AwsError as error:
            if error.code in ("NoSuchKey", "404"):
                return None
            raise
        return bytes(answer["Body"]).decode("utf-8")

    def write(self, aws: Aws, key: str, text: str) -> None:
        """Write a document into the bucket.

        Raises:
            AwsError: It can't be written.
        """
        body = text.encode("utf-8")
        kind = "application/json"
        steadily(aws, Call("s3", "PutObject", Bucket=self.bucket, Key=key, Body=body, ContentType=kind))

    def keys(self, aws: Aws, prefix: str) -> Iterator[str]:
        """The keys that begin so.

        Raises:
            AwsError: They can't be listed.
        """
        where: dict[str, Any] = {"Bucket": self.bucket, "Prefix": prefix}
        yield from aws.read(Query("s3", "ListObjectsV2", where, "Contents[].Key")) or ()

    def folders(self, aws: Aws, prefix: str) -> Iterator[str]:
        """The names of the folders right below a prefix that ends with `/`.

        Raises:
            AwsError: They can't be listed.
        """
        where: dict[str, Any] = {"Bucket": self.bucket, "Prefix": prefix, "Delimiter": "/"}
        for each in aws.read(Query("s3", "ListObjectsV2", where, "CommonPrefixes[].Prefix")) or ():
            yield str(each).removeprefix(prefix).rstrip("/")


def connect(profile: str | None, region: str | None) -> Connection:
    """How to reach an account with a profile or the environment; AWS_ENDPOINT_URL leads to a sandbox.

    Raises:
        TargetError: Nothing says which region.
    """
    found = region or default_region(profile)
    if found is None:
        raise TargetError("No AWS region is set: pass --region, or set one in the profile.")
    return Connection(found, endpoint_url=os.environ.get(_ENDPOINT), profile=profile)
