"""Looks whether a guardrail blocked what the fault asked a foundation model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe
from chaoskit.probes._invocation_log import logged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("bedrock.prompts-blocked")
class PromptsBlocked(Probe):
    """A guardrail intervened in every Converse call of the run, as the model invocation log tells by request.

    Attributes:
        log_group: The log group of the model invocation log.
    """

    log_group: str

    reads = ("bedrock:GetModelInvocationLoggingConfiguration", "logs:FilterLogEvents")

    def ready(self, aws: Reader) -> Observation:
        """Texts are delivered to the log group: what was answered stands nowhere else."""
        return logged(aws, self.log_group)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Find each call's record, and see why the answer stopped."""
        asked = [a for a in trace.attempts if a.call.operation == "Converse" and a.outcome == "applied"]
        if not asked:
            return Observation(
                holds=None, summary="no prompt was answered, so nothing was blocked", final=True
            )
        lost = sum(call.operation == "Converse" for call in trace.lost)
        if lost:
            return Observation(
                holds=None,
                summary=f"{lost} of {lost + len(asked)} prompts failed, and may not have been blocked",
                final=True,
            )
        records = self._records(aws, trace)
        missing = [a.request_id for a in asked if a.request_id not in records]
        if missing:
            return Observation(
                holds=None, summary=f"{len(missing)} of {len(asked)} prompts are not in the log yet"
            )
        through = [a.request_id for a in asked if not _blocked(records[a.request_id])]
        return Observation(
            holds=not through,
            summary=f"{len(asked) - len(through)} of {len(asked)} prompts were blocked by a guardrail",
            evidence={"asked": len(asked), "let_through": through, "tied_by": "request id"},
            at=max(a.at for a in asked),
            final=True,
        )

    def _records(self, aws: Reader, trace: Trace) -> dict[str, Mapping[str, Any]]:
        where = {
            "logGroupName": self.log_group,
            "startTime": int(trace.since.timestamp() * 1000) - 1000,
            "filterPattern": '{ $.operation = "Converse" }',
        }
        found: dict[str, Mapping[str, Any]] = {}
        for message in aws.read(Query("logs", "FilterLogEvents", where, "events[].message")) or ():
            try:
                record = json.loads(message)
            except ValueError:
                continue
            if isinstance(record, dict):
                found[str(record.get("requestId"))] = record
        return found


def _blocked(record: Mapping[str, Any]) -> bool:
    body = (record.get("output") or {}).get("outputBodyJson") or {}
    return bool(body.get("stopReason") == "guardrail_intervened")
