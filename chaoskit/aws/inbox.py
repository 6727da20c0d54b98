"""The alert queue as a process reads it: every message once, kept for all who look."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

_BATCH: Final = 10
_MOST_BATCHES: Final = 50
_HIDDEN_S: Final = 30


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a queue; `sent` is when the queue received it, to the millisecond."""

    id: str
    sent: datetime
    body: str


class Inbox:
    """What has arrived in one queue since this process began to look.

    Reading a queue hides its messages from other readers, so one inbox serves all experiments of a
    process. Messages of the process's own runs are deleted once read; others come back to the queue.
    """

    def __init__(self, queue_url: str, mine: str) -> None:
        """Read nothing yet; `mine` is a text that only this process's own messages contain."""
        self._queue_url = queue_url
        self._mine = mine
        self._mutex = threading.Lock()
        self._seen: dict[str, Message] = {}

    def messages(self, sqs: Any) -> list[Message]:
        """Take in what is there now; answers everything of ours so far, oldest first."""
        with self._mutex:
            for _ in range(_MOST_BATCHES):
                if not self._receive(sqs):
                    break
            return sorted(self._seen.values(), key=lambda message: message.sent)

    def _receive(self, sqs: Any) -> bool:
        reply = sqs.receive_message(
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=_BATCH,
            VisibilityTimeout=_HIDDEN_S,
            WaitTimeSeconds=0,
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        batch = reply.get("Messages", [])
        mine = [message for message in batch if self._mine in message["Body"]]
        for message in mine:
            sent = datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)
            self._seen[message["MessageId"]] = Message(message["MessageId"], sent, message["Body"])
        if mine:
            sqs.delete_message_batch(
                QueueUrl=self._queue_url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                    for number, message in enumerate(mine)
                ],
            )
        return bool(batch)


class Inboxes:
    """The inboxes of a process, one a queue."""

    def __init__(self, mine: str) -> None:
        """See `Inbox`."""
        self._mine = mine
        self._mutex = threading.Lock()
        self._inboxes: dict[str, Inbox] = {}

    def of(self, queue_url: str) -> Inbox:
        """The inbox of that queue."""
        with self._mutex:
            return self._inboxes.setdefault(queue_url, Inbox(queue_url, self._mine))
