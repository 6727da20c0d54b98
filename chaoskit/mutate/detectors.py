"""Finds what detects and responds: rules, alarms, filters, Config, findings, and what they start."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.mutate.control import Control, names_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from chaoskit.aws import Reader

_BLIND: Final = json.dumps({"source": ["chaoskit.nobody"]})
_NOBODY: Final = "chaoskit-nobody"
_NEVER: Final = 1e300
_ALARM: Final = (
    "AlarmName", "AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions",
    "MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit", "Threshold",
    "EvaluationPeriods", "DatapointsToAlarm", "ComparisonOperator", "TreatMissingData",
    "EvaluateLowSampleCountPercentile", "Metrics",
)  # fmt: skip
"""What PutMetricAlarm takes of what DescribeAlarms tells."""


_FILTER: Final = (
    "logGroupName", "filterName", "filterPattern", "metricTransformations", "applyOnTransformedLogs",
    "fieldSelectionCriteria", "emitSystemFieldDimensions",
)  # fmt: skip
"""What PutMetricFilter takes of what DescribeMetricFilters tells."""
_UNHEARD: Final = f'"{_NOBODY}"'
_RUNBOOKS: Final = Query(
    "ssm",
    "ListDocuments",
    {"Filters": [{"Key": "Owner", "Values": ["Self"]}, {"Key": "DocumentType", "Values": ["Automation"]}]},
    "sort(DocumentIdentifiers[].Name)",
)


def event_rules(aws: Reader) -> Iterator[Control]:
    """Each EventBridge rule that matches events, made blind: its pattern matches none."""
    topics = _subscriptions(aws)
    for bus in aws.read(Query("events", "ListEventBuses", {}, "EventBuses[].Name")) or ():
        where = {"EventBusName": bus}
        rules = aws.read(Query("events", "ListRules", where, "Rules")) or ()
        for rule in rules:
            pattern = rule.get("EventPattern")
            if not pattern or not rule["State"].startswith("ENABLED") or rule.get("ManagedBy"):
                continue
            targets = aws.read(
                Query("events", "ListTargetsByRule", {"Rule": rule["Name"], **where}, "Targets[].Arn")
            )
            same = {
                name: rule[name]
                for name in ("Name", "Description", "State", "EventBusName", "RoleArn")
                if rule.get(name)
            }
            yield Control(
                "event-rule",
                rule["Name"],
                (Call("events", "PutRule", **same, EventPattern=_BLIND),),
                (Call("events", "PutRule", **same, EventPattern=pattern),),
                words=frozenset({rule["Name"], rule["Arn"]}),
                feeds=_told(targets or (), topics),
                listens=json.dumps(json.loads(pattern)),
            )


def responders(aws: Reader) -> Iterator[Control]:
    """Each runbook, and each state machine and function that a rule, an alarm or a topic starts, deleted."""
    arns = aws.read(Query("events", "ListRules", {}, "Rules[].Name")) or ()
    started: dict[str, None] = {}
    for name in arns:
        found = aws.read(Query("events", "ListTargetsByRule", {"Rule": name}, "Targets[].Arn"))
        started |= dict.fromkeys(found or ())
    for alarm in aws.read(Query("cloudwatch", "DescribeAlarms", {}, "MetricAlarms[].AlarmActions[]")) or ():
        started[alarm] = None
    for endpoints in _subscriptions(aws).values():
        started |= dict.fromkeys(endpoints)
    found = {each.id: each for each in map(_responder, started) if each}
    # What starts a runbook may be code, as the data layer's detector, and then nothing tells of it.
    for name in aws.read(_RUNBOOKS) or ():
        found.setdefault(f"responder:{name}", _runbook(name, frozenset({name})))
    for control in found.values():
        yield replace(control, feeds=_named_in(control, aws))


def alarms(aws: Reader) -> Iterator[Control]:
    """Each metric alarm, made blind: its threshold is never crossed."""
    topics = _subscriptions(aws)
    for alarm in aws.read(Query("cloudwatch", "DescribeAlarms", {}, "MetricAlarms")) or ():
        if alarm.get("Threshold") is None:
            continue
        same = {name: alarm[name] for name in _ALARM if alarm.get(name) not in (None, [], "")}
        never = -_NEVER if alarm["ComparisonOperator"].startswith("LessThan") else _NEVER
        blind = same | {"Threshold": never, "TreatMissingData": "notBreaching"}
        yield Control(
            "alarm",
            alarm["AlarmName"],
            (Call("cloudwatch", "PutMetricAlarm", **blind),),
            (Call("cloudwatch", "PutMetricAlarm", **same),),
            words=frozenset({alarm["AlarmName"], alarm["AlarmArn"]}),
            feeds=_told(alarm.get("AlarmActions") or (), topics),
        )


def metric_filters(aws: Reader) -> Iterator[Control]:
    """Each metric filter of a log group, made blind: its pattern matches no line."""
    alarms = aws.read(Query("cloudwatch", "DescribeAlarms", {}, "MetricAlarms")) or ()
    for found in aws.read(Query("logs", "DescribeMetricFilters", {}, "metricFilters")) or ():
        made = [(each["metricNamespace"], each["metricName"]) for each in found["metricTransformations"]]
        same = {name: found[name] for name in _FILTER if found.get(name) is not None}
        yield Control(
            "metric-filter",
            f"{found['logGroupName']}/{found['filterName']}",
            (Call("logs", "PutMetricFilter", **{**same, "filterPattern": _UNHEARD}),),
            (Call("logs", "PutMetricFilter", **same),),
            words=frozenset({found["filterName"]}),
            feeds=frozenset(
                alarm["AlarmName"]
                for alarm in alarms
                if (alarm.get("Namespace"), alarm.get("MetricName")) in made
            ),
        )


def config_rules(aws: Reader) -> Iterator[Control]:
    """Each Config rule, made blind: it looks at a resource that does not exist."""
    for rule in aws.read(Query("config", "DescribeConfigRules", {}, "ConfigRules")) or ():
        if rule.get("CreatedBy"):  # a service's own
            continue
        read_only = ("ConfigRuleArn", "ConfigRuleId", "ConfigRuleState")
        same = {name: value for name, value in rule.items() if name not in read_only}
        types = (rule.get("Scope") or {}).get("ComplianceResourceTypes") or ["AWS::S3::Bucket"]
        blind = same | {"Scope": {"ComplianceResourceTypes": types[:1], "ComplianceResourceId": _NOBODY}}
        yield Control(
            "config-rule",
            rule["ConfigRuleName"],
            (Call("config", "PutConfigRule", ConfigRule=blind),),
            (Call("config", "PutConfigRule", ConfigRule=same),),
            words=frozenset({rule["ConfigRuleName"]}),
        )


def guardduty(aws: Reader) -> Iterator[Control]:
    """Each GuardDuty detector that is on, switched off."""
    for number, detector in enumerate(
        aws.read(Query("guardduty", "ListDetectors", {}, "DetectorIds")) or (), 1
    ):
        status = aws.read(Query("guardduty", "GetDetector", {"DetectorId": detector}, "Status"))
        if status == "ENABLED":
            yield Control(
                "guardduty",
                f"detector-{number}",
                (Call("guardduty", "UpdateDetector", DetectorId=detector, Enable=False),),
                (Call("guardduty", "UpdateDetector", DetectorId=detector, Enable=True),),
                words=frozenset({detector, "guardduty.finding", "aws.guardduty"}),
            )


def analyzers(aws: Reader) -> Iterator[Control]:
    """Each analyzer of Access Analyzer, made blind: a rule archives whatever it finds."""
    for analyzer in aws.read(Query("accessanalyzer", "ListAnalyzers", {}, "analyzers")) or ():
        name = analyzer["name"]
        where: dict[str, Any] = {"analyzerName": name, "ruleName": _NOBODY}
        every = {"status": {"eq": ["ACTIVE"]}}
        yield Control(
            "access-analyzer",
            name,
            (Call("accessanalyzer", "CreateArchiveRule", **where, filter=every),),
            (Call("accessanalyzer", "DeleteArchiveRule", **where),),
            words=frozenset({name, analyzer["arn"], "access-analyzer.finding", "aws.access-analyzer"}),
        )


def _responder(arn: str) -> Control | None:
    """What a target's ARN starts, or None when it only carries events on."""
    match arn.split(":"):
        case [_, _, "ssm", _, _, document, *_] if document.startswith("automation-definition/"):
            name = document.partition("/")[2]
            return _runbook(name, frozenset({name, arn}))
        case [_, _, "states", _, _, "stateMachine", name, *_]:
            away = Call("stepfunctions", "DeleteStateMachine", stateMachineArn=arn)
        case [_, _, "lambda", _, _, "function", name, *_]:
            away = Call("lambda", "DeleteFunction", FunctionName=name)
        case _:
            return None
    return Control("responder", name, (away,), words=frozenset({name, arn}))


