"""The condition keys of a call that has not been made: those that are known, and those that are not.

Source: IAM User Guide, "AWS global condition context keys"; Service Authorization Reference for each
service's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from chaoskit.permissions.arns import condition_keys
from chaoskit.permissions.request_tags import tag_keys
from chaoskit.permissions.service_context import modelled, of_service
from chaoskit.predict.documents import placeholder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.permissions import Account, Requirement
    from chaoskit.predict.callers import Planned, Who
    from chaoskit.predict.identities import Identity
    from chaoskit.predict.organization import Place

# Only the moment of the call, and the session that will make it, tell these.
_LATER: Final = (
    "aws:CurrentTime",
    "aws:EpochTime",
    "aws:SourceIdentity",
    "aws:TokenIssueTime",
    "aws:UserAgent",
)
_OF_ENDPOINT: Final = ("aws:SourceVpcArn", "aws:VpceAccount", "aws:VpceOrgID", "aws:VpceOrgPaths")
_NETWORK: Final = (
    "aws:SourceIp",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:VpcSourceIp",
    *_OF_ENDPOINT,
)
# Handled with the request's and the resource's tags.
_TAG_KEYS: Final = ("requesttag/", "resourcetag/", "existingobjecttag/", "buckettag/")
_TYPES: Final = {"role": "AssumedRole", "user": "User", "root": "Account"}


@dataclass(slots=True)
class Keys:
    """Condition keys: `known` with their values, and the names of those that are `unknown`."""

    known: dict[str, Any] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)

    def settle(self) -> None:
        """A value that waits for a reply is not known; one that is known is not unknown."""
        for key in [key for key, value in self.known.items() if any(map(placeholder, _texts(value)))]:
            del self.known[key]
            self.unknown.add(key)
        known = {key.lower() for key in self.known}
        self.unknown = {key for key in self.unknown if key.lower() not in known}


def of_caller(call: Planned, identity: Identity | None, place: Place | None, *, organized: bool) -> Keys:
    """The keys of who calls.

    Args:
        call: The call.
        identity: What is known of the user or role; None when it can't be read.
        place: The caller's organization; None for none.
        organized: Whether it is known which organization that is.
    """
    who = call.principal
    keys = Keys(
        {
            "aws:PrincipalAccount": who.account,
            "aws:PrincipalType": _TYPES[who.kind],
            "aws:PrincipalIsAWSService": False,
            "aws:ViaAWSService": False,
        },
        {"aws:PrincipalTag/*"} if identity is None else set(),
    )
    if who.user_name:
        keys.known["aws:username"] = who.user_name
    if identity is not None:
        keys.known["aws:PrincipalArn"] = identity.arn
        keys.known |= {f"aws:PrincipalTag/{name}": value for name, value in identity.tags.items()}
    elif who.kind == "role":
        keys.unknown.add("aws:PrincipalArn")
    else:
        keys.known["aws:PrincipalArn"] = who.arn
    keys.unknown |= _of_session(who)
    if identity is not None and who.kind == "user":
        keys.known["aws:userid"] = identity.id
    if who.own_session:
        # AssumeRole without an MFA device's code (IAM User Guide, "Secure API access with MFA").
        keys.known["aws:MultiFactorAuthPresent"] = False
    _add_organization(keys, "Principal", place, organized=organized)
    return keys


def _of_session(who: Who) -> set[str]:
    if who.kind == "user":
        return {"aws:userid"}
    keys = {"aws:userid", "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"}
    return keys if who.own_session or who.kind == "root" else keys | {"aws:FederatedProvider"}


def _add_organization(keys: Keys, whose: str, place: Place | None, *, organized: bool) -> None:
    if place is not None:
        keys.known[f"aws:{whose}OrgID"] = place.id
        if place.path:
            keys.known[f"aws:{whose}OrgPaths"] = [place.path]
    if not organized or (place is not None and not place.path):
        keys.unknown |= {f"aws:{whose}OrgID", f"aws:{whose}OrgPaths"}


def of_request(call: Planned) -> Keys:
    """The keys of the network and of the request itself."""
    keys = Keys({"aws:RequestedRegion": call.region, "aws:SecureTransport": True}, set(_LATER))
    if call.source_vpce:
        keys.known |= {"aws:SourceVpce": call.source_vpce, "aws:VpcSourceIp": call.source_ip}
        keys.known |= {"aws:SourceVpc": call.source_vpc} if call.source_vpc else {}
        keys.unknown |= set(_OF_ENDPOINT)
    elif call.source_ip:
        keys.known["aws:SourceIp"] = call.source_ip
    else:
        keys.unknown |= set(_NETWORK)
    keys.known |= tag_keys(call.params)
    return keys


def of_resource(
    needed: Requirement, owner: str, place: Place | None, tags: Mapping[str, str] | None, *, organized: bool
) -> Keys:
    """The keys of the resource; `tags` is None when they are not known."""
    prefix = needed.action.partition(":")[0]
    keys = Keys({"aws:ResourceAccount": owner, "s3:ResourceAccount": owner})
    _add_organization(keys, "Resource", place, organized=organized)
    kinds = ("aws:ResourceTag/", f"{prefix}:ResourceTag/", "s3:ExistingObjectTag/", "s3:BucketTag/")
    if tags is None:
        keys.unknown |= {f"{kind}*" for kind in kinds}
    else:
        keys.known |= {f"{kind}{name}": value for kind in kinds for name, value in tags.items()}
    return keys


def of_action(call: Planned, needed: Requirement, known: Account) -> Keys:
    """The keys of the service; what AWS documents for the action and nothing here finds is unknown."""
    prefix = needed.action.partition(":")[0]
    keys = Keys()
    absent = {"aws:tagkeys"} | modelled(prefix)
    if needed.keys is not None:
        keys.known |= needed.keys
    elif call.written:
        keys.known |= of_service(call, prefix, known)
    else:
        absent = set()
    for key in condition_keys(needed.action):
        name, variable, _ = key.partition("${")
        if key not in absent and not name.endswith(_TAG_KEYS):
            keys.unknown.add(f"{name}*" if variable else key)
    return keys


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        yield from (each for each in value if isinstance(each, str))
