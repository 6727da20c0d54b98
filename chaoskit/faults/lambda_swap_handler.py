"""A function is started at another place than it was deployed to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "lambda.swap-handler",
    layer="application",
    attack=("T1648", "T1574"),
    atlas=("AML.T0010",),
    owasp_ml=("ML06", "ML09"),
)
class SwapHandler(Fault):
    """Point a function's handler elsewhere, such as into a layer that wraps it: the code's hash stays.

    Detected by: UpdateFunctionConfiguration (lambda.amazonaws.com)

    Attributes:
        function: The function's name.
        handler: The handler that takes its place.
    """

    function: str
    handler: str = "wrapper.handler"

    def changes(self, aws: Reader) -> Changes:
        """Set the handler; undone by the prior one. Set so already, it is not ours to undo."""
        where: dict[str, Any] = {"FunctionName": self.function}
        current = Query("lambda", "GetFunctionConfiguration", where, "Handler")
        prior: str = aws.read(current)
        if prior == self.handler:
            return
        yield Change(
            do=Call(
                "lambda",
                "UpdateFunctionConfiguration",
                not_yet=("ResourceConflictException",),
                **where,
                Handler=self.handler,
            ),
            undo=(Call("lambda", "UpdateFunctionConfiguration", **where, Handler=prior),),
            state=current,
        )
