"""Experiments for what was found: each fault on the resources that it could be injected into.

What is expected comes from the account itself. A call that its policies stop becomes a guardrail; for any
other, a rule that reports the call and has a queue becomes the detection, or else CloudTrail's event history.
A fault that nothing would tell of is left out: such an experiment could never pass.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from chaoskit.contract import FAULTS
from chaoskit.discover.detectors import Detectors
from chaoskit.experiment import BlastRadius, Expectation, Experiment, Role
from chaoskit.predict import foresee
from chaoskit.probes.call_denied import CallDenied
from chaoskit.result import Foreseen
from chaoskit.slo import Duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chaoskit.aws import Reader
    from chaoskit.contract import Fault
    from chaoskit.discover.inventory import Inventory
    from chaoskit.predict import Foresight, Predictor
    from chaoskit.predict.foresight import ForeseenChange
    from chaoskit.result import Prediction

_LONGEST_NAME: Final = 60
_HASHED: Final = 8
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


def proposals(
    aws: Reader, found: Inventory, predictor: Predictor, most: int, caller: str
) -> Iterator[Proposal]:
    """Propose experiments.

    Args:
        aws: The account, read-only.
        found: What it has.
        predictor: What its policies say.
        most: How many a fault, at the most.
        caller: ARN of the role that a run assumes, or of the identity that it uses as it is.
    """
    detectors = Detectors(aws, found, predictor, caller)
    taken = set[str]()
    for kind in FAULTS:
        for fault in itertools.islice(_instances(kind, found), most):
            name = _id(fault, taken)
            taken.add(name)
            proposal = _proposal(name, fault, aws, predictor, detectors)
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


def _proposal(
    name: str, fault: Fault, aws: Reader, predictor: Predictor, detectors: Detectors
) -> Proposal | None:
    """The experiment of one fault; None when it can't be planned, would call nothing, or could never pass."""
    experiment = _draft(name, fault, aws)
    foresight = foresee(experiment, predictor)
    changes = [change for each in foresight.faults for change in each.changes]
    if not changes or any(each.problem for each in foresight.faults):
        return None
    expected = _expected(foresight, detectors)
    if expected is None:
        return None
    expect, why = expected
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


def _expected(foresight: Foresight, detectors: Detectors) -> tuple[str, str] | None:
    """What to expect, and why; None when nothing would show."""
    changes = [change for each in foresight.faults for change in each.changes]
    stopped = next((each for each in changes if each.prediction.effect is Foreseen.STOPPED), None)
    return _guardrail(stopped) if stopped else _detection(changes, detectors)


def _guardrail(stopped: ForeseenChange) -> tuple[str, str] | None:
    told, operation = stopped.prediction, stopped.call.operation
    layer = _AS_NAMED.get(told.layer or "any", told.layer or "any")
    if layer not in _LAYERS:  # S3 refuses an ACL where it has none, and that is no denial
        return None
    by, unless = (layer, "") if told.certain else ("any", ", unless another one does so before")
    return (
        f"  - guardrail: {{call.denied: {{by: {by}, operation: {operation}}}}}",
        f"The account's policies stop {operation}: {told}{unless}.",
    )


def _detection(changes: Sequence[ForeseenChange], detectors: Detectors) -> tuple[str, str] | None:
    last = changes[-1].call
    begins = _not_stopped(last.operation, [each.prediction for each in changes])
    rule = detectors.rule([each.call for each in changes])
    if rule:
        return (
            f"  - detection: {{eventbridge.matched: {{rule: {rule}}}}}\n    within: 60s",
            f"{begins} the rule {rule} reports it.",
        )
    recorded = detectors.in_history(last)
    if recorded is None:
        return None
    return (
        f"  - detection: {{cloudtrail.event: {{event_name: {recorded}}}}}\n    within: {_FOR_A_TRAIL}",
        f"{begins} no rule was found to report it, but CloudTrail records it.",
    )


def _not_stopped(operation: str, predictions: Sequence[Prediction]) -> str:
    """The beginning of a hypothesis, no surer than what was predicted."""
    open_ = next((each for each in predictions if each.effect is Foreseen.DEPENDS), None)
    return f"Whether {operation} is stopped {open_}; if not," if open_ else f"Nothing stops {operation};"


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


def _id(fault: Fault, taken: set[str]) -> str:
    """A name from the fault and what it is given; with a hash of both where that alone is none of its own."""
    given = [str(value) for value in _given(fault).values()]
    words = [fault.about.name, *(value.rpartition("/")[2].rpartition(":")[2] for value in given)]
    plain = re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower()).strip("-")
    if len(plain) <= _LONGEST_NAME and plain not in taken:
        return plain
    whole = json.dumps([fault.about.name, *given])
    cut = plain[: _LONGEST_NAME - _HASHED - 1].strip("-")
    return f"{cut}-{hashlib.sha256(whole.encode()).hexdigest()[:_HASHED]}"


_LAYERS: Final = frozenset(
    {"scp", "rcp", "boundary", "identity", "session", "resource", "endpoint", "bpa", "any"}
)
_AS_NAMED: Final = {"kms": "resource"}  # AWS's messages call a key policy so
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
