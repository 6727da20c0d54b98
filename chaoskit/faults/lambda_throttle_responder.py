"""A responder function may not run any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("lambda.throttle-responder", layer="application", attack=("T1685",))
class ThrottleResponder(Fault):
    """Reserve no concurrency for a function, so that every call of the responder is throttled.

    Detected by: CloudTrail `PutFunctionConcurrency20171031`.

    Attributes:
        function: The function's name.
    """

    function: str

    def changes(self, aws: Reader) -> Changes:
        """Set it to 0; undone by the prior reservation, or by taking it away where none was."""
        reserved = Query(
            "lambda",
            "GetFunctionConcurrency",
            {"FunctionName": self.function},
            "ReservedConcurrentExecutions",
        )
        prior = aws.read(reserved)
        if prior == 0:
            return
        named: dict[str, Any] = {"FunctionName": self.function}
        yield Change(
            do=Call("lambda", "PutFunctionConcurrency", **named, ReservedConcurrentExecutions=0),
            undo=(
                Call("lambda", "DeleteFunctionConcurrency", absent_ok=("ResourceNotFoundException",), **named)
                if prior is None
                else Call("lambda", "PutFunctionConcurrency", **named, ReservedConcurrentExecutions=prior),
            ),
            state=reserved,
        )
