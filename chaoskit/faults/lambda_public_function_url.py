"""A function gets a URL that anyone can call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

SID: Final = "ChaoskitPublicUrl"
INVOKE_SID: Final = "ChaoskitPublicUrlInvoke"
_STATEMENTS: Final[Mapping[str, Mapping[str, Any]]] = {
    SID: {"Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"},
    INVOKE_SID: {"Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True},
}


@fault(
    "lambda.public-function-url",
    layer="application",
    attack=("T1546", "T1648"),
    atlas=("AML.T0040",),
    owasp_ml=("ML05",),
)
class PublicFunctionUrl(Fault):
    """Give a function a URL without authentication: a way in past the web ACL, the authorizer and the limits.

    Detected by: CreateFunctionUrlConfig, UpdateFunctionUrlConfig, AddPermission (lambda.amazonaws.com)

    Attributes:
        function: The function's name.
    """

    function: str

    def changes(self, aws: Reader) -> Changes:
        """Make the URL, then let everyone call it; undone by deleting it, or by the authentication it had.

        All three are needed: a URL since October 2025 asks for lambda:InvokeFunctionUrl and
        lambda:InvokeFunction (AWS Lambda Developer Guide, "Control access to Lambda function URLs").
        """
        where: dict[str, Any] = {"FunctionName": self.function}
        gone = ("ResourceNotFoundException",)
        auth = Query("lambda", "GetFunctionUrlConfig", where, "AuthType", absent=gone)
        prior: str | None = aws.read(auth)
        if prior is None:
            yield Change(
                do=Call("lambda", "CreateFunctionUrlConfig", **where, AuthType="NONE"),
                undo=(Call("lambda", "DeleteFunctionUrlConfig", absent_ok=gone, **where),),
                state=auth,
            )
        elif prior != "NONE":
            yield Change(
                do=Call("lambda", "UpdateFunctionUrlConfig", **where, AuthType="NONE"),
                undo=(Call("lambda", "UpdateFunctionUrlConfig", absent_ok=gone, **where, AuthType=prior),),
                state=auth,
            )
        for sid, statement in _STATEMENTS.items():
            # A runbook may take both away, and the policy with them: none is the same as one without it.
            select = f"contains(Policy, '\"{sid}\"') || `null`"
            there = Query("lambda", "GetPolicy", where, select, absent=gone)
            if aws.read(there):
                continue
            yield Change(
                do=Call("lambda", "AddPermission", **where, StatementId=sid, Principal="*", **statement),
                undo=(Call("lambda", "RemovePermission", absent_ok=gone, **where, StatementId=sid),),
                state=there,
            )
