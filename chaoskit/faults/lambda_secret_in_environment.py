"""A secret is written into a function's environment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.errors import GuardError

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_VALUE: Final = "chaoskit-canary-not-a-secret"
_NAME: Final = re.compile(
    r"pass|pwd|secret(?!_id)|token|credential|private|auth|bearer|cookie|session|dsn|conn|jwt|hmac|salt|"
    r"webhook|(api|access|account|client|encryption|master|shared|signing|ssh|storage)_?key|_key$|ur[il]$",
    re.IGNORECASE,
)
"""Names of what is commonly a secret, or an address with one in it: better one too many than one told."""
_HELD: Final = re.compile(
    r"://[^/\s:@]*:[^/\s@]+@|-----BEGIN|(AKIA|ASIA)[A-Z0-9]{16}|eyJ[\w-]+\.eyJ|(password|pwd|accountkey)=",
    re.IGNORECASE,
)
"""Secrets by their form: in an address, PEM, access keys, JSON web tokens, connection strings."""


@fault(
    "lambda.secret-in-environment", layer="data", attack=("T1552",), atlas=("AML.T0055",), owasp_ml=("ML05",)
)
class SecretInEnvironment(Fault):
    """Write what looks like a password into a function's environment, for all who may read its settings.

    The value is a canary. A function whose environment seems to hold secrets already is refused: the undo is
    the prior environment, and a secret must not get into a journal. So is one whose environment is not told.

    Detected by: UpdateFunctionConfiguration (lambda.amazonaws.com)

    Attributes:
        function: The function's name.
        variable: The variable's name.
    """

    function: str
    variable: str = "DB_PASSWORD"

    def changes(self, aws: Reader) -> Changes:
        """Add the variable; undone by the prior ones.

        Raises:
            GuardError: The prior variables can't be read, or must not be written down.
        """
        where: dict[str, Any] = {"FunctionName": self.function}
        # What Lambda can't decrypt for the caller is left out of an answer that is none the less a success
        # (AWS Lambda API Reference, EnvironmentResponse).
        error = aws.read(Query("lambda", "GetFunctionConfiguration", where, "Environment.Error.ErrorCode"))
        if error:
            raise GuardError(
                f"{self.function}'s environment can't be read ({error}), so it could not be put back: let "
                "the run's role use the function's KMS key (kms:Decrypt), or name another function"
            )
        variables = Query("lambda", "GetFunctionConfiguration", where, "Environment.Variables || `{}`")
        prior: dict[str, str] = aws.read(variables)
        if self.variable in prior:
            return
        secret = sorted(name for name, held in prior.items() if _NAME.search(name) or _HELD.search(held))
        if secret:
            raise GuardError(
                f"{self.function}'s environment seems to hold secrets ({', '.join(secret)}), which would get "
                "into the journal: keep them in Secrets Manager, or name another function"
            )
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
