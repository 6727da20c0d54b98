"""A secret is written into a function's environment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_VALUE: Final = "chaoskit-canary-not-a-secret"
_SECRET: Final = re.compile(r"(?i)(password|passwd|secret(?!_id)|token|api_?key|access_?key)")


@fault(
    "lambda.secret-in-environment", layer="data", attack=("T1552",), atlas=("AML.T0055",), owasp_ml=("ML05",)
)
class SecretInEnvironment(Fault):
    """Write what looks like a password into a function's environment, for all who may read its settings.

    The value is a canary. A function whose environment seems to hold secrets already is left alone: the
    undo is the prior environment, and a secret must not get into a journal.

    Detected by: UpdateFunctionConfiguration (lambda.amazonaws.com)

    Attributes:
        function: The function's name.
        variable: The variable's name.
    """

    function: str
    variable: str = "DB_PASSWORD"

    def changes(self, aws: Reader) -> Changes:
        """Add the variable; undone by the prior ones."""
        where: dict[str, Any] = {"FunctionName": self.function}
        variables = Query("lambda", "GetFunctionConfiguration", where, "Environment.Variables")
        prior: dict[str, str] = aws.read(variables) or {}
        if self.variable in prior or any(map(_SECRET.search, prior)):
            return
        do, undo = (
            Call(
                "lambda",
                "UpdateFunctionConfiguration",
                not_yet=("ResourceConflictException",),
                **where,
                Environment={"Variables": each},
            )
            for each in ({**prior, self.variable: _VALUE}, prior)
        )
        yield Change(do=do, undo=(undo,), state=variables)
