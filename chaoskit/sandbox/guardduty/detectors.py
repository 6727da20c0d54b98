"""What an account has set up in GuardDuty: its detector, filters and lists, and the findings so far."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    Network = ipaddress.IPv4Network | ipaddress.IPv6Network

FREQUENCIES: Mapping[str, timedelta] = {
    "FIFTEEN_MINUTES": timedelta(minutes=15),
    "ONE_HOUR": timedelta(hours=1),
    "SIX_HOURS": timedelta(hours=6),
}
"""How often news of known findings is published (User Guide, "Processing GuardDuty findings with Amazon
EventBridge")."""
# Lists concern public addresses only (User Guide, "Customizing threat detection with ... IP address lists").
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(each)
    for each in ("10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
)


@dataclass(slots=True)
class IpList:
    """A list of addresses: of threats, or of those that are trusted."""

    id: str
    name: str
    format: str
    location: str
    active: bool
    networks: Sequence[Network]
    tags: Mapping[str, str]

    def has(self, address: str) -> bool:
        """Whether the list is active and names a public address."""
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return False
        if not self.active or any(ip in each for each in _NOT_PUBLIC):
            return False
        return any(ip in network for network in self.networks)


@dataclass(slots=True)
class Filter:
    """A saved selection of findings; with the action ARCHIVE, a suppression rule."""

    name: str
    action: str
    rank: int
    description: str
    criteria: Mapping[str, Any]
    tags: Mapping[str, str]


@dataclass(slots=True)
class Issue:
    """A finding, and what it takes to keep it up to date.

    Attributes:
        finding: As botocore spells a `Finding`.
        published: When EventBridge was told last; None while it has not been.
        due: Whether a publication is already planned.
    """

    finding: dict[str, Any]
    published: datetime | None = None
    due: bool = False

    @property
    def archived(self) -> bool:
        """Whether it was archived, by hand or by a suppression rule."""
        return bool(self.finding["Service"]["Archived"])


@dataclass(slots=True)
class Detector:
    """GuardDuty in one account and region."""

    id: str
    account: str
    region: str
    enabled: bool
    frequency: str
    created: str
    updated: str
    tags: Mapping[str, str]
    s3_protection: bool = True
    filters: dict[str, Filter] = field(default_factory=dict)
    threats: dict[str, IpList] = field(default_factory=dict)
    trusted: dict[str, IpList] = field(default_factory=dict)
    issues: dict[str, Issue] = field(default_factory=dict)
    """By finding id."""
    known: dict[tuple[str, ...], str] = field(default_factory=dict)
    """The id of the finding that further activity of the same kind is added to."""

    @property
    def arn(self) -> str:
        """The detector's ARN."""
        return f"arn:aws:guardduty:{self.region}:{self.account}:detector/{self.id}"

    def trusts(self, address: str) -> bool:
        """Whether a trusted list has the address: then no finding is made."""
        return any(each.has(address) for each in self.trusted.values())

    def threat(self, address: str) -> str:
        """The name of the threat list that has the address, or empty."""
        return next((each.name for each in self.threats.values() if each.has(address)), "")
