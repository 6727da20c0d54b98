"""Experiments for what was found: each fault on the resources that it could be injected into.

What is expected comes from the account itself. A call that its policies are sure to stop becomes a guardrail;
for any other, a rule that names the call and has a queue becomes the detection, or else CloudTrail's record.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Query
from chaoskit.contract import FAULTS
from chaoskit.errors import AwsError
from chaoskit.experiment import BlastRadius, Expectation, Experiment, Role
from chaoskit.predict import foresee
from chaoskit.probes.call_denied import CallDenied
from chaoskit.result import Foreseen
from chaoskit.slo import Duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chaoskit.aws import Reader
    from chaoskit.contract import Fault
    from chaoskit.discover.inventory import Inventory
    from chaoskit.predict import Foresight, Predictor

_LONGEST_NAME: Final = 60
_RULES: Final = Query(
    "events", "ListRules", {}, "Rules[?State=='ENABLED'].{name: Name, pattern: EventPattern}"
)
_FOR_A_TRAIL: Final = "20m"
"""CloudTrail delivers within 5 minutes on average (User Guide, "How CloudTrail works"); no promise."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """An experiment as a file.

    Attributes:
        id: Its id, which is the file's name.
        layer: Its folder.
        text: The YAML.
        why: Why it expects what it does, one sentence.
    """

    id: str
    layer: str
    text: str
    why: str

    @property
    def path(self) -> Path:
        """Where it belongs, below a folder of experiments."""
        return Path(self.layer, f"{self.id}.yaml")


def proposals(aws: Reader, found: Inventory, predictor: Predictor, most: int) -> Iterator[Proposal]:
    """Propose experiments.

    Args:
        aws: The account, read-only.
        found: What it has.
        predictor: What its policies say.
        most: How many a fault, at the most.
    """
    rules = _rules(aws, found)
    for kind in FAULTS:
        for fault in itertools.islice(_instances(kind, found), most):
            proposal = _proposal(fault, aws, predictor, rules)
            if proposal is not None:
                yield proposal


def _instances(kind: type[Fault], found: Inventory) -> Iterator[Fault]:
    """The fault with each set of parameters that the inventory can give."""
    service = kind.about.name.partition(".")[0]
    required = [
        field.name
        for field in dataclasses.fields(kind)  # type: ignore[arg-type] # the registry holds dataclasses
        if field.default is dataclasses.MISSING
    ]
    choices = [found.of(service, name) for name in required]
    for values in itertools.product(*choices) if required else [()]:
        yield kind(**dict(zip(required, values, strict=True)))


def _proposal(fault: Fault, aws: Reader, predictor: Predictor, rules: Mapping[str, str]) -> Proposal | None:
    """The experiment of one fault; None when it would call nothing, or can't be planned."""
    name = _id(fault)
    experiment = _draft(name, fault, aws)
    foresight = foresee(experiment, predictor)
    changes = [change for each in foresight.faults for change in each.changes]
    if not changes or any(each.problem for each in foresight.faults):
        return None
    expect, why = _expected(foresight, rules)
    text = _TEMPLATE.format(
        id=name,
        title=json.dumps(experiment.title),
        layer=fault.about.layer,
        hypothesis=why,
        attack=", ".join(fault.about.attack),
        account=aws.account,
        region=aws.region,
        changes=len(changes),
        fault=fault.about.name,
        parameters=json.dumps(_given(fault)),
        expect=expect,
    )
    return Proposal(name, fault.about.layer or "", text, why)


def _expected(foresight: Foresight, rules: Mapping[str, str]) -> tuple[str, str]:
    changes = [change for each in foresight.faults for change in each.changes]
    for change in changes:
        told = change.prediction
        if told.effect is Foreseen.STOPPED and told.certain and told.layer in _LAYERS:
            operation = change.call.operation
            return (
                f"  - guardrail: {{call.denied: {{by: {told.layer}, operation: {operation}}}}}",
                f"The account's policies stop {operation}: {told}.",
            )
    last = changes[-1].call
    rule = rules.get(last.operation)
    if rule:
        return (
            f"  - detection: {{eventbridge.matched: {{rule: {rule}}}}}\n    within: 60s",
            f"Nothing stops {last.operation}; the rule {rule} reports it.",
        )
    return (
        f"  - detection: {{cloudtrail.event: {{event_name: {last.operation}}}}}\n    within: {_FOR_A_TRAIL}",
        f"Nothing stops {last.operation}, and no rule reports it: at least CloudTrail records it.",
    )


def _draft(name: str, fault: Fault, aws: Reader) -> Experiment:
    return Experiment(
        id=name,
        title=f"{fault.about.name} on {', '.join(map(str, _given(fault).values())) or 'the account'}",
        owner="",
        layer=fault.about.layer or "identity",
        hypothesis="",
        blast_radius=BlastRadius((aws.account,), (aws.region,), Duration(1800), 20),
        faults=(fault,),
        expect=(Expectation(Role.GUARDRAIL, CallDenied(by="any")),),
        path=Path(f"{name}.yaml"),
    )


def _given(fault: Fault) -> dict[str, Any]:
    """The parameters that are not the fault's own defaults."""
    return {
        field.name: getattr(fault, field.name)
        for field in dataclasses.fields(fault)  # type: ignore[arg-type] # faults are dataclasses
        if field.default is dataclasses.MISSING
    }


def _id(fault: Fault) -> str:
    words = [
        fault.about.name,
        *(str(value).rpartition("/")[2].rpartition(":")[2] for value in _given(fault).values()),
    ]
    plain = re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower()).strip("-")
    return plain[:_LONGEST_NAME].strip("-")


def _rules(aws: Reader, found: Inventory) -> dict[str, str]:
    """The rule that names each event and sends it to a queue, by the event's name."""
    named: dict[str, str] = {}
    try:
        rules: Sequence[Mapping[str, Any]] = aws.read(_RULES) or []
        for rule in rules:
            pattern = json.loads(rule.get("pattern") or "{}")
            names = (pattern.get("detail") or {}).get("eventName") or []
            events = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
            if events and _has_queue(aws, rule["name"]):
                for event in events:
                    named.setdefault(event, rule["name"])
    except AwsError as error:
        found.unread.append(str(error))
    return named


def _has_queue(aws: Reader, rule: str) -> bool:
    targets = aws.read(Query("events", "ListTargetsByRule", {"Rule": rule}, "Targets[].Arn")) or []
    return any(":sqs:" in arn for arn in targets)


_LAYERS: Final = frozenset({"scp", "rcp", "boundary", "identity", "session", "resource", "endpoint", "bpa"})
_TEMPLATE: Final = """\
# Proposed by `chaoskit discover`. Look it over: add an owner, a steady state, and what must stop a run.
id: {id}
title: {title}
owner: unassigned
layer: {layer}
hypothesis: >
  {hypothesis}
maps:
  attack: [{attack}]

blast_radius:
  accounts: ["{account}"]
  regions: [{region}]
  max_duration: 30m
  max_changes: {changes}

faults:
  - {fault}: {parameters}

expect:
{expect}
"""
