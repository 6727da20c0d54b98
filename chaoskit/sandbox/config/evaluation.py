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

from chaoskit.sandbox.config.custom import Custom, ask, new_token, notices, period
from chaoskit.sandbox.config.resources import resources
from chaoskit.sandbox.config.rule import Compliance, Result, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.config.managed import Managed
    from chaoskit.sandbox.config.rule import Key, Region, Rule

    PutEvent = Callable[[tuple[str, str, str], Mapping[str, Any]], None]

_FREQUENCIES = {
    "One_Hour": timedelta(hours=1),
    "Three_Hours": timedelta(hours=3),
    "Six_Hours": timedelta(hours=6),
    "Twelve_Hours": timedelta(hours=12),
    "TwentyFour_Hours": timedelta(hours=24),
}

_MOST_TOKENS = 1000


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

    def order(self, region: Region, rule: Rule, about: AbstractSet[Key] | None = None) -> None:
        """Evaluate a rule soon; what is ordered and has not begun is not ordered again.

        Args:
            region: Where the rule is.
            rule: The rule.
            about: The resources that a custom rule is asked about; None for all. A managed rule looks at all.
        """
        with self._lock:
            rule.due.update(about or ())
            rule.whole = rule.whole or about is None
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
        told = rule.source.frequency if isinstance(rule.source, Custom) else ""
        frequency = _FREQUENCIES[told or rule.given.get("MaximumExecutionFrequency") or "TwentyFour_Hours"]

        def again(due: datetime) -> None:
            if region.rules.get(rule.name) is rule:
                self.order(region, rule)
                self._cloud.agenda.at(due + frequency, again)

        self._cloud.agenda.at(self._cloud.now() + frequency, again)

    def _evaluate(self, region: Region, rule: Rule) -> None:
        with self._lock:
            rule.pending = False
            about, rule.due = rule.due, set()
            whole, rule.whole = rule.whole, False
        if region.rules.get(rule.name) is not rule or not may_evaluate(region, rule):
            return
        if isinstance(rule.source, Custom):
            self._ask(region, rule, rule.source, None if whole else about)
            return
        with self._evaluating:
            with self._cloud.lock:
                # The time is taken with the state, so that a result is never newer than what it rests on.
                now = self._cloud.now()
                results = self._results(region, rule, rule.source, now)
            before, rule.results, rule.evaluated = rule.results, results, now
        self._tell(region, rule, before, results)

    def record(self, region: Region, rule: Rule, said: Iterable[Result]) -> None:
        """Take what a custom rule's function says; what is older than what is known is dropped."""
        with self._evaluating:
            before = dict(rule.results)
            for result in said:
                known = rule.results.get(result.key)
                if known is not None and (known.ordered or known.at) > (result.ordered or result.at):
                    continue
                if result.compliance is Compliance.NOT_APPLICABLE:
                    rule.results.pop(result.key, None)
                else:
                    rule.results[result.key] = result
            rule.evaluated = self._cloud.now()
            after = dict(rule.results)
        self._tell(region, rule, before, after)

    def _ask(self, region: Region, rule: Rule, source: Custom, about: AbstractSet[Key] | None) -> None:
        """Invoke a custom rule's function: for each resource, and, when all is asked for, for the period."""
        with self._cloud.lock:
            now = self._cloud.now()
            there = {
                (found.type, found.id): found
                for kind in source.resource_types
                if region.recorder is not None and region.recorder.records(kind)
                for found in resources(region.place, kind)
                if rule.in_scope(found.type, found.id)
            }
            told: list[dict[str, Any]] = []
            if source.on_change and region.recording:
                gone = [key for key in rule.results if key[0] in source.resource_types and key not in there]
                wanted = there.keys() if about is None else about & there.keys()
                told += notices(region, there, [*sorted(wanted), *gone], now)
            if source.periodic and about is None:
                told.append(period(region, now))
        for notice in told:
            token = new_token()
            with self._lock:
                rule.tokens[token] = now
                # A function that never answers must not make its rule grow.
                for old in list(rule.tokens)[:-_MOST_TOKENS]:
                    del rule.tokens[old]
            ask(self._cloud, region, rule, notice, token)

    def _results(self, region: Region, rule: Rule, source: Managed, now: datetime) -> dict[Key, Result]:
        made = {}
        for found in resources(region.place, source.resource_type):
            if not rule.in_scope(found.type, found.id):
                continue
            wrong = source.check(found, rule.parameters)
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
    if rule.source.periodic:
        return True
    recorder = region.recorder
    if recorder is None or not recorder.recording:
        return False
    # A custom rule's types are looked at one by one when its function is asked.
    return isinstance(rule.source, Custom) or recorder.records(rule.source.resource_type)


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
