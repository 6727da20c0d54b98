"""Metric filters of CloudWatch Logs: kept by moto, applied to each batch of log events.

Source: CloudWatch Logs User Guide, "Filter pattern syntax for metric filters", and API Reference,
PutMetricFilter, TestMetricFilter, FilterLogEvents.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.detect.metric_filters import InvalidFilterPattern, number_of, text_of
from chaoskit.sandbox.metrics.log_groups import filter_pattern, log_group, page_start
from chaoskit.sandbox.metrics.log_writes import NEWEST, OLDEST
from chaoskit.sandbox.state import backends
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.detect.metric_filters import FilterPattern
    from chaoskit.sandbox.metrics.provider import CloudWatch
    from chaoskit.sandbox.wire import Answer, ApiCall

_FILTER_NAME = re.compile(r"[^:*]{1,512}")
_METRIC_NAME = re.compile(r"[^:*$]{1,255}")
_MOST_FILTERS = 100
_MOST_REGEX_FILTERS = 5
_MOST_DIMENSIONS = 3
_MOST_MESSAGES = 50
_PAGE = 50
_MINUTE = 60


class LogFilters:
    """The metric filter operations of CloudWatch Logs, and an observer that applies the filters."""

    service = "logs"

    def __init__(self, cloud: Sandbox, cloudwatch: CloudWatch) -> None:
        self._cloud = cloud
        self._cloudwatch = cloudwatch

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "PutMetricFilter": self._put,
            "DescribeMetricFilters": self._describe,
            "DeleteMetricFilter": self._delete,
            "TestMetricFilter": self._test,
        }

    def __call__(self, call: ApiCall, answer: Answer) -> None:
        """Apply the metric filters of a log group to what was just written to it."""
        if call.service != "logs" or call.operation != "PutLogEvents" or answer.error is not None:
            return
        name = call.params["logGroupName"]
        with self._cloud.lock:
            filters = [one for one in self._kept(call) if one["logGroupName"] == name]
        if not filters:
            return
        now = self._cloud.now()
        low, high = (now - OLDEST).timestamp() * 1000, (now + NEWEST).timestamp() * 1000
        events = [one for one in call.params["logEvents"] if low <= one["timestamp"] <= high]
        for one in filters:
            pattern = filter_pattern(one["filterPattern"])
            for transformation in one["metricTransformations"]:
                data = list(_data(pattern, transformation, events))
                if data:
                    namespace = transformation["metricNamespace"]
                    self._cloudwatch.record(call.account, call.region, namespace, data)

    def _kept(self, call: ApiCall) -> list[dict[str, Any]]:
        kept: list[dict[str, Any]] = backends("logs")[call.account][call.region].filters.metric_filters
        return kept

    def _put(self, call: ApiCall) -> Mapping[str, Any]:
        params = call.params
        name, group = str(params.get("filterName", "")), str(params.get("logGroupName", ""))
        if not _FILTER_NAME.fullmatch(name):
            raise _invalid("filterName has 1 to 512 characters, none of them : or *.")
        pattern = filter_pattern(str(params.get("filterPattern", "")))
        transformations = params.get("metricTransformations") or []
        if len(transformations) != 1:
            raise _invalid("A metric filter has exactly one metric transformation.")
        _check(transformations[0], pattern)
        with self._cloud.lock:
            log_group(call.account, call.region, group)
            kept = self._kept(call)
            others = [one for one in kept if one["logGroupName"] == group and one["filterName"] != name]
            _check_limits(others, pattern)
            kept[:] = [one for one in kept if one["logGroupName"] != group or one["filterName"] != name]
            kept.append(
                {
                    "filterName": name,
                    "filterPattern": str(params.get("filterPattern", "")),
                    "logGroupName": group,
                    "metricTransformations": transformations,
                    "creationTime": int(self._cloud.now().timestamp() * 1000),
                    "applyOnTransformedLogs": bool(params.get("applyOnTransformedLogs")),
                }
            )
        return {}

    def _describe(self, call: ApiCall) -> Mapping[str, Any]:
        params = call.params
        group, prefix = params.get("logGroupName"), str(params.get("filterNamePrefix") or "")
        metric = (str(params.get("metricName") or ""), str(params.get("metricNamespace") or ""))
        if any(metric) and not all(metric):
            raise _invalid("metricName and metricNamespace must be given together.")
        with self._cloud.lock:
            if group:
                log_group(call.account, call.region, group)
            found = [
                one
                for one in self._kept(call)
                if one["logGroupName"] == (group or one["logGroupName"])
                and one["filterName"].startswith(prefix)
                and (not any(metric) or metric in map(_metric, one["metricTransformations"]))
            ]
        found.sort(key=lambda one: (one["logGroupName"], one["filterName"]))
        start = page_start(params.get("nextToken"))
        end = start + int(params.get("limit") or _PAGE)
        answer: dict[str, Any] = {"metricFilters": found[start:end]}
        return {**answer, "nextToken": str(end)} if end < len(found) else answer

    def _delete(self, call: ApiCall) -> Mapping[str, Any]:
        name, group = call.params.get("filterName"), str(call.params.get("logGroupName", ""))
        with self._cloud.lock:
            log_group(call.account, call.region, group)
            kept = self._kept(call)
            left = [one for one in kept if one["logGroupName"] != group or one["filterName"] != name]
            if len(left) == len(kept):
                raise ApiError("ResourceNotFoundException", "The specified metric filter does not exist.")
            kept[:] = left
        return {}

    def _test(self, call: ApiCall) -> Mapping[str, Any]:
        pattern = filter_pattern(str(call.params.get("filterPattern", "")))
        messages = call.params.get("logEventMessages") or []
        if not 1 <= len(messages) <= _MOST_MESSAGES:
            raise _invalid(f"1 to {_MOST_MESSAGES} log event messages can be tested.")
        return {
            "matches": [
                {"eventNumber": number, "eventMessage": message, "extractedValues": pattern.extract(message)}
                for number, message in enumerate(messages, 1)
                if pattern.matches(message)
            ]
        }


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterException", message)


def _metric(transformation: Mapping[str, Any]) -> tuple[str, str]:
    return transformation["metricName"], transformation["metricNamespace"]


def _check(transformation: Mapping[str, Any], pattern: FilterPattern) -> None:
    """Refuse a metric transformation that PutMetricFilter refuses."""
    for name in ("metricName", "metricNamespace"):
        if not _METRIC_NAME.fullmatch(str(transformation.get(name, ""))):
            raise _invalid(f"{name} has 1 to 255 characters, none of them :, * or $.")
    value = str(transformation.get("metricValue", ""))
    if value.startswith("$"):
        _check_reference(value, pattern)
    elif number_of(value) is None:
        raise _invalid(f"Invalid metric transformation: metricValue '{value}' is no number and no field.")
    _check_dimensions(transformation, pattern)


def _check_dimensions(transformation: Mapping[str, Any], pattern: FilterPattern) -> None:
    dimensions = transformation.get("dimensions") or {}
    if dimensions and not pattern.structured:
        raise _invalid("The specified filter pattern does not support dimensions")
    if dimensions and "defaultValue" in transformation:
        raise _invalid(
            "Invalid metric transformation: dimensions and default value are mutually exclusive properties."
        )
    if len(dimensions) > _MOST_DIMENSIONS:
        raise _invalid(f"A metric filter has at most {_MOST_DIMENSIONS} dimensions.")
    for reference in dimensions.values():
        _check_reference(str(reference), pattern)


def _check_reference(reference: str, pattern: FilterPattern) -> None:
    if not reference.startswith("$"):
        raise _invalid(f"Invalid metric transformation: '{reference}' is no field; it must begin with $.")
    if not pattern.structured:
        raise _invalid("Invalid metric transformation: the filter pattern has no fields.")
    try:
        pattern.value("", reference)
    except InvalidFilterPattern as refused:
        raise _invalid(f"Invalid metric transformation: {refused}") from None


def _check_limits(others: list[dict[str, Any]], pattern: FilterPattern) -> None:
    with_regexes = sum(bool(filter_pattern(one["filterPattern"]).regexes) for one in others)
    if len(others) >= _MOST_FILTERS or (pattern.regexes and with_regexes >= _MOST_REGEX_FILTERS):
        raise ApiError("LimitExceededException", "Resource limit exceeded.")


def _data(
    pattern: FilterPattern, transformation: Mapping[str, Any], events: Iterable[Mapping[str, Any]]
) -> Iterable[dict[str, Any]]:
    """The metric data of a batch; the default value for each minute in which nothing matched."""
    minutes: dict[int, bool] = {}
    for event in events:
        minute = event["timestamp"] // 1000 // _MINUTE * _MINUTE
        matched = pattern.matches(event["message"])
        minutes[minute] = minutes.get(minute, False) or matched
        if matched:
            value = _value(pattern, event["message"], str(transformation["metricValue"]))
            dimensions = _dimensions(pattern, event["message"], transformation.get("dimensions") or {})
            if value is not None and dimensions is not None:
                yield _datum(transformation, minute, value, dimensions)
    if "defaultValue" in transformation:
        for minute, matched in minutes.items():
            if not matched:
                yield _datum(transformation, minute, float(transformation["defaultValue"]), [])


def _value(pattern: FilterPattern, message: str, wanted: str) -> float | None:
    value = number_of(pattern.value(message, wanted) if wanted.startswith("$") else wanted)
    return value if value is not None and math.isfinite(value) else None


def _dimensions(
    pattern: FilterPattern, message: str, wanted: Mapping[str, str]
) -> list[dict[str, str]] | None:
    """The dimensions' values; None when the event lacks one of them, so that nothing is published."""
    found = {name: pattern.value(message, reference) for name, reference in wanted.items()}
    if None in found.values():
        return None
    return [{"Name": name, "Value": text_of(value)} for name, value in found.items()]


def _datum(
    transformation: Mapping[str, Any], minute: int, value: float, dimensions: list[dict[str, str]]
) -> dict[str, Any]:
    return {
        "MetricName": transformation["metricName"],
        "Timestamp": datetime.fromtimestamp(minute, UTC),
        "Value": value,
        "Unit": transformation.get("unit") or "None",
        "Dimensions": dimensions,
    }
