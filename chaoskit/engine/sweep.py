"""What a dead-man's switch that fired leaves: its SSM document, when the journal that knew of it is lost."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from chaoskit.aws import Call, Query
from chaoskit.engine.deadman import ARMED, NAMED

if TYPE_CHECKING:
    from chaoskit.aws import Aws
    from chaoskit.journal import Journal
    from chaoskit.slo import Clock

_OURS: Final = re.compile(rf"{NAMED}(\d{{8}}T\d{{6}})-[0-9a-f]{{6}}\.\d+-\d+")
_YOUNG: Final = timedelta(hours=2)
"""Longer than a switch may stay armed: a younger document may be another machine's, whose run goes on."""
_DOCUMENTS: Final = Query(
    "ssm",
    "ListDocuments",
    {"Filters": [{"Key": "Owner", "Values": ["Self"]}, {"Key": "DocumentType", "Values": ["Automation"]}]},
    "DocumentIdentifiers[].Name",
)


def sweep(aws: Aws, journal: Journal, clock: Clock) -> list[str]:
    """Delete the documents of switches that have fired long ago, and of which no journal row is open.

    Args:
        aws: The account, as the undo role.
        journal: What its open rows know of is left to rollback.
        clock: The account's time.

    Returns:
        The names of what was deleted.

    Raises:
        AwsError: The account refused or failed; the rest is left to the next time.
    """
    known = {
        entry.record.do.get("params", {}).get("Name")
        for entry in journal.open_faults()
        if entry.record.fault == ARMED
    }
    swept = []
    for name in aws.read(_DOCUMENTS) or ():
        ours = _OURS.fullmatch(name)
        if ours is None or name in known:
            continue
        try:
            begun = datetime.strptime(ours[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)  # the run that made it
        except ValueError:  # somebody else's name, that only looks alike
            continue
        if clock.now() - begun < _YOUNG or _is_armed(aws, name):
            continue
        aws.send(Call("ssm", "DeleteDocument", Name=name))
        swept.append(name)
    return swept


def _is_armed(aws: Aws, name: str) -> bool:
    query = Query(
        "scheduler",
        "GetSchedule",
        {"GroupName": "default", "Name": name},
        "Name",
        absent=("ResourceNotFoundException",),
    )
    return aws.read(query) is not None
