"""Looks whether a trail may write to its bucket."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe
from chaoskit.probes._sharing import listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Trace

    Statement = Mapping[str, Any]

_TRAIL: Final = "cloudtrail.amazonaws.com"
_PUT: Final = "s3:PutObject"


@probe("s3.trail-may-write")
class TrailMayWrite(Probe):
    """The bucket's policy lets CloudTrail put objects into it, and does not deny them all again.

    Attributes:
        bucket: The log bucket's name.
    """

    bucket: str

    reads = ("s3:GetBucketPolicy",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the policy."""
        del trace
        where = {"Bucket": self.bucket}
        text = aws.read(Query("s3", "GetBucketPolicy", where, "Policy", absent=("NoSuchBucketPolicy",)))
        statements: list[Statement] = listed(json.loads(text).get("Statement", []) if text else [])
        lets = [one for one in statements if _lets_the_trail_write(one)]
        denials = [one for one in statements if any(_denies(one, each) for each in lets)]
        sids = [one.get("Sid", "") for one in lets if not any(_denies(each, one) for each in denials)]
        return Observation(
            holds=bool(sids),
            summary=f"CloudTrail may {'' if sids else 'not '}write to the bucket {self.bucket}",
            evidence={"statements": sids, "denied_by": [one.get("Sid", "") for one in denials]},
        )


def _lets_the_trail_write(statement: Statement) -> bool:
    return (
        statement.get("Effect") == "Allow"
        and _TRAIL in _named(statement.get("Principal"))
        and _PUT in listed(statement.get("Action", []))
    )


def _denies(statement: Statement, let: Statement) -> bool:
    """Whether a statement takes back what another lets the trail write.

    One with a condition denies some calls only, such as those without TLS, which CloudTrail's are not.
    """
    if statement.get("Effect") != "Deny" or statement.get("Condition"):
        return False
    if "NotPrincipal" in statement:
        everyone = _TRAIL not in _named(statement["NotPrincipal"])
    else:
        everyone = not {"*", _TRAIL}.isdisjoint(_named(statement.get("Principal")))
    return (
        everyone
        and _is_of(statement, "Action", [_PUT])
        and _is_of(statement, "Resource", _of(let, "Resource"))
    )


def _is_of(statement: Statement, element: str, named: list[str]) -> bool:
    """Whether a statement's actions or resources are or may be the named ones; `Not` turns that round."""
    if f"Not{element}" in statement:
        return not all(any(_covers(each, one) for each in _of(statement, f"Not{element}")) for one in named)
    return any(_covers(each, one) or _covers(one, each) for each in _of(statement, element) for one in named)


def _covers(pattern: str, text: str) -> bool:
    return fnmatchcase(text.lower(), pattern.lower().replace("[", "[[]"))


def _named(principal: Any) -> set[str]:
    """The services that a principal names, and `*` for everyone."""
    if not isinstance(principal, dict):
        return {str(principal)}
    return {*listed(principal.get("Service", [])), *(set(listed(principal.get("AWS", []))) & {"*"})}


def _of(statement: Statement, element: str) -> list[str]:
    return [str(each) for each in listed(statement.get(element, []))]
