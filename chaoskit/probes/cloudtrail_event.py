"""Looks whether CloudTrail's event history has the fault's call."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe
from chaoskit.probes._global import unless_unrecorded, unrecorded
from chaoskit.probes._records import lookup

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("cloudtrail.event")
class TrailEvent(Probe):
    """The call is in event history, where an investigator would look it up.

    Event history has management events only, needs no trail, and can't be switched off (CloudTrail
    User Guide, "Working with CloudTrail event history"). It does not say when an event got there, so
    the time is the look's that found it.

    Attributes:
        event_name: The event's name, e.g. AttachRolePolicy.
        event_source: Its service, e.g. iam.amazonaws.com.
        error_code: The error it must show, e.g. AccessDenied.
    """

    event_name: str
    event_source: str | None = None
    error_code: str | None = None

    reads = ("cloudtrail:LookupEvents",)

    def ready(self, aws: Reader) -> Observation:
        """This region's history would have the event: it is always on, but holds its own region's only."""
        why = unrecorded(aws.region, [self.event_source] if self.event_source else [])
        return Observation(holds=not why, summary=why or "event history can't be switched off")

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Look the event's name up, since the run began."""
        attribute = {"AttributeKey": "EventName", "AttributeValue": self.event_name}
        where = {"LookupAttributes": [attribute], "StartTime": trace.since.isoformat()}
        events = lookup(aws, Query("cloudtrail", "LookupEvents", where, "Events[].CloudTrailEvent"))
        for event in events or []:
            record = json.loads(event)
            tie = trace.caused(record)
            wanted = {"eventSource": self.event_source, "errorCode": self.error_code}
            if tie and all(value in (None, record.get(name)) for name, value in wanted.items()):
                return Observation(
                    holds=True,
                    summary=f"event history has {self.event_name}",
                    evidence={
                        "cloudtrail_event_id": record.get("eventID"),
                        "event_time": record.get("eventTime"),
                        "error_code": record.get("errorCode"),
                        "tied_by": tie.by,
                    },
                    cause=tie.attempt.at,
                    final=True,
                )
        seen = Observation(holds=False, summary=f"event history has no {self.event_name} of this run")
        return unless_unrecorded(seen, aws.region, trace)