def _runbook(name: str, words: frozenset[str]) -> Control:
    return Control("responder", name, (Call("ssm", "DeleteDocument", Name=name),), words=words)


def _named_in(control: Control, aws: Reader) -> frozenset[str]:
    """What a function is told of in its environment: the queues that it may write to, for one."""
    if control.away[0].service != "lambda":
        return frozenset()
    where = {"FunctionName": control.name}
    gone = ("ResourceNotFoundException",)
    said = Query("lambda", "GetFunctionConfiguration", where, "values(Environment.Variables || `{}`)", gone)
    return frozenset(aws.read(said) or ())


def _subscriptions(aws: Reader) -> Mapping[str, list[str]]:
    """The endpoints of each SNS topic."""
    found: dict[str, list[str]] = {}
    listed = Query("sns", "ListSubscriptions", {}, "Subscriptions[].[TopicArn, Endpoint]")
    for topic, endpoint in aws.read(listed) or ():
        found.setdefault(topic, []).append(endpoint)
    return found


def _told(arns: Iterable[str], topics: Mapping[str, list[str]]) -> frozenset[str]:
    """The names of all that hears of it, through topics too."""
    every = [arn for each in arns for arn in (each, *topics.get(each, ()))]
    return frozenset[str]().union(*(names_in(arn) for arn in every))
