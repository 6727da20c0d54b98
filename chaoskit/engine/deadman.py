"""The dead-man's switch: AWS itself undoes a change by a deadline, if nobody else has done so before.

Armed before a change is made and disarmed after it is undone, it needs neither this machine nor its
journal nor its credentials. It is a one-time EventBridge Scheduler schedule in the account that acts as the
undo role. Its target is the undo call itself, where that is one call that takes back just what was added;
else an SSM Automation document that looks first whether the state is still what the fault left.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change
from chaoskit.engine.drift import is_exact
from chaoskit.errors import GuardError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from chaoskit.aws import Aws

ARMED: Final = "dead-man's switch"
"""What the journal calls the fault whose changes arm it."""
NAMED: Final = "chaoskit-"
"""What the names of schedules and documents begin with; then come the run's trace id and a number."""
_LARGEST_DOCUMENT: Final = 64 * 1024  # Systems Manager User Guide, "Amazon Systems Manager quotas": 64 KB
_START: Final = "arn:aws:scheduler:::aws-sdk:ssm:startAutomationExecution"
_GROUP: Final = "default"
_FIRST_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Arming:
    """What arms the switch of one change, and how it is told what the change left.

    Attributes:
        changes: The calls that arm it, each with what takes it away again.
        deadline: When it fires, UTC; AWS does so within the minute.
    """

    changes: tuple[Change, ...]
    deadline: datetime
    _schedule: Mapping[str, Any] = field(default_factory=dict)
    _document: str = ""

    def told(self, after: Any) -> Call | None:
        """The call that tells the armed switch the state with the fault in, or None when it needs not."""
        if not self._document:
            return None
        return Call("scheduler", "UpdateSchedule", **_left(self._schedule, self._document, digest(after)))


@dataclass(frozen=True, slots=True)
class Switch:
    """Arms changes of one run.

    Attributes:
        aws: The account, as the undo role.
        role_arn: The undo role.
        dead_letters: ARN of the queue that tells of an undo that AWS could not make.
        trace_id: The run's.
        lasting_s: How long a change may stay: `max_duration` and what rollback may take.
    """

    aws: Aws
    role_arn: str
    dead_letters: str
    trace_id: str
    lasting_s: float

    def arming(
        self, number: int, change: Change, captured: Any, listed: Sequence[Any], now: datetime
    ) -> Arming:
        """What arms the switch of a change.

        Args:
            number: Of the change in its run: names are made of it, so that anybody finds what was armed.
            change: The change; it must have something to undo.
            captured: The state before it.
            listed: For each undo step, the items that were there before.
            now: The time.

        Raises:
            GuardError: It does not fit what AWS takes.
        """
        name = f"{NAMED}{self.trace_id}-{number}"
        deadline = _whole_minute(now.astimezone(UTC) + timedelta(seconds=self.lasting_s))
        undo = [step.dump() for step in change.undo]
        schedule: dict[str, Any] = {
            "GroupName": _GROUP,
            "Name": name,
            "Description": f"chaoskit undoes {change.do} if the run that made it can't",
            "ScheduleExpression": f"at({deadline:%Y-%m-%dT%H:%M:%S})",
            "ScheduleExpressionTimezone": "UTC",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ActionAfterCompletion": "DELETE",
            "Target": {
                "RoleArn": self.role_arn,
                "DeadLetterConfig": {"Arn": self.dead_letters},
                "RetryPolicy": {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 86_400},
            },
        }
        if len(undo) == 1 and "each" not in undo[0] and is_exact(change.do.dump(), undo):
            service = self.aws.sdk_id(undo[0]["service"])
            operation: str = undo[0]["operation"]
            schedule["Target"] |= {
                "Arn": f"arn:aws:scheduler:::aws-sdk:{service}:{operation[0].lower()}{operation[1:]}",
                "Input": json.dumps(_plain(undo[0]["params"])),
            }
            return Arming((_armed_by(schedule),), deadline)
        plan = {
            "undo": _plain(undo),
            "listed": list(listed),
            "state": change.state.dump() if change.state else None,
            "captured": digest(captured),
            "exact": is_exact(change.do.dump(), undo),
        }
        content = document(plan, self.role_arn)
        if len(content.encode()) > _LARGEST_DOCUMENT:
            raise GuardError(
                f"The undo of {change.do} is too large for a dead-man's switch (an SSM document takes "
                f"{_LARGEST_DOCUMENT // 1024} KB): nothing was injected. Say --no-deadman to do without."
            )
        kind: dict[str, Any] = {"DocumentType": "Automation", "DocumentFormat": "JSON"}
        created = Call("ssm", "CreateDocument", Name=name, Content=content, **kind)
        deleted = Call("ssm", "DeleteDocument", absent_ok=("InvalidDocument",), Name=name)
        there = Query("ssm", "GetDocument", {"Name": name}, "Name", absent=("InvalidDocument",))
        target = {**schedule["Target"], "Arn": _START}
        whole = {**schedule, "Target": target}
        return Arming(
            (Change(created, (deleted,), there), _armed_by(_left(whole, name, ""))), deadline, whole, name
        )


