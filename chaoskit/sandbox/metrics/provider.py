"""The operations of CloudWatch's API that make alarms ring; the rest of it is moto's."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.metrics.alarm_request import check_alarm, moto_alarm
from chaoskit.sandbox.metrics.alarms import set_state, state_of
from chaoskit.sandbox.metrics.evaluation import State
from chaoskit.sandbox.metrics.notices import AlarmState
from chaoskit.sandbox.moto_errors import moto_errors
from chaoskit.sandbox.state import backends
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.metrics.alarms import Alarms, HistoryItem
    from chaoskit.sandbox.wire import ApiCall

_INITIAL = "Unchecked: Initial alarm creation"
_PAGE = 100


class CloudWatch:
    """Puts metric data and alarms, and has alarms evaluated."""

    service = "cloudwatch"

    def __init__(self, cloud: Sandbox, alarms: Alarms) -> None:
        self._cloud = cloud
        self._alarms = alarms

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "PutMetricData": self._put_metric_data,
            "PutMetricAlarm": self._put_metric_alarm,
            "SetAlarmState": self._set_alarm_state,
            "DescribeAlarmHistory": self._describe_alarm_history,
        }

    def record(self, account: str, region: str, namespace: str, data: Iterable[Mapping[str, Any]]) -> None:
        """Store metric data, `PutMetricData`'s `MetricData`, and evaluate the alarms there.

        Raises:
            ApiError: The data is not valid.
        """
        now = self._cloud.now()
        with self._cloud.lock, moto_errors():
            backends("cloudwatch")[account][region].put_metric_data(
                namespace, [{**one, "Timestamp": _naive(one.get("Timestamp") or now)} for one in data]
            )
        self._alarms.evaluate((account, region))

    def _put_metric_data(self, call: ApiCall) -> Mapping[str, Any]:
        namespace = str(call.params.get("Namespace", ""))
        if namespace.startswith("AWS/"):
            raise ApiError(
                "InvalidParameterValue", f"The value {namespace} for parameter Namespace is invalid."
            )
        self.record(call.account, call.region, namespace, call.params.get("MetricData") or [])
        return {}

    def _put_metric_alarm(self, call: ApiCall) -> Mapping[str, Any]:
        params = call.params
        check_alarm(params)
        place, now = (call.account, call.region), self._cloud.now()
        with self._cloud.lock, moto_errors():
            backend = backends("cloudwatch")[call.account][call.region]
            before = backend.alarms.get(params["AlarmName"])
            alarm = backend.put_metric_alarm(**moto_alarm(params))
            alarm.configuration_updated_timestamp = now
            # An update leaves the state as it was.
            set_state(
                alarm, state_of(before) if before else AlarmState(State.INSUFFICIENT_DATA, _INITIAL, "", now)
            )
            verb = "updated" if before else "created"
            data = {"version": "1.0", "type": "Update" if before else "Create"}
            self._alarms.note(place, alarm.name, "ConfigurationUpdate", f'Alarm "{alarm.name}" {verb}', data)
        self._alarms.watch(place)
        self._alarms.evaluate(place)
        return {}

    def _set_alarm_state(self, call: ApiCall) -> Mapping[str, Any]:
        """Until the next evaluation, which judges the data again."""
        params = call.params
        name, value = params.get("AlarmName", ""), str(params.get("StateValue", ""))
        if value not in set(State):
            raise ApiError(
                "ValidationError",
                f"1 validation error detected: Value '{value}' at 'stateValue' failed to satisfy constraint: "
                "Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]",
            )
        reason_data = str(params.get("StateReasonData") or "")
        try:
            json.loads(reason_data or "{}")
        except ValueError:
            raise ApiError("InvalidFormat", "StateReasonData was not valid JSON") from None
        with self._cloud.lock:
            alarm = backends("cloudwatch")[call.account][call.region].alarms.get(name)
            if alarm is None:
                raise ApiError("ResourceNotFound", f"The alarm {name} does not exist.", 404)
            place = (call.account, call.region)
            self._alarms.change(place, alarm, value, str(params.get("StateReason", "")), reason_data)
        return {}

    def _describe_alarm_history(self, call: ApiCall) -> Mapping[str, Any]:
        params = call.params
        items = [
            one for one in list(self._alarms.history) if _wanted(one, (call.account, call.region), params)
        ]
        if params.get("ScanBy") != "TimestampAscending":
            items.reverse()
        start = (
            int(params.get("NextToken") or 0) if str(params.get("NextToken") or 0).isdigit() else len(items)
        )
        end = start + int(params.get("MaxRecords") or _PAGE)
        page: dict[str, Any] = {"AlarmHistoryItems": [_described(one) for one in items[start:end]]}
        return {**page, "NextToken": str(end)} if end < len(items) else page


def _naive(moment: datetime) -> datetime:
    """As moto keeps times: UTC without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _wanted(item: HistoryItem, place: tuple[str, str], params: Mapping[str, Any]) -> bool:
    start, end = params.get("StartDate"), params.get("EndDate")
    return (
        item.place == place
        and item.alarm == (params.get("AlarmName") or item.alarm)
        and item.kind == (params.get("HistoryItemType") or item.kind)
        and (start is None or _naive(item.at) >= _naive(start))
        and (end is None or _naive(item.at) <= _naive(end))
    )


def _described(item: HistoryItem) -> dict[str, Any]:
    return {
        "AlarmName": item.alarm,
        "AlarmType": "MetricAlarm",
        "Timestamp": item.at,
        "HistoryItemType": item.kind,
        "HistorySummary": item.summary,
        "HistoryData": item.data,
    }
