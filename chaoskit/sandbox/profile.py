"""How long telemetry takes: at once, or as long as AWS says.

A figure is the one that AWS publishes for that path. Where it publishes none, the figure of the nearest
path stands in and the source says so: a control that keeps its SLO here keeps it by what AWS has promised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Delay:
    """The time from an API call to its record being there.

    Attributes:
        seconds: On the sandbox's clock.
        source: The guide and page that gives the figure.
    """

    seconds: float
    source: str

    @property
    def time(self) -> timedelta:
        """As a duration."""
        return timedelta(seconds=self.seconds)


_AT_ONCE = Delay(0, "not AWS's: tests need not wait")


@dataclass(frozen=True, slots=True)
class Profile:
    """The delays of a sandbox.

    Attributes:
        name: What `--profile` calls it.
        event_history: Until `LookupEvents` finds the event.
        eventbridge: Until the event is on the event bus.
        log_files: Until the event is in a log file in the trail's bucket.
        cloudwatch_logs: Until the event is in the trail's log group.
        guardduty: From the call to GuardDuty's finding.
        guardduty_events: From a new finding to its event on the event bus.
        config_rules: From a change to the evaluation of the AWS Config rules that it triggers.
        access_analyzer: From a changed policy to Access Analyzer's analysis of it.
    """

    name: str
    event_history: Delay
    eventbridge: Delay
    log_files: Delay
    cloudwatch_logs: Delay
    guardduty: Delay = _AT_ONCE
    guardduty_events: Delay = _AT_ONCE
    config_rules: Delay = _AT_ONCE
    access_analyzer: Delay = _AT_ONCE


INSTANT = Profile("instant", _AT_ONCE, _AT_ONCE, _AT_ONCE, _AT_ONCE)
"""Everything at once; log files are gathered for a second."""

REALISTIC = Profile(
    "realistic",
    event_history=Delay(
        900,
        "CloudTrail User Guide, How CloudTrail works (an older edition: within an average of about "
        "15 minutes of an API call); later editions give 5 minutes for logs, and none for event history",
    ),
    eventbridge=Delay(
        300,
        "AWS CloudTrail FAQs, How long does it take CloudTrail to deliver an event for an API call? "
        "(typically within 5 minutes); the EventBridge User Guide, AWS service events delivered via AWS "
        "CloudTrail, gives no figure of its own",
    ),
    log_files=Delay(
        300,
        "CloudTrail User Guide, Getting and viewing your CloudTrail log files (within an average of about "
        "5 minutes of an API call)",
    ),
    cloudwatch_logs=Delay(
        300,
        "CloudTrail User Guide, Working with CloudTrail log files, of buckets and log groups alike (within "
        "an average of about 5 minutes of an API call)",
    ),
    guardduty=Delay(
        300,
        "AWS CloudTrail FAQs, How long does it take CloudTrail to deliver an event for an API call? "
        "(typically within 5 minutes), as the nearest path; the GuardDuty User Guide gives no figure",
    ),
    guardduty_events=Delay(
        300,
        "GuardDuty User Guide, Monitoring Amazon GuardDuty Findings with Amazon CloudWatch Events (within 5 "
        "minutes of the finding)",
    ),
    config_rules=Delay(
        300,
        "AWS CloudTrail FAQs, How long does it take CloudTrail to deliver an event for an API call? "
        "(typically within 5 minutes), as the nearest path; the AWS Config Developer Guide gives no figure",
    ),
    access_analyzer=Delay(
        1800,
        "IAM User Guide, Working with findings (it may take up to 30 minutes after a policy is modified)",
    ),
)
"""The published figures, on the sandbox's clock: advance it, and minutes pass in no time."""

PROFILES: Mapping[str, Profile] = {profile.name: profile for profile in (INSTANT, REALISTIC)}
"""The profiles that `python -m chaoskit.sandbox --profile` knows."""
