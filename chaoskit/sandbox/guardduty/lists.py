"""Reads threat lists and trusted lists from S3: one IPv4 address or CIDR range on each line.

Source: GuardDuty User Guide, "Customizing threat detection with entity lists and IP address lists".
"""

from __future__ import annotations

import ipaddress
import re
import uuid
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.guardduty.detectors import IpList
from chaoskit.sandbox.guardduty.paging import bad_request as _bad
from chaoskit.sandbox.state import bucket as moto_bucket

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chaoskit.sandbox.guardduty.detectors import Network
    from chaoskit.sandbox.wire import Cloud

_LOCATIONS = (
    re.compile(r"s3://(?P<bucket>[^/]+)/(?P<key>.+)"),
    re.compile(r"https://(?P<bucket>[a-z0-9.-]+)\.s3[a-z0-9.-]*\.amazonaws\.com/(?P<key>.+)"),
    re.compile(r"https://s3[a-z0-9.-]*\.amazonaws\.com/(?P<bucket>[^/]+)/(?P<key>.+)"),
)
_MOST_LINES = 250_000


def new_list(cloud: Cloud, params: Mapping[str, Any]) -> IpList:
    """A list as `CreateThreatIntelSet` and `CreateIPSet` describe it; an active one is read now.

    Raises:
        ApiError: BadRequestException.
    """
    made = IpList(
        id=uuid.uuid4().hex,
        name=str(params["Name"]),
        format=str(params["Format"]),
        location=str(params["Location"]),
        active=False,
        networks=(),
        tags=dict(params.get("Tags") or {}),
    )
    if made.format != "TXT":
        raise _bad(f"the embedded sandbox reads lists in the format TXT only, not {made.format}")
    if params.get("Activate"):
        activate(cloud, made)
    return made


def activate(cloud: Cloud, one: IpList) -> None:
    """Read the file and use what it says from now on.

    Raises:
        ApiError: BadRequestException.
    """
    one.networks = _networks(_text(cloud, one.location))
    one.active = True


def _text(cloud: Cloud, location: str) -> str:
    found = next((match for each in _LOCATIONS if (match := each.fullmatch(location))), None)
    if found is None:
        raise _bad(f"{location} is no location of an object in S3")
    with cloud.lock:
        _, bucket = moto_bucket(found["bucket"])
        stored = bucket.keys.get(found["key"]) if bucket is not None else None
        if stored is None:
            raise _bad(f"there is no file at {location}")
        return bytes(stored.value).decode("utf-8", "replace")


def _networks(text: str) -> Sequence[Network]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > _MOST_LINES:
        raise _bad(f"the list has more than {_MOST_LINES} lines")
    try:
        return [ipaddress.ip_network(line, strict=False) for line in lines]
    except ValueError as problem:
        raise _bad(f"the list is not one of addresses and CIDR ranges: {problem}") from None
