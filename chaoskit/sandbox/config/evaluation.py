"""When rules are evaluated, and what is told of a change of compliance.

Source: AWS Config Developer Guide, "Evaluation Mode and Trigger Types for AWS Config Rules" (change-triggered
rules rest while the recorder is off, periodic ones go on) and "Example Compliance Change Notification".
"""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.config.resources import resources
from chaoskit.sandbox.config.rule import Compliance, Result, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.config.rule import Key, Region, Rule

    PutEvent = Callable[[tuple[str, str, str], Mapping[str, Any]], None]

_FREQUENCIES = {
    "One_Hour": timedelta(hours=1),
    "Three_Hours": timedelta(hours=3),
    "Six_Hours": timedelta(hours=6),
    "Twelve_Hours": timedelta(hours=12),
    "TwentyFour_Hours": timedelta(hours=24),
}


class Evaluator:
    """Evaluates rules in the background and puts what changes on the event bus.

    Args:
        cloud: The sandbox.
        put_event: Puts an event on a bus, named by account, region and name.
    """

    def __init__(self, cloud: Sandbox, put_event: PutEvent) -> None:
        self._cloud = cloud
        self._put_event = put_event
        self._lock = threading.Lock()
        self._evaluating = threading.Lock()

    def order(self, region: Region, rule: Rule) -> None:
        """Evaluate a rule soon; what is ordered and has not begun is not ordered again."""
        with self._lock:
            if rule.pending:
                return
            rule.pending = True
        work = partial(self._evaluate, region, rule)
        delay = self._cloud.profile.config_rules.time
        if delay:
            self._cloud.agenda.at(self._cloud.now() + delay, lambda _: self._cloud.spawn(work))
        else:
            self._cloud.spawn(work)

    def repeat(self, region: Region, rule: Rule) -> None:
        """Evaluate a rule at its frequency for as long as it is there."""
        frequency = _FREQUENCIES[rule.given.get("MaximumExecutionFrequency") or "TwentyFour_Hours"]

        def again(due: datetime) -> None:
            if region.rules.get(rule.name) is rule:
                self.order(region, rule)
                self._cloud.agenda.at(due + frequency, again)

        self._cloud.agenda.at(self._cloud.now() + frequency, again)

    def _evaluate(self, region: Region, rule: Rule) -> None:
        with self._lock:
            rule.pending = False
        with self._evaluating:
            if region.rules.get(rule.name) is not rule or not may_evaluate(region, rule):
                return
            with self._cloud.lock:
                # The time is taken with the state, so that a result is never newer than what it rests on.
                now = self._cloud.now()
                results = self._results(region, rule, now)
            before, rule.results, rule.evaluated = rule.results, results, now
        self._tell(region, rule, before, results)

    def _results(self, region: Region, rule: Rule, now: datetime) -> dict[Key, Result]:
        made = {}
        for found in resources(region.place, rule.managed.resource_type):
            if not rule.in_scope(found.type, found.id):
                continue
            wrong = rule.managed.check(found, rule.parameters)
            if wrong is not None:
                said = Compliance.NON_COMPLIANT if wrong else Compliance.COMPLIANT
                made[found.type, found.id] = Result(found.type, found.id, said, now, wrong)
        return made

    def _tell(
        self, region: Region, rule: Rule, before: Mapping[Key, Result], after: Mapping[Key, Result]
    ) -> None:
        for key in {**before, **after}:
            old, new = before.get(key), after.get(key)
            if new is None:
                new = Result(*key, Compliance.NOT_APPLICABLE, self._cloud.now())
            if old is None or old.compliance is not new.compliance:
                self._put_event((*region.place, "default"), _event(region, rule, old, new, self._cloud.now()))


def may_evaluate(region: Region, rule: Rule) -> bool:
    """Whether a rule is evaluated at all now: what only follows changes needs a recorder that sees them."""
    if rule.managed.periodic:
        return True
    recorder = region.recorder
    return recorder is not None and recorder.recording and recorder.records(rule.managed.resource_type)


def _event(region: Region, rule: Rule, old: Result | None, new: Result, now: datetime) -> dict[str, Any]:
    """As AWS Config sends a "Config Rules Compliance Change" to EventBridge."""
    account, name = region.place
    detail: dict[str, Any] = {
        "resourceId": new.resource_id,
        "awsRegion": name,
        "awsAccountId": account,
        "configRuleName": rule.name,
        "recordVersion": "1.0",
        "configRuleARN": rule.arn,
        "messageType": "ComplianceChangeNotification",
        "newEvaluationResult": new.told(rule.name),
        "notificationCreationTime": moment(now),
        "resourceType": new.resource_type,
    }
    if old is not None:
        detail["oldEvaluationResult"] = old.told(rule.name)
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Config Rules Compliance Change",
        "source": "aws.config",
        "account": account,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": name,
        "resources": [],
        "detail": detail,
    }
