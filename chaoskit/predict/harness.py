"""The permissions that experiments need: derived from their calls, and the reads of their probes.

Calls that a fault makes with a leaked key are the key holder's, and not counted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import ITEM, Call, Each
from chaoskit.contract import Trace
from chaoskit.engine import plan
from chaoskit.errors import AwsError
from chaoskit.permissions import requirements
from chaoskit.permissions.arns import resource_types
from chaoskit.permissions.statements import SESSION_LIMIT, Grant, fitting
from chaoskit.predict.account import ReadAccount
from chaoskit.predict.callers import planned, who_is
from chaoskit.predict.identities import Identities
from chaoskit.predict.look import Look

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chaoskit.aws import Message, Query, Reader
    from chaoskit.contract import Probe
    from chaoskit.experiment import Experiment
    from chaoskit.switches import Switches

_OPEN: Final = re.compile(rf"<[A-Za-z][^<>\s]*>|{re.escape(ITEM)}")
_VARIABLE: Final = re.compile(r"\$\{(\w+)\}")
# Conditions worth keeping: what a key or role may be used for. Others only describe the very call.
_KEPT: Final = ("iam:PassedToService", "kms:ViaService")


@dataclass(slots=True)
class Needs:
    """Calls by what they are for; the names are the Sids of the policy."""

    inject: list[Call] = field(default_factory=list)
    undo: list[Call] = field(default_factory=list)
    read: list[Call] = field(default_factory=list)
    declared: set[str] = field(default_factory=set)
    """Reads that probes declare, as `service:Operation`; what they will read is only known in part."""
    heard: set[str] = field(default_factory=set)
    """Names that only a reply told, such as an execution's id: another run will hear others."""
    lent: set[str] = field(default_factory=set)
    """Reads that other tools make with the run's credentials, whatever they are of."""
    missing: list[str] = field(default_factory=list)
    """Why some calls can't be told beforehand."""


class Recorder:
    """A `Reader` that notes what is read. Queues are left alone.

    Attributes:
        calls: The reads.
        heard: Texts that only replies told.
    """

    def __init__(self, aws: Reader, told: str = "") -> None:
        """Nothing is read yet; names in the text `told` are known without a reply."""
        self.account = aws.account
        self.region = aws.region
        self.calls: list[Call] = []
        self.heard: set[str] = set()
        self._look = Look(aws)
        self._told = told

    def read(self, query: Query) -> Any:
        """See `Reader`."""
        self.calls.append(_call(query))
        reply = self._look.read(query)
        self.heard.update(text for text in _texts(reply) if text not in self._told)
        return reply

    def messages(self, queue_url: str) -> list[Message]:
        """See `Reader`; a run takes what is there and deletes what is its own."""
        self.calls.append(Call("sqs", "ReceiveMessage", QueueUrl=queue_url))
        self.calls.append(Call("sqs", "DeleteMessageBatch", QueueUrl=queue_url))
        return []


def needs(experiment: Experiment, aws: Reader, *, looks: bool = True) -> Needs:
    """What a run of an experiment calls. Reads the account and lets the probes look once.

    Args:
        experiment: What is run.
        aws: The account.
        looks: The same role guards and observes; False where the target has a role that does.
    """
    found = Needs()
    recorder = Recorder(aws, told=repr(experiment))
    for fault in plan(experiment, recorder):
        if fault.problem:
            found.missing.append(f"{experiment.id}: {fault.name}: {fault.problem}")
        for change in fault.changes:
            if change.do.signed_by is None:
                found.inject.append(change.do)
            for step in change.undo:
                found.undo.append(step.call if isinstance(step, Each) else step)
                if isinstance(step, Each):
                    found.read.append(_call(step.items))
            if change.state:
                found.read.append(_call(change.state))
    trace = Trace("plan", datetime.now(UTC))
    for probe in probes(experiment) if looks else ():
        found.declared |= set(probe.reads)
        found.lent |= set(probe.lends())
        # What a probe that fails wanted to read is noted all the same.
        with suppress(AwsError):
            probe.ready(recorder)
        with suppress(AwsError):
            probe.look(recorder, trace)
    found.read += recorder.calls
    found.heard = recorder.heard
    return found


