"""A served sandbox and what its audit trail says of it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.sandbox.aws import Aws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.sandbox.events.delivery import Deliveries

BUCKET = "audit-log-bucket"
TRAIL = "main"


class Audited(Aws):
    """boto3 against a served sandbox whose records and deliveries can be looked at."""

    def settle(self) -> None:
        """Wait until nothing is under way."""
        assert self.served.cloud.idle(10), "deliveries did not come to rest"

    def record(self, event_name: str) -> dict[str, Any]:
        """The newest record of an event name in the member account."""
        found = self.client("cloudtrail").lookup_events(
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": event_name}], MaxResults=1
        )["Events"]
        assert found, f"no {event_name} in event history"
        record: dict[str, Any] = json.loads(found[0]["CloudTrailEvent"])
        return record

    def start_trail(self) -> str:
        """The name of a new multi-region trail that logs."""
        self.client("s3").create_bucket(Bucket=BUCKET)
        cloudtrail = self.client("cloudtrail")
        cloudtrail.create_trail(Name=TRAIL, S3BucketName=BUCKET, IsMultiRegionTrail=True)
        cloudtrail.start_logging(Name=TRAIL)
        return TRAIL

    @contextmanager
    def overheard(self) -> Iterator[list[dict[str, Any]]]:
        """Every record that is made meanwhile, data events too."""
        records: list[dict[str, Any]] = []
        trail = self.served.cloud._trail
        trail.watch(lambda event: records.append(event.record))
        try:
            yield records
        finally:
            trail._watchers.pop()

    @property
    def deliveries(self) -> Deliveries:
        """The bus's own counts."""
        kept: Deliveries = self.served.cloud.gateway._handlers["events", "PutEvents"].__self__.deliveries  # type: ignore[attr-defined]  # a bound method
        return kept
