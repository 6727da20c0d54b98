"""The exception tree, and the exit code that each branch ends a command with.

ChaoskitError
├── SpecError            an experiment file is wrong; nothing was called
├── GuardError           a guard refused: account, region, blast radius, what could not be undone
├── TargetError          the account can't be reached: credentials, network, endpoint
├── JournalError         the record of undo can't be written, read or locked
└── AwsError           an AWS API answered with an error
    └── DeniedError           ... because a policy said no; `layer` names which
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class ExitCode(IntEnum):
    """What a command's exit status means; the worst of a set wins."""

    PASSED = 0
    FAILED = 1
    SPEC = 2
    ABORTED = 3
    INCONCLUSIVE = 4
    ERROR = 5


class ChaoskitError(Exception):
    """Anything chaoskit reports to a person: one sentence, no traceback."""

    exit_code = ExitCode.ERROR


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a file: where it is (1-based) and what to do about it."""

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


class SpecError(ChaoskitError):
    """Everything that is wrong in the given experiment files, found in one pass."""

    exit_code = ExitCode.SPEC

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))


class GuardError(ChaoskitError):
    """A guard refused to go on."""

    exit_code = ExitCode.ABORTED


class TargetError(ChaoskitError):
    """The target account can't be reached or used."""


class JournalError(ChaoskitError):
    """The journal can't be used; without it nothing is injected."""


class AwsError(ChaoskitError):
    """An AWS API answered with an error.

    Attributes:
        code: The API's error code, e.g. `NoSuchEntity`.
        message: The API's own words.
        request_id: What CloudTrail calls `requestID`; empty when no answer came.
        sent: False when the request surely never reached the service.
        transient: True when the same call may succeed later (throttling, 5xx, time-out).
    """

    def __init__(
        self,
        call: str,
        code: str,
        message: str,
        *,
        request_id: str = "",
        sent: bool = True,
        transient: bool = False,
    ) -> None:
        message = " ".join(message.split())
        super().__init__(f"{call} failed: {code}: {message}")
        self.call = call
        self.code = code
        self.message = message
        self.request_id = request_id
        self.sent = sent
        self.transient = transient


class DeniedError(AwsError):
    """A policy refused the call.

    Attributes:
        layer: Which kind of policy refused: scp, rcp, boundary, session, identity, resource,
            endpoint, bpa or unknown.
    """

    def __init__(self, call: str, code: str, message: str, *, layer: str, request_id: str = "") -> None:
        super().__init__(call, code, message, request_id=request_id)
        self.layer = layer
