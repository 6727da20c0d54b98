"""The events on a bus (EventBridge Events Reference, "Event structure")."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chaoskit.sandbox.trail import Recorded

    Event = dict[str, Any]

_DETAIL_TYPES = {"AwsConsoleSignIn": "AWS Console Sign In via CloudTrail"}
"""EventBridge User Guide, "AWS service events delivered via AWS CloudTrail"."""
LARGEST = 256 * 1024
"""Bytes of a PutEvents entry (EventBridge User Guide, "Calculating PutEvents event entry size")."""


def of_record(recorded: Recorded) -> Event:
    """The event of a CloudTrail record: source `aws.iam` for `iam.amazonaws.com`."""
    record = recorded.record
    return {
        "version": "0",
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, record["eventID"])),
        "detail-type": _DETAIL_TYPES.get(str(record.get("eventType")), "AWS API Call via CloudTrail"),
        "source": f"aws.{record['eventSource'].partition('.')[0]}",
        "account": recorded.account,
        "time": record["eventTime"],
        "region": recorded.region,
        "resources": [],
        "detail": record,
    }


def of_entry(entry: Mapping[str, Any], *, account: str, region: str, now: datetime) -> Event:
    """The event of a `PutEvents` entry.

    Raises:
        ApiError: With the `ErrorCode` and `ErrorMessage` that the entry is answered with.
    """
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            raise ApiError(
                "InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument."
            )
    source = str(entry["Source"])
    if source.startswith("aws."):
        raise ApiError("NotAuthorizedForSourceException", "Not authorized for the source.")
    if len(source) + len(str(entry["DetailType"])) + len(str(entry["Detail"]).encode()) > LARGEST:
        raise ApiError("InvalidArgument", "Total size of the entry is over the limit.")
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        raise ApiError("MalformedDetail", "Detail is malformed.")
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": str(entry["DetailType"]),
        "source": source,
        "account": account,
        "time": (entry.get("Time") or now).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": list(entry.get("Resources") or []),
        "detail": detail,
    }
