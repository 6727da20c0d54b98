"""IAM Roles Anywhere, of which moto has none: trust anchors and profiles, as intruders leave them behind.

They are kept and shown; nothing hands out sessions for certificates (`CreateSession` is no SDK operation).
Source: IAM Roles Anywhere API Reference; defaults are those of real records.
"""

from __future__ import annotations

import copy
import uuid
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.wire import ApiCall, Cloud

    Kept = dict[str, Any]

_CREATED = 201
_SECONDS = 3600
_EXPIRIES = ("CA_CERTIFICATE_EXPIRY", "END_ENTITY_CERTIFICATE_EXPIRY")
_NOTICES = [
    {
        "channel": "ALL",
        "configuredBy": "rolesanywhere.amazonaws.com",
        "enabled": True,
        "event": event,
        "threshold": 45,
    }
    for event in _EXPIRIES
]
_MAPPINGS = [
    {"certificateField": "x509Issuer", "mappingRules": [{"specifier": "*"}]},
    {
        "certificateField": "x509SAN",
        "mappingRules": [{"specifier": one} for one in ("DNS", "URI", "Name/*")],
    },
    {"certificateField": "x509Subject", "mappingRules": [{"specifier": "*"}]},
]


class RolesAnywhere:
    """Answers for trust anchors and profiles."""

    service = "rolesanywhere"

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._anchors: dict[tuple[str, str], dict[str, Kept]] = {}
        self._profiles: dict[tuple[str, str], dict[str, Kept]] = {}

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "CreateTrustAnchor": self.create_trust_anchor,
            "GetTrustAnchor": lambda call: {"trustAnchor": self._anchor(call)},
            "ListTrustAnchors": lambda call: {"trustAnchors": list(_held(self._anchors, call).values())},
            "EnableTrustAnchor": lambda call: {"trustAnchor": self._switch(self._anchor(call), on=True)},
            "DisableTrustAnchor": lambda call: {"trustAnchor": self._switch(self._anchor(call), on=False)},
            "DeleteTrustAnchor": self.delete_trust_anchor,
            "CreateProfile": self.create_profile,
            "GetProfile": lambda call: {"profile": self._profile(call)},
            "ListProfiles": lambda call: {"profiles": list(_held(self._profiles, call).values())},
            "EnableProfile": lambda call: {"profile": self._switch(self._profile(call), on=True)},
            "DisableProfile": lambda call: {"profile": self._switch(self._profile(call), on=False)},
            "DeleteProfile": self.delete_profile,
        }

    def create_trust_anchor(self, call: ApiCall) -> Mapping[str, Any]:
        """Keep a trust anchor, switched off unless the call says otherwise."""
        params = call.params
        asked = {str(one["event"]): one for one in params.get("notificationSettings", ())}
        anchor = {
            "name": params["name"],
            "enabled": params.get("enabled", False),
            "source": params["source"],
            "notificationSettings": [{**one, **asked.get(str(one["event"]), {})} for one in _NOTICES],
            **self._made(call, "trustAnchor", "trust-anchor"),
        }
        _held(self._anchors, call)[anchor["trustAnchorId"]] = anchor
        return {"trustAnchor": anchor, "ResponseMetadata": {"HTTPStatusCode": _CREATED}}

    def create_profile(self, call: ApiCall) -> Mapping[str, Any]:
        """Keep a profile, switched off unless the call says otherwise."""
        params = call.params
        chosen = ("sessionPolicy", "managedPolicyArns", "requireInstanceProperties")
        profile = {
            "name": params["name"],
            "enabled": params.get("enabled", False),
            "roleArns": params["roleArns"],
            "durationSeconds": params.get("durationSeconds", _SECONDS),
            "acceptRoleSessionName": params.get("acceptRoleSessionName", False),
            "attributeMappings": copy.deepcopy(_MAPPINGS),
            "createdBy": call.principal.arn,
            **{name: params[name] for name in chosen if name in params},
            **self._made(call, "profile", "profile"),
        }
        _held(self._profiles, call)[profile["profileId"]] = profile
        return {"profile": profile, "ResponseMetadata": {"HTTPStatusCode": _CREATED}}

    def delete_trust_anchor(self, call: ApiCall) -> Mapping[str, Any]:
        """Forget a trust anchor."""
        anchor = self._anchor(call)
        del _held(self._anchors, call)[anchor["trustAnchorId"]]
        return {"trustAnchor": anchor}

    def delete_profile(self, call: ApiCall) -> Mapping[str, Any]:
        """Forget a profile."""
        profile = self._profile(call)
        del _held(self._profiles, call)[profile["profileId"]]
        return {"profile": profile}

    def _made(self, call: ApiCall, member: str, kind: str) -> Kept:
        identity, now = str(uuid.uuid4()), self._cloud.now()
        return {
            f"{member}Id": identity,
            f"{member}Arn": f"arn:aws:rolesanywhere:{call.region}:{call.account}:{kind}/{identity}",
            "createdAt": now,
            "updatedAt": now,
        }

    def _anchor(self, call: ApiCall) -> Kept:
        return _found(_held(self._anchors, call), str(call.params["trustAnchorId"]))

    def _profile(self, call: ApiCall) -> Kept:
        return _found(_held(self._profiles, call), str(call.params["profileId"]))

    def _switch(self, kept: Kept, *, on: bool) -> Kept:
        kept["enabled"], kept["updatedAt"] = on, self._cloud.now()
        return kept


def _held(kept: dict[tuple[str, str], dict[str, Kept]], call: ApiCall) -> dict[str, Kept]:
    return kept.setdefault((call.account, call.region), {})


def _found(held: Mapping[str, Kept], identity: str) -> Kept:
    if identity not in held:
        raise ApiError("ResourceNotFoundException", f"There is no resource with the id {identity}.", 404)
    return held[identity]
