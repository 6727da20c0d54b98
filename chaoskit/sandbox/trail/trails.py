"""Trails: what moto keeps of them, what it lacks, and which of them take an event.

moto keeps the trails; selectors, event configurations, `HasCustomEventSelectors`, status, deletion by ARN and
the errors are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.backends import get_backend

from chaoskit.sandbox.trail import selectors
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.sandbox.trail.delivery import Delivery
    from chaoskit.sandbox.trail.records import Recorded
    from chaoskit.sandbox.wire import ApiCall, Cloud


@dataclass(frozen=True, slots=True)
class _Before:
    """A trail as it was before the call that stopped, blinded or deleted it: it still takes that call."""

    trail: Any
    basic: list[Any]
    advanced: list[Any]


class Trails:
    """The trails of every account, as moto's CloudTrail has them."""

    def __init__(self, cloud: Cloud, delivery: Delivery) -> None:
        self._cloud = cloud
        self._delivery = delivery
        self._before: dict[str, _Before] = {}

    def taking(self, recorded: Recorded) -> list[Any]:
        """The trails (moto's) that log and take this event; only if there is one does EventBridge get it.

        A trail covers its home region, or all when it is multi-region; an organization's trail covers
        every account (EventBridge User Guide, "AWS service events delivered via AWS CloudTrail"). What
        stops a trail is the last event it takes (CloudTrail User Guide, "CloudTrail digest file
        structure"). Hold the sandbox's lock.
        """
        record = recorded.record
        before = self._before.pop(record["eventID"], None)
        taking = [
            trail
            for trail in self._logging(recorded.account, recorded.region)
            if (before is None or trail is not before.trail)
            and selectors.takes(record, trail.event_selectors, trail.advanced_event_selectors)
        ]
        if before is not None and selectors.takes(record, before.basic, before.advanced):
            taking.append(before.trail)
        return taking

    def _logging(self, account: str, region: str) -> Iterator[Any]:
        backends = get_backend("cloudtrail")
        for owner in dict.fromkeys((account, self._cloud.management_account)):
            for backend in list(backends[owner].values()):
                for trail in list(backend.trails.values()):
                    if not trail.status.is_logging or (owner != account and not trail.is_org_trail):
                        continue
                    if trail.is_multi_region or trail.region_name == region:
                        yield trail

    def _remember(self, call: ApiCall, trail: Any) -> None:
        """Keep what a trail that logs takes, for the record of the call that is about to change it."""
        if trail.status.is_logging:
            self._before[call.event_id] = _Before(
                trail, trail.event_selectors, trail.advanced_event_selectors
            )

    def put_event_selectors(self, call: ApiCall) -> Mapping[str, Any]:
        """`PutEventSelectors`: one kind replaces the other."""
        basic = list(call.params.get("EventSelectors") or [])
        advanced = list(call.params.get("AdvancedEventSelectors") or [])
        selectors.check(basic, advanced)
        with self._cloud.lock:
            trail = self._writable(call, "TrailName")
            self._remember(call, trail)
            trail.event_selectors = [{**selectors.DEFAULT[0], **one} for one in basic]
            trail.advanced_event_selectors = advanced
            return _selectors_of(trail)

    def get_event_selectors(self, call: ApiCall) -> Mapping[str, Any]:
        """`GetEventSelectors`: a trail that was given none answers the default."""
        with self._cloud.lock:
            return _selectors_of(self._named(call, "TrailName"))

    def put_event_configuration(self, call: ApiCall) -> Mapping[str, Any]:
        """`PutEventConfiguration` of a trail: what is aggregated is kept, and nothing is aggregated."""
        _refuse_stores(call)
        with self._cloud.lock:
            trail = self._writable(call, "TrailName")
            trail.aggregation_configurations = list(call.params.get("AggregationConfigurations") or [])
            return _aggregations_of(trail)

    def get_event_configuration(self, call: ApiCall) -> Mapping[str, Any]:
        """`GetEventConfiguration` of a trail."""
        _refuse_stores(call)
        with self._cloud.lock:
            return _aggregations_of(self._named(call, "TrailName"))

    def delete_trail(self, call: ApiCall) -> Mapping[str, Any]:
        """`DeleteTrail`, by name or ARN; its tags go with it."""
        with self._cloud.lock:
            trail = self._writable(call, "Name")
            self._remember(call, trail)
            held = self._backend(call)
            del held.trails[trail.trail_name]
            held.tagging_service.delete_all_tags_for_resource(trail.arn)
            if trail.status.is_logging:
                self._delivery.stopped(trail)
        return {}

    def describe_trails(self, call: ApiCall) -> Mapping[str, Any]:
        """`DescribeTrails`: by name or ARN, with or without the shadows of trails of other regions."""
        wanted = call.params.get("trailNameList") or []
        with self._cloud.lock:
            seen = self._visible(call) if call.params.get("includeShadowTrails", True) else self._home(call)
            return {
                "trailList": [
                    _description(trail)
                    for trail in seen
                    if not wanted or trail.trail_name in wanted or trail.arn in wanted
                ]
            }

    def get_trail(self, call: ApiCall) -> Mapping[str, Any]:
        """`GetTrail`."""
        with self._cloud.lock:
            return {"Trail": _description(self._named(call, "Name"))}

    def start_logging(self, call: ApiCall) -> Mapping[str, Any]:
        """`StartLogging`, only in the trail's home region."""
        with self._cloud.lock:
            trail = self._writable(call, "Name")
            trail.start_logging()
            self._delivery.started(trail)
        return {}

    def stop_logging(self, call: ApiCall) -> Mapping[str, Any]:
        """`StopLogging`, only in the trail's home region."""
        with self._cloud.lock:
            trail = self._writable(call, "Name")
            self._remember(call, trail)
            trail.stop_logging()
            self._delivery.stopped(trail)
        return {}

    def get_trail_status(self, call: ApiCall) -> Mapping[str, Any]:
        """`GetTrailStatus`: whether it logs, and how its deliveries go."""
        with self._cloud.lock:
            trail = self._named(call, "Name")
            return self._delivery.statuses.of(trail).answer(logging=bool(trail.status.is_logging))

    def _backend(self, call: ApiCall) -> Any:
        return get_backend("cloudtrail")[call.account][call.region]

    def _home(self, call: ApiCall) -> list[Any]:
        return list(self._backend(call).trails.values())

    def _visible(self, call: ApiCall) -> list[Any]:
        """A region's own trails, the shadows of multi-region ones, and the organization's."""
        backends = get_backend("cloudtrail")
        seen: list[Any] = []
        for owner in dict.fromkeys((call.account, self._cloud.management_account)):
            for backend in list(backends[owner].values()):
                seen += [
                    trail
                    for trail in backend.trails.values()
                    if (trail.is_multi_region or trail.region_name == call.region)
                    and (owner == call.account or trail.is_org_trail)
                ]
        return seen

    def _named(self, call: ApiCall, parameter: str) -> Any:
        name = str(call.params.get(parameter, ""))
        for trail in self._visible(call):
            if name in (trail.trail_name, trail.arn):
                return trail
        raise ApiError("TrailNotFoundException", f"Unknown trail: {name} for the user: {call.account}")

    def _writable(self, call: ApiCall, parameter: str) -> Any:
        trail = self._named(call, parameter)
        if trail.account_id != call.account:
            raise ApiError(
                "NotOrganizationMasterAccountException",
                "The organization trail can only be changed from the organization's management account.",
            )
        if trail.region_name != call.region:
            raise ApiError(
                "InvalidHomeRegionException",
                f"Trail {trail.trail_name} can only be changed in its home region {trail.region_name}.",
            )
        return trail


def _selectors_of(trail: Any) -> dict[str, Any]:
    answer: dict[str, Any] = {"TrailARN": trail.arn}
    if trail.advanced_event_selectors:
        answer["AdvancedEventSelectors"] = trail.advanced_event_selectors
    else:
        answer["EventSelectors"] = trail.event_selectors or list(selectors.DEFAULT)
    return answer


def _refuse_stores(call: ApiCall) -> None:
    store = call.params.get("EventDataStore")
    if store:
        raise ApiError("EventDataStoreNotFoundException", f"The event data store {store} was not found.")


def _aggregations_of(trail: Any) -> dict[str, Any]:
    """What a trail aggregates; moto knows nothing of it, so it is there only when it was given."""
    return {
        "TrailARN": trail.arn,
        "AggregationConfigurations": getattr(trail, "aggregation_configurations", []),
    }


def _description(trail: Any) -> dict[str, Any]:
    described: dict[str, Any] = trail.description(include_region=True)
    given = bool(trail.event_selectors or trail.advanced_event_selectors)
    described["HasCustomEventSelectors"] = given
    described["HasInsightSelectors"] = bool(trail.insight_selectors)
    return {name: value for name, value in described.items() if value is not None}
