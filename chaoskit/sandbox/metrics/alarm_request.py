"""PutMetricAlarm's request: what CloudWatch refuses of it, and how moto keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.metrics.evaluation import COMPARISONS
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

_MINUTE = 60
_HOUR = 3600
_DAY = 86_400
_SHORT_PERIODS = frozenset({10, 20, 30})
_STATISTICS = frozenset({"SampleCount", "Average", "Sum", "Minimum", "Maximum"})
_TREATMENTS = frozenset({"breaching", "notBreaching", "ignore", "missing"})


def check_alarm(params: Mapping[str, Any]) -> None:
    """Refuse what CloudWatch refuses (CloudWatch API Reference, PutMetricAlarm).

    Raises:
        ApiError: `ValidationError`.
    """

    def need(holds: object, message: str) -> None:
        if not holds:
            raise ApiError("ValidationError", message)

    periods = params.get("EvaluationPeriods") or 0
    need(params.get("AlarmName"), "AlarmName is required.")
    need(periods >= 1, "EvaluationPeriods must be at least 1.")
    need(
        1 <= (params.get("DatapointsToAlarm") or 1) <= periods,
        "DatapointsToAlarm must be from 1 to EvaluationPeriods.",
    )
    need(
        (params.get("TreatMissingData") or "missing") in _TREATMENTS,
        f"Option {params.get('TreatMissingData')} is not supported. Supported options for parameter "
        "TreatMissingData are breaching, notBreaching, ignore and missing.",
    )
    if params.get("Metrics"):
        return
    need(params.get("MetricName") and params.get("Namespace"), "MetricName and Namespace are required.")
    need(
        params.get("ComparisonOperator") in COMPARISONS,
        "ComparisonOperator must be one of " + ", ".join(sorted(COMPARISONS)) + ".",
    )
    need("Threshold" in params, "Threshold is required.")
    statistic, extended = params.get("Statistic"), str(params.get("ExtendedStatistic") or "")
    need(bool(statistic) != bool(extended), "Exactly one of Statistic and ExtendedStatistic is required.")
    need(
        statistic in _STATISTICS if statistic else is_statistic(extended) and extended not in _STATISTICS,
        f"The statistic {statistic or extended} is not supported.",
    )
    period = params.get("Period") or 0
    need(
        period in _SHORT_PERIODS or (period > 0 and period % _MINUTE == 0),
        "Period must be 10, 20, 30 or a multiple of 60.",
    )
    longest = _DAY if period < _HOUR else 7 * _DAY
    need(
        period * periods <= longest,
        f"Metrics cannot be checked across more than {longest // _DAY} days"
        f" (EvaluationPeriods * Period must be <= {longest}).",
    )


def is_statistic(text: str) -> bool:
    """Whether the sandbox computes a statistic: the five basic ones, and percentiles such as `p99.9`."""
    if text in _STATISTICS:
        return True
    digits = text[1:].replace(".", "", 1)
    return text.startswith("p") and digits.isdigit() and 0 <= float(text[1:]) <= 100  # noqa: PLR2004 - percent


def moto_alarm(params: Mapping[str, Any]) -> dict[str, Any]:
    """A PutMetricAlarm request as moto's backend takes it."""
    return {
        "name": params["AlarmName"],
        "namespace": params.get("Namespace"),
        "metric_name": params.get("MetricName"),
        "metric_data_queries": [_moto_query(one) for one in params.get("Metrics") or []] or None,
        "comparison_operator": params.get("ComparisonOperator"),
        "evaluation_periods": params.get("EvaluationPeriods"),
        "datapoints_to_alarm": params.get("DatapointsToAlarm"),
        "period": params.get("Period"),
        "threshold": params.get("Threshold"),
        "statistic": params.get("Statistic"),
        "extended_statistic": params.get("ExtendedStatistic"),
        "description": params.get("AlarmDescription"),
        "dimensions": params.get("Dimensions") or [],
        "alarm_actions": params.get("AlarmActions") or [],
        "ok_actions": params.get("OKActions") or [],
        "insufficient_data_actions": params.get("InsufficientDataActions") or [],
        "unit": params.get("Unit"),
        "actions_enabled": params.get("ActionsEnabled", True),
        "treat_missing_data": params.get("TreatMissingData"),
        "evaluate_low_sample_count_percentile": params.get("EvaluateLowSampleCountPercentile"),
        "threshold_metric_id": params.get("ThresholdMetricId"),
        "tags": params.get("Tags") or [],
    }


def _moto_query(query: Any) -> Any:
    from moto.cloudwatch.models import (  # noqa: PLC0415 - moto is slow to import
        Dimension,
        Metric,
        MetricDataQuery,
        MetricStat,
    )

    stat = None
    if query.get("MetricStat"):
        given = query["MetricStat"]
        dimensions = [Dimension(one["Name"], one["Value"]) for one in given["Metric"].get("Dimensions") or []]
        metric = Metric(given["Metric"]["MetricName"], given["Metric"]["Namespace"], dimensions)
        stat = MetricStat(metric, given["Period"], given["Stat"], given.get("Unit"))
    return MetricDataQuery(
        query["Id"],
        query.get("Label"),
        query.get("Period"),
        query.get("ReturnData"),
        query.get("Expression"),
        stat,
    )
