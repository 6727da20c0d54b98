"""Looks whether a Sigma rule sees what the fault did."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from chaoskit.contract import Observation, Probe, probe
from chaoskit.probes._audit import trail_is_logging
from chaoskit.probes._records import READS, out_of_reach, records

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace
    from chaoskit.detect.sigma import SigmaEngine

_SOURCE: Final = re.compile(r"^\s*eventSource: (\S+)\s*$", re.MULTILINE)
_SHIPPED: Final = Path(__file__).parents[1] / "sandbox" / "detections" / "sigma"


@probe("sigma.matched")
class SigmaMatched(Probe):
    """The Sigma rule matches the CloudTrail records of the run's own faults.

    The rule is evaluated here, over the records that the account's trail brings to its log group, or
    else to event history and its bucket. So it proves the rule and the telemetry, not the SIEM that
    runs the rule elsewhere: for that, ask the SIEM with `http.json`.

    Attributes:
        rule: The rule's file, or the name of one that chaoskit ships.
        log_group: The trail's log group, when no trail that can be described names it.
    """

    rule: str
    log_group: str | None = None

    example: ClassVar = {"rule": "aws_cloudtrail_stopped"}
    reads = READS

    def ready(self, aws: Reader) -> Observation:
        """The rule can be evaluated, a trail logs, and what the rule is about can be read in this region."""
        engine = self._engine()
        if isinstance(engine, str):
            return Observation(holds=False, summary=engine)
        path = self._path()
        sources = _SOURCE.findall(path.read_text("utf-8")) if path else []
        if why := out_of_reach(aws, sources, self.log_group):
            return Observation(holds=False, summary=why)
        return trail_is_logging(aws)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the run's records and run the rule over them."""
        engine = self._engine()
        if isinstance(engine, str):
            return Observation(holds=None, summary=engine)
        seen = records(aws, trace, self.log_group)
        for found in seen:
            for match in engine.feed(found.record):
                return Observation(
                    holds=True,
                    summary=f"Sigma rule {match.title!r} matches {found.record.get('eventName')}",
                    evidence={
                        "rule": match.title,
                        "rule_id": match.id,
                        "level": match.level,
                        "cloudtrail_event_id": found.record.get("eventID"),
                        "event_name": found.record.get("eventName"),
                        "event_time": found.record.get("eventTime"),
                        "read_from": found.source,
                        "tied_by": found.tie.by,
                    },
                    at=found.at,
                    cause=found.tie.attempt.at,
                    final=True,
                )
        services = [] if seen else [attempt.call.service for attempt in trace.attempts]
        why = out_of_reach(aws, services, self.log_group)
        return Observation(
            holds=None if why else False,
            summary=why
            or f"Sigma rule {self.rule} matches none of the {len(seen)} records of this run's faults",
            evidence={"records": [f"{f.record.get('eventName')} in {f.source}" for f in seen]},
        )

    def _engine(self) -> SigmaEngine | str:
        """The rule, ready to be fed, or what is wrong with it."""
        try:
            from chaoskit.detect.sigma import InvalidSigmaRule, SigmaEngine  # noqa: PLC0415 - an optional extra
        except ModuleNotFoundError:
            return "Sigma rules need pySigma: pip install 'chaoskit[sigma]'"
        path = self._path()
        if path is None:
            return f"there is no Sigma rule {self.rule}, neither as a file nor shipped with chaoskit"
        try:
            return SigmaEngine(path)
        except InvalidSigmaRule as error:
            return f"Sigma rule {self.rule} can't be evaluated: {error}"

    def _path(self) -> Path | None:
        return next((p for p in (Path(self.rule), _SHIPPED / f"{self.rule}.yml") if p.is_file()), None)