def grants(every: Iterable[Needs], aws: Reader, caller: str) -> dict[str, set[Grant]]:
    """The grants for these needs, by Sid.

    Args:
        every: What experiments call.
        aws: The account, for the paths of roles and the like.
        caller: ARN of who makes the calls.
    """
    look = Look(aws)
    known = ReadAccount(look, Identities(look))
    who = who_is(caller)
    groups: dict[str, set[Grant]] = {"Inject": set(), "Undo": set(), "Read": set()}

    def granted(call: Call) -> Iterator[Grant]:
        for needed in requirements(planned(call, who, look.region, None), known):
            kept: tuple[tuple[str, str], ...] = (("aws:RequestedRegion", call.region),) if call.region else ()
            kept += tuple((key, str((needed.keys or {})[key])) for key in _KEPT if key in (needed.keys or {}))
            yield Grant(needed.action, _OPEN.sub("*", needed.resource), kept)

    for each in every:
        for sid, calls in (("Inject", each.inject), ("Undo", each.undo), ("Read", each.read)):
            groups[sid] |= {grant for call in calls for grant in granted(call)}
        fleeting = {str(call) for call in each.read if any(_heard_in(call, each.heard, granted))}
        seen = {str(call) for call in each.read} - fleeting
        for name in (each.declared - seen) | each.lent:
            groups["Read"] |= set(_anywhere(name, look, granted))
    return {sid: found for sid, found in groups.items() if found}


def engine_needs(switches: Switches) -> Needs:
    """What chaoskit itself reads: the outputs of the workload's stacks before runs, kill switches in them."""
    return Needs(
        read=[
            Call("cloudformation", "DescribeStacks"),
            *(_call(query) for query in switches.queries()),
        ]
    )


def session_policies(
    experiment: Experiment, aws: Reader, caller: str, switches: Switches, *, looks: bool = True
) -> tuple[str, ...]:
    """Session policies for a run, the narrowest first: wider ones are for when STS packs one too large.

    `looks` is as of `needs`. None for an experiment of which not all calls can be told beforehand: a limit
    must not break its undo.
    """
    needed = needs(experiment, aws, looks=looks)
    if needed.missing:
        return ()
    needed.read += [_call(query) for query in switches.queries() if looks]
    groups = grants([needed], aws, caller)
    return tuple(policy.text for policy in fitting(groups, SESSION_LIMIT))


def _heard_in(call: Call, heard: set[str], granted: Any) -> Iterator[bool]:
    """For each name that a call has from a reply: whether it is the resource's."""
    names = [text for text in _texts(call.params) if text in heard]
    for grant in granted(call) if names else ():
        yield from (name in grant.resource for name in names)


def _anywhere(name: str, look: Look, granted: Any) -> Iterator[Grant]:
    """A declared read, of any resource of the types that it always names."""
    service, _, operation = name.partition(":")
    places = {"Partition": "aws", "Region": look.region, "Account": look.account}
    for grant in granted(Call(service, operation)):
        patterns = [kind.pattern for kind in resource_types(grant.action) if kind.required]
        for pattern in patterns or ["*"]:
            arn = _VARIABLE.sub(lambda found: places.get(found[1], "*"), pattern)
            yield Grant(grant.action, arn)


def probes(experiment: Experiment) -> Iterator[Probe]:
    """Every probe of an experiment."""
    yield from experiment.steady_state
    yield from experiment.stop_conditions
    for expectation in experiment.expect:
        yield expectation.probe
        if expectation.repaired_by:
            yield expectation.repaired_by


def _texts(value: Any) -> Iterator[str]:
    """Every text in a reply or in parameters, but for names of members."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _call(query: Query) -> Call:
    return Call(query.service, query.operation, **query.params)
