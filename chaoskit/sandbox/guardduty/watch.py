"""GuardDuty's watch over CloudTrail events: from an event to a finding, and from a finding to EventBridge.

It has a stream of its own: management events and S3 data events reach it though no trail logs them
(GuardDuty User Guide, "GuardDuty foundational data sources" and "GuardDuty S3 Protection").
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.guardduty import findings
from chaoskit.sandbox.guardduty.criteria import selects
from chaoskit.sandbox.guardduty.detectors import FREQUENCIES, Issue
from chaoskit.sandbox.guardduty.passwords import PasswordPolicies
from chaoskit.sandbox.guardduty.rules import Surroundings, suspicions
from chaoskit.sandbox.state import backends
from chaoskit.sandbox.state import bucket as moto_bucket
from chaoskit.sandbox.trail.names import GLOBAL_SERVICES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.guardduty.detectors import Detector
    from chaoskit.sandbox.guardduty.rules import Suspicion
    from chaoskit.sandbox.profile import Delay
    from chaoskit.sandbox.trail import Recorded

    Put = Callable[[tuple[str, str, str], Mapping[str, Any]], None]


class Watch:
    """Holds the detectors of all accounts and looks at every recorded call.

    Attributes:
        detectors: By id.
        lock: Hold it to read or change a detector; never while calling another service.
    """

    def __init__(self, cloud: Sandbox, put: Put) -> None:
        self.detectors: dict[str, Detector] = {}
        self.lock = threading.RLock()
        self._cloud = cloud
        self._put = put
        self._passwords = PasswordPolicies()

    def __call__(self, event: Recorded) -> None:
        """Look at an event; what it gives rise to is found when the profile's delay has passed."""
        record = event.record
        weaker = _once(partial(self._passwords.weakened, record))
        if record["eventName"].endswith("AccountPasswordPolicy") and not record.get("errorCode"):
            weaker()
        for detector in self._listening(event):
            address = str(record["sourceIPAddress"])
            with self.lock:
                if detector.trusts(address):
                    continue
                threat = detector.threat(address)
            around = Surroundings(self._acl_grantees, self._trail_of_bucket, lambda _: weaker(), threat)
            for suspicion in suspicions(record, around):
                self._after(
                    self._cloud.profile.guardduty,
                    event.at,
                    partial(self._found, detector, suspicion, record),
                )

    def publish(self, detector: Detector, issue: Issue) -> None:
        """Tell EventBridge of a finding: a new one soon, news of a known one at the detector's pace.

        Archived findings are not published (User Guide, "Suppression rules in GuardDuty").
        """
        with self.lock:
            if issue.due or issue.archived:
                return
            issue.due = True
            before = issue.published
        now = self._cloud.now()
        if before is None:
            self._after(self._cloud.profile.guardduty_events, now, partial(self._send, detector, issue))
        else:
            pause = FREQUENCIES[detector.frequency]
            self._cloud.agenda.at(before + pause, partial(self._send, detector, issue))

    def _listening(self, event: Recorded) -> list[Detector]:
        record = event.record
        if not self.detectors or record["userIdentity"].get("type") == "AWSService":
            return []
        source = str(record["eventSource"]).partition(".")[0]
        data = not record["managementEvent"]
        # Unsigned requests to S3 are not looked at (User Guide, "GuardDuty S3 Protection").
        if data and (source != "s3" or not record["userIdentity"].get("principalId")):
            return []
        with self.lock:
            return [
                one
                for one in self.detectors.values()
                if one.enabled
                and one.account == event.account
                and (one.region == event.region or source in GLOBAL_SERVICES)
                and (one.s3_protection or not data)
            ]

    def _found(
        self, detector: Detector, suspicion: Suspicion, record: Mapping[str, Any], now: datetime
    ) -> None:
        with self.lock:
            if not detector.enabled or detector.id not in self.detectors:
                return
            key = findings.key(suspicion, record)
            issue = detector.issues.get(detector.known.get(key, ""))
            if issue is None or issue.archived:
                issue = Issue(findings.made(suspicion, record, detector, now))
                issue.finding["Service"]["Archived"] = _suppressed(detector, issue.finding)
                detector.issues[issue.finding["Id"]] = issue
                detector.known[key] = issue.finding["Id"]
            else:
                findings.added(issue.finding, suspicion, record, now)
        self.publish(detector, issue)

    def _send(self, detector: Detector, issue: Issue, now: datetime) -> None:
        with self.lock:
            issue.due = False
            if issue.archived or detector.id not in self.detectors:
                return
            issue.published = now
            event = findings.event(issue.finding, now)
        self._put((detector.account, detector.region, "default"), event)

    def _after(self, delay: Delay, at: datetime, work: Callable[[datetime], None]) -> None:
        """Do `work` so much later than `at`; it is told the time it is done."""
        if delay.seconds:
            self._cloud.agenda.at(at + delay.time, work)
        else:
            work(self._cloud.now())

    def _acl_grantees(self, bucket: str) -> frozenset[str]:
        with self._cloud.lock:
            _, found = moto_bucket(bucket)
            grants = found.acl.grants if found is not None and found.acl is not None else ()
            return frozenset(each.uri for grant in grants for each in grant.grantees if each.uri)

    def _trail_of_bucket(self, bucket: str) -> str:
        with self._cloud.lock:
            trails = [
                trail
                for account in backends("cloudtrail").values()
                for region in account.values()
                for trail in region.trails.values()
            ]
            return next((str(each.arn) for each in trails if each.bucket_name == bucket), "")


def _suppressed(detector: Detector, finding: Mapping[str, Any]) -> bool:
    return any(
        each.action == "ARCHIVE" and selects(each.criteria, finding) for each in detector.filters.values()
    )


def _once(ask: Callable[[], bool]) -> Callable[[], bool]:
    """Ask once, however often the answer is wanted."""
    answers: list[bool] = []

    def answer() -> bool:
        if not answers:
            answers.append(ask())
        return answers[0]

    return answer
