"""Looks whether a function is closed to outsiders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe
from chaoskit.probes._sharing import is_own

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("lambda.function-closed")
class FunctionClosed(Probe):
    """The function has no URL without authentication, and no statement lets in everyone or another account.

    Attributes:
        function: The function's name.
    """

    function: str

    reads = ("lambda:GetFunctionConfiguration", "lambda:GetFunctionUrlConfig", "lambda:GetPolicy")

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the function's URL and its policy."""
        del trace
        where, gone = {"FunctionName": self.function}, ("ResourceNotFoundException",)
        arn: str = aws.read(Query("lambda", "GetFunctionConfiguration", where, "FunctionArn"))
        url = aws.read(Query("lambda", "GetFunctionUrlConfig", where, "AuthType", absent=gone))
        policy = aws.read(Query("lambda", "GetPolicy", where, "Policy", absent=gone, parse_json=True)) or {}
        account = arn.split(":")[4]
        stated = policy.get("Statement", [])
        stated = [stated] if isinstance(stated, dict) else stated
        statements = [each.get("Sid", "?") for each in stated if _opens(each, account)]
        ways = [*(["its URL"] if url == "NONE" else []), *(f"statement {sid}" for sid in statements)]
        return Observation(
            holds=not ways,
            summary=f"function {self.function} is "
            + (f"open to outsiders by {' and '.join(ways)}" if ways else "closed to outsiders"),
            evidence={"url_auth_type": url, "open_statements": statements},
        )


def _opens(statement: Mapping[str, Any], account: str) -> bool:
    """Whether a statement names everyone or another account; services are told apart by conditions."""
    principal = statement.get("Principal", {})
    named = principal.get("AWS", []) if isinstance(principal, dict) else principal
    names = [named] if isinstance(named, str) else named
    return statement.get("Effect") == "Allow" and any(not is_own(name, account) for name in names)
