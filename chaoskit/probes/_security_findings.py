"""What ties a finding of GuardDuty or Security Hub to a run: session, key, or what the fault touched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chaoskit.contract import session_name

if TYPE_CHECKING:
    from chaoskit.contract import Attempt, Trace

_RUNS = re.compile(rf"{session_name('')}[\w.=,@-]+$")
_SCOPE = re.compile(r"(?<=[a-z])(Bucket|Account)(?=PublicAccessBlock)")
_VERSION = re.compile(r"\d{8}(v\d+)?$")
_LEARNED = re.compile(r"AnomalousBehavior|InstanceCredentialExfiltration|ConsoleLoginSuccess|Unusual")


@dataclass(frozen=True, slots=True)
class Traits:
    """What a finding says of the activity behind it, in AWS's own words.

    Attributes:
        principal: The caller's principal id, `AROA...:session` for a role session.
        access_key: The key that the caller signed with.
        user_agent: The caller's user agent, where the finding has it: of several calls, of one of them.
        api: The operation, as CloudTrail names it; empty where the finding is of a state, not a call.
        resources: Names and ARNs of what it is about.
        last_seen: When the activity was last seen; a text in ISO 8601.
    """

    principal: str
    access_key: str
    user_agent: str
    api: str
    resources: frozenset[str]
    last_seen: str


def tied(traits: Traits, trace: Trace) -> tuple[Attempt, str] | None:
    """The fault's call that a finding stems from and the key that matched, the strongest first.

    What was last seen before the call is stale. A session that bears another run's name is that run's, and a
    user agent without this run's mark is of somebody else's call, whatever it was made on.
    """
    seen = moment(traits.last_seen)
    session = _RUNS.search(traits.principal)
    if seen is None or (session and session[0] != session_name(trace.trace_id)):
        return None
    for attempt in trace.attempts:
        # Findings have whole seconds.
        if seen < attempt.at.replace(microsecond=0) or not _same(traits.api, attempt):
            continue
        key = attempt.call.signed_by.access_key_id if attempt.call.signed_by else None
        ties = {
            "user agent": f"run/{trace.trace_id}" in traits.user_agent.strip("[]").split(),
            "session name": session is not None,
            "access key id": key is not None and key == traits.access_key,
            "resource": not traits.user_agent
            and any(names(name, resource) for name in attempt.touched() for resource in traits.resources),
        }
        by = next((tie for tie, holds in ties.items() if holds), None)
        if by:
            return attempt, by
    return None


def names(name: str, resource: str) -> bool:
    """Whether a name or ARN means the resource: itself, or the end of its ARN."""
    return bool(name) and (name == resource or resource.endswith((f":{name}", f"/{name}")))


def moment(text: str) -> datetime | None:
    """A time in ISO 8601; None for what is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def basis(type_: str, *, sample: bool) -> str:
    """What a GuardDuty finding rests on: a rule, a learned baseline, or nothing (a sample)."""
    if sample:
        return "sample"
    return "anomaly model" if _LEARNED.search(type_) else "rule"


def _same(api: str, attempt: Attempt) -> bool:
    """Whether the call has the name that CloudTrail gives the operation: S3's says on what it acts."""
    return not api or _VERSION.sub("", _SCOPE.sub("", api)) == attempt.call.operation
