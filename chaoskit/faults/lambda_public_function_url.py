"""A function gets a URL that anyone can call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

SID: Final = "ChaoskitPublicUrl"


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

        Both are needed (AWS Lambda Developer Guide, "Control access to Lambda function URLs").
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
        policy = Query("lambda", "GetPolicy", where, "Policy", absent=gone, parse_json=True)
        if f'"{SID}"' in str(aws.read(Query("lambda", "GetPolicy", where, "Policy", absent=gone))):
            return
        yield Change(
            do=Call(
                "lambda",
                "AddPermission",
                **where,
                StatementId=SID,
                Action="lambda:InvokeFunctionUrl",
                Principal="*",
                FunctionUrlAuthType="NONE",
            ),
            undo=(Call("lambda", "RemovePermission", absent_ok=gone, **where, StatementId=SID),),
            state=policy,
        )
