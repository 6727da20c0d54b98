"""The API of threat lists and of trusted lists, which differ only in their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.guardduty.lists import activate, new_list
from chaoskit.sandbox.guardduty.paging import bad_request, page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.guardduty.detectors import IpList
    from chaoskit.sandbox.wire import ApiCall, Cloud

    Handler = Callable[[ApiCall], Mapping[str, Any]]


class Lists:
    """Five operations on one kind of list.

    Args:
        cloud: Where the files are.
        kind: `ThreatIntelSet` or `IPSet`.
        most: How many an account may have (User Guide, "Amazon GuardDuty quotas").
        held: The lists of the detector that a call names.
    """

    def __init__(
        self, cloud: Cloud, kind: str, most: int, held: Callable[[ApiCall], dict[str, IpList]]
    ) -> None:
        self._cloud = cloud
        self._kind = kind
        self._id = "IpSetId" if kind == "IPSet" else f"{kind}Id"
        self._most = most
        self._held = held

    @property
    def operations(self) -> Mapping[str, Handler]:
        """The operations by name."""
        return {
            f"Create{self._kind}": self._create,
            f"Get{self._kind}": self._get,
            f"Update{self._kind}": self._update,
            f"Delete{self._kind}": self._delete,
            f"List{self._kind}s": lambda call: page(call, f"{self._id}s", list(self._held(call))),
        }

    def _one(self, call: ApiCall) -> IpList:
        found = self._held(call).get(str(call.params[self._id]))
        if found is None:
            raise bad_request(f"the input {self._id} is not owned by the current account")
        return found

    def _create(self, call: ApiCall) -> Mapping[str, Any]:
        held = self._held(call)
        if len(held) >= self._most:
            raise bad_request(f"an account has at most {self._most} lists of this kind in a Region")
        made = new_list(self._cloud, call.params)
        held[made.id] = made
        return {self._id: made.id}

    def _get(self, call: ApiCall) -> Mapping[str, Any]:
        found = self._one(call)
        return {
            "Name": found.name,
            "Format": found.format,
            "Location": found.location,
            "Status": "ACTIVE" if found.active else "INACTIVE",
            "Tags": dict(found.tags),
        }

    def _update(self, call: ApiCall) -> Mapping[str, Any]:
        found, given = self._one(call), call.params
        found.name = str(given.get("Name") or found.name)
        found.location = str(given.get("Location") or found.location)
        if given.get("Activate"):
            activate(self._cloud, found)
        elif given.get("Activate") is False:
            found.active = False
        return {}

    def _delete(self, call: ApiCall) -> Mapping[str, Any]:
        del self._held(call)[self._one(call).id]
        return {}
