"""Finds what others detect by: what trails tell CloudWatch Logs, which queries and metric filters read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.mutate.control import Control, names_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.aws import Reader

_GROUP, _ROLE = "CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn"
_NOWHERE: Final[dict[str, Any]] = {_GROUP: "", _ROLE: ""}


def trail_logs(aws: Reader) -> Iterator[Control]:
    """Each trail's delivery to a log group, ended: the trail goes on logging, to its bucket alone.

    Source: AWS CloudTrail User Guide, "Stopping CloudTrail from sending events to CloudWatch Logs": by the
    AWS CLI, UpdateTrail with both ARNs empty.
    """
    own = {"includeShadowTrails": False}
    for trail in aws.read(Query("cloudtrail", "DescribeTrails", own, "trailList")) or ():
        if not (group := trail.get(_GROUP)):
            continue
        name = group.split(":")[6]
        where = {"logGroupName": name}
        filters = Query("logs", "DescribeMetricFilters", where, "metricFilters[].filterName")
        back = {each: trail[each] for each in (_GROUP, _ROLE)}
        yield Control(
            "trail-log",
            f"{trail['Name']}{name}",
            (Call("cloudtrail", "UpdateTrail", Name=trail["Name"], **_NOWHERE),),
            (Call("cloudtrail", "UpdateTrail", Name=trail["Name"], **back),),
            words=frozenset({name}) | names_in(group),
            feeds=frozenset(aws.read(filters) or ()),
        )