def digest(state: Any) -> str:
    """A state's fingerprint: what an Automation's parameter has room for."""
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()


def document(plan: Mapping[str, Any], role_arn: str) -> str:
    """The SSM Automation document that carries out an undo, as JSON."""
    script = files("chaoskit.engine").joinpath("undo_script.txt").read_text("utf-8")
    return json.dumps(
        {
            "schemaVersion": "0.3",
            "description": "chaoskit: undo what a run that has died left behind, if it is still there",
            "assumeRole": role_arn,
            "parameters": {
                "Left": {
                    "type": "String",
                    "default": "",
                    "description": "Fingerprint of the state with the fault in; empty when nobody saw it",
                    "allowedPattern": "^[0-9a-f]{0,64}$",
                }
            },
            "mainSteps": [
                {
                    "name": "Undo",
                    "action": "aws:executeScript",
                    "isEnd": True,
                    "maxAttempts": 3,
                    "timeoutSeconds": 600,
                    "inputs": {
                        "Runtime": "python3.11",
                        "Handler": "undo",
                        # Automation would take doubled braces for a variable of its own.
                        "InputPayload": {
                            "Plan": json.dumps(plan).replace("{{", "{\\u007b"),
                            "Left": "{{ Left }}",
                        },
                        "Script": script,
                    },
                }
            ],
        }
    )


def _armed_by(schedule: Mapping[str, Any]) -> Change:
    name = schedule["Name"]
    gone = "ResourceNotFoundException"
    return Change(
        Call("scheduler", "CreateSchedule", **schedule),
        (Call("scheduler", "DeleteSchedule", absent_ok=(gone,), GroupName=_GROUP, Name=name),),
        Query("scheduler", "GetSchedule", {"GroupName": _GROUP, "Name": name}, "Name", absent=(gone,)),
    )


def _left(schedule: Mapping[str, Any], document: str, after: str) -> dict[str, Any]:
    given = json.dumps({"DocumentName": document, "Parameters": {"Left": [after]} if after else {}})
    return {**schedule, "Target": {**schedule["Target"], "Input": given}}


def _whole_minute(moment: datetime) -> datetime:
    """The first whole minute that is not before it; AWS fires within a minute of the time."""
    full = moment.replace(second=0, microsecond=0)
    return full if full == moment else full + _FIRST_MINUTE


def _plain(value: Any) -> Any:
    """JSON as AWS takes it: bytes, which the journal marks, as base64."""
    match value:
        case {"$bytes": str(text)}:
            return base64.b64encode(base64.b64decode(text)).decode()
        case dict():
            return {key: _plain(inner) for key, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case _:
            return value
