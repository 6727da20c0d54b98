"""A function may be invoked by everyone, or by another account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

SID: Final = "ChaoskitOpen"


@fault(
    "lambda.open-resource-policy",
    layer="application",
    attack=("T1546", "T1648"),
    atlas=("AML.T0040",),
    owasp_ml=("ML05",),
)
class OpenResourcePolicy(Fault):
    """Add a statement to a function's policy that lets outsiders invoke it: a back door that outlives keys.

    Detected by: AddPermission (lambda.amazonaws.com)

    Attributes:
        function: The function's name.
        principal: Who may then invoke it: `*`, or the ARN of another account's root.
    """

    function: str
    principal: str = "*"

    def changes(self, aws: Reader) -> Changes:
        """Add the statement; undone by removing it. There already, it is not ours to remove."""
        where: dict[str, Any] = {"FunctionName": self.function}
        gone = ("ResourceNotFoundException",)
        policy = Query("lambda", "GetPolicy", where, "Policy", absent=gone, parse_json=True)
        if any(statement.get("Sid") == SID for statement in (aws.read(policy) or {}).get("Statement", ())):
            return
        yield Change(
            do=Call(
                "lambda",
                "AddPermission",
                **where,
                StatementId=SID,
                Action="lambda:InvokeFunction",
                Principal=self.principal,
            ),
            undo=(Call("lambda", "RemovePermission", absent_ok=gone, **where, StatementId=SID),),
            state=policy,
        )
