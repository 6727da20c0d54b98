"""The two concepts, Fault and Probe, and the registries that find them.

A Fault changes the account and can put it back; a Probe looks once. Both are frozen dataclasses whose
fields are the parameters that an experiment may give. A new one is a file in `chaoskit/faults` or
`chaoskit/probes`, or in a package named by the entry-point groups `chaoskit.faults` and
`chaoskit.probes`; there is no list to edit.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeVar, dataclass_transform

from chaoskit.records import Record, record
from chaoskit.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chaoskit.aws import Call, Each, Query, Reader

Layer = Literal["identity", "network", "data", "application"]
# Event names may carry a version: Lambda's AddPermission is AddPermission20150331v2.
_VERSION: Final = re.compile(r"\d{8}(v\d+)?$")
_CLOCKS_AGREE: Final = timedelta(seconds=2)
_QUALIFIERS: Final = frozenset(
    {
        "Accept",
        "Attribute",
        "ContentType",
        "EventBusName",
        "PolicyName",
        "Qualifier",
        "Scope",
        "endpointConfigurationType",
        "guardrailVersion",
        "httpMethod",
        "policyName",
        "stageName",
    }
)
"""Parameters that say which part of a thing, or how: many have a `default` policy or a `POST` method."""
LATER: Final = ("env.", "run.")
"""The `${...}` names in a `Template` that its probe fills when it looks."""
LAYERS: Final[tuple[Layer, ...]] = ("identity", "network", "data", "application")


class Template(str):
    """A parameter in which `${env.NAME}` and `${run.NAME}` stay until the probe looks: no secret is kept."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One reversible step of a fault.

    Attributes:
        do: The call that changes something.
        undo: What puts it back: exact, idempotent, in the order to be made. Empty when the call leaves
            nothing behind (an invocation).
        state: What the call changes. It is read and journaled before `do`, must differ after it, and
            must be equal again after `undo`. None when the call leaves nothing behind.
        beside: More calls like `do`, sent together once it has gone through: a burst. They leave nothing
            behind either, and each counts for `blast_radius.max_changes`.
    """

    do: Call
    undo: tuple[Call | Each, ...] = ()
    state: Query | None = None
    beside: tuple[Call, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a burst of what would have to be undone, and what would have to be undone elsewhere."""
        # The dead-man's switch undoes in the run's own region.
        kind = "a burst" if self.beside else "a call to another region" if self.do.region else ""
        if kind and (self.undo or self.state):
            raise ValueError(f"{self.do}: {kind} must leave nothing behind")


Changes = Generator[Change, Mapping[str, Any], None]
"""What a fault yields; each `yield` answers with the reply to its `do`."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call that a fault made, and what came of it: what a probe may compare evidence with.

    Attributes:
        fault: The fault's name in the experiment.
        call: The call, for its service, operation and parameters.
        at: When it was sent.
        outcome: applied, denied (a policy refused) or failed.
        denied_by: The layer that refused, see `chaoskit.errors.DeniedError`.
        message: The API's words when it was not applied.
        request_id: What CloudTrail calls `requestID`.
        effect: True when the state was seen to differ afterwards; None when there was no state to read.
        resource: The names of what the call changes, by which a repair is told to be of the same thing.
    """

    fault: str
    call: Call
    at: datetime
    outcome: Literal["applied", "denied", "failed"]
    denied_by: str | None = None
    message: str = ""
    request_id: str = ""
    effect: bool | None = None
    resource: frozenset[str] = frozenset()

    def touched(self) -> frozenset[str]:
        """The names of what the call acted on. What AWS owns (managed policies) is nobody's resource."""
        texts = self.resource or set(named_in(self.call.params))
        keys = {self.call.signed_by.access_key_id} if self.call.signed_by else set()
        return frozenset(text for text in texts | keys if not text.startswith("arn:aws:iam::aws:"))


def named_in(value: Any) -> Iterator[str]:
    """The texts in parameters that name something, at any depth but in lists of structures."""
    match value:
        case str():
            yield value
        case Mapping():
            for name, inner in value.items():
                if name not in _QUALIFIERS:
                    yield from named_in(inner)
        case list():
            yield from (text for text in value if isinstance(text, str))


@dataclass(frozen=True, slots=True)
class Tie:
    """How a record is known to stem from a run: the call it is about, and the key that matched."""

    attempt: Attempt
    by: str


@dataclass(frozen=True, slots=True)
class Trace:
    """What a run has done so far, by which its evidence is told from noise.

    Attributes:
        trace_id: In the user agent of every call of the run, and in its role session's name.
        since: When the run began; evidence from before is stale.
        attempts: The faults' calls, oldest first.
        lost: Calls of a burst that failed and were not denied: nobody knows what would have come of them.
        before: What the run's probes had found just before the first call, see `Probe.before`.
    """

    trace_id: str
    since: datetime
    attempts: tuple[Attempt, ...] = ()
    lost: tuple[Call, ...] = ()
    before: frozenset[str] = frozenset()

    def caused(self, record: Mapping[str, Any]) -> Tie | None:
        """What ties a CloudTrail record to one of the faults' calls, or None; the strongest first."""
        attempt = self._attempt(record)
        if attempt is None:
            return None
        identity = record.get("userIdentity") or {}
        key = attempt.call.signed_by.access_key_id if attempt.call.signed_by else None
        ties = {
            # S3 writes user agents in brackets (Amazon S3 User Guide, "Example: log file entries").
            "user agent": f"run/{self.trace_id}" in str(record.get("userAgent", "")).strip("[]").split(),
            "session name": str(identity.get("arn", "")).endswith(f"/{session_name(self.trace_id)}"),
            # A key may have been used before; the other ties are this run's alone.
            "access key id": key is not None
            and identity.get("accessKeyId") == key
            and not _older(record, attempt.at),
            "request id": bool(attempt.request_id) and record.get("requestID") == attempt.request_id,
        }
        by = next((tie for tie, holds in ties.items() if holds), None)
        return Tie(attempt, by) if by else None

    def _attempt(self, record: Mapping[str, Any]) -> Attempt | None:
        """The call that the record is about: the same request, or else the same operation.

        A run's own looks bear its name too: a read that is another request than the fault's is one of them.
        """
        for attempt in self.attempts:
            if attempt.request_id and attempt.request_id == record.get("requestID"):
                return attempt
        name = _VERSION.sub("", str(record.get("eventName", "")))
        a_look = record.get("readOnly") is True and bool(record.get("requestID"))
        return next(
            (a for a in self.attempts if a.call.operation == name and not (a_look and a.request_id)), None
        )

    def touched(self) -> frozenset[str]:
        """The names of what all the faults' calls acted on."""
        return frozenset[str]().union(*(attempt.touched() for attempt in self.attempts))


