"""A function gets a layer that it was not deployed with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "lambda.attach-layer",
    layer="application",
    attack=("T1648", "T1574"),
    atlas=("AML.T0010",),
    owasp_ml=("ML06",),
)
class AttachLayer(Fault):
    """Add a layer to a function: its modules are then on the path, and the function's code stays as it was.

    Detected by: UpdateFunctionConfiguration (lambda.amazonaws.com)

    Attributes:
        function: The function's name.
        layer: ARN of the layer's version.
    """

    function: str
    layer: str

    def changes(self, aws: Reader) -> Changes:
        """Append the layer; undone by the prior list. Attached already, it is not ours to take off."""
        where: dict[str, Any] = {"FunctionName": self.function}
        attached = Query("lambda", "GetFunctionConfiguration", where, "Layers[].Arn")
        prior: list[str] = aws.read(attached) or []
        if self.layer in prior:
            return
        yield Change(
            do=Call(
                "lambda",
                "UpdateFunctionConfiguration",
                not_yet=("ResourceConflictException",),
                **where,
                Layers=[*prior, self.layer],
            ),
            undo=(Call("lambda", "UpdateFunctionConfiguration", **where, Layers=prior),),
            state=attached,
        )