def _older(record: Mapping[str, Any], at: datetime) -> bool:
    """Whether a record says that it is from before; `eventTime` has whole seconds."""
    try:
        return datetime.fromisoformat(str(record["eventTime"])) < at.replace(microsecond=0) - _CLOCKS_AGREE
    except (KeyError, ValueError):
        return False


def session_name(trace_id: str) -> str:
    """The role session name of a run."""
    return f"chaoskit-{trace_id}"


@dataclass(frozen=True, slots=True)
class Observation:
    """What a probe saw.

    Attributes:
        holds: True, False, or None when it can't be told.
        summary: One sentence for a person.
        evidence: What proves it, JSON-shaped, with no secret in it.
        at: The evidence's own timestamp; None when the evidence carries none.
        cause: When the call that it stems from was sent; None counts from the run's first call.
        final: Looking again can't change the answer.
    """

    holds: bool | None
    summary: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    cause: datetime | None = None
    final: bool = False


@dataclass(frozen=True, slots=True)
class About:
    """What the registry knows of a fault or probe besides its code."""

    name: str
    layer: Layer | None = None
    attack: tuple[str, ...] = ()
    atlas: tuple[str, ...] = ()
    owasp_ml: tuple[str, ...] = ()


class Element(Record):
    """What faults and probes share: a name in the registry and a documented purpose."""

    about: ClassVar[About]
    example: ClassVar[Mapping[str, Any]] = {}
    """Values for the documentation, of parameters whose kind alone does not tell what may be given."""

    @classmethod
    def summary(cls) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(cls) or "").partition("\n")[0]

    @classmethod
    def meanings(cls) -> dict[str, str]:
        """What the docstring says of each parameter, in one line each."""
        _, _, attributes = (inspect.getdoc(cls) or "").partition("\nAttributes:\n")
        return {
            match[1]: " ".join(match[2].split())
            for match in re.finditer(r"^    (\w+): (.*(?:\n {8}.*)*)", attributes, re.MULTILINE)
        }


class Fault(Element):
    """Changes the account and can put it back."""

    def changes(self, aws: Reader) -> Changes:
        """Yield the changes, in order. May read through `aws`; the engine does the rest."""
        raise NotImplementedError


class Probe(Element):
    """Looks once."""

    reads: ClassVar[tuple[str, ...]] = ()
    """The operations it calls, as `service:Operation`."""

    def lends(self) -> tuple[str, ...]:
        """What another tool that it runs must be allowed to call, on any resource."""
        return ()

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Look at the account, or at what the run did, and answer."""
        raise NotImplementedError

    def ready(self, aws: Reader) -> Observation:
        """Whether what this probe reads is switched on: a silent detector proves nothing."""
        del aws
        return Observation(holds=True, summary="needs no telemetry")

    def before(self, aws: Reader, trace: Trace) -> frozenset[str]:
        """Ids of what there is already of the kind that `look` counts, which clocks tell less surely.

        Asked just before the first call; `look` leaves out what is in `trace.before`.
        """
        del aws, trace
        return frozenset()


F = TypeVar("F", bound=Fault)
P = TypeVar("P", bound=Probe)

FAULTS: Final[Registry[type[Fault]]] = Registry("chaoskit.faults")
PROBES: Final[Registry[type[Probe]]] = Registry("chaoskit.probes")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def fault(
    name: str,
    *,
    layer: Layer,
    attack: tuple[str, ...] = (),
    atlas: tuple[str, ...] = (),
    owasp_ml: tuple[str, ...] = (),
) -> Callable[[type[F]], type[F]]:
    """Register a fault under the name that experiments use.

    Args:
        name: `service.what-it-does`.
        layer: The layer of defence it attacks.
        attack: MITRE ATT&CK technique ids (Enterprise matrix).
        atlas: MITRE ATLAS technique ids.
        owasp_ml: OWASP Machine Learning Security Top 10 (2023) ids.
    """

    def register(cls: type[F]) -> type[F]:
        made = record(cls)
        made.about = About(name, layer, attack, atlas, owasp_ml)
        FAULTS.add(made)
        return made

    return register


@dataclass_transform(frozen_default=True, kw_only_default=True)
def probe(name: str) -> Callable[[type[P]], type[P]]:
    """Register a probe under the name that experiments use."""

    def register(cls: type[P]) -> type[P]:
        made = record(cls)
        made.about = About(name)
        PROBES.add(made)
        return made

    return register
