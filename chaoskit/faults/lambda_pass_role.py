"""A role is passed to a new function, whose code then acts as it."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any, ClassVar

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_GONE = "ResourceNotFoundException"


@fault("lambda.pass-role", layer="identity", attack=("T1548.005", "T1648"), owasp_ml=("ML05",))
class PassRoleToFunction(Fault):
    """Create a function that runs as a stronger role, as who may pass a role but not assume it would.

    The code does nothing, and is never called.

    Detected by: CloudTrail CreateFunction20150331.

    Attributes:
        role_arn: The role; it must trust Lambda.
        function: The new function's name; one that exists already is left alone.
    """

    role_arn: str
    function: str = "chaoskit-escalation"

    example: ClassVar = {"role_arn": "arn:aws:iam::444455556666:role/a-role"}

    def changes(self, aws: Reader) -> Changes:
        """Create it; undone by deleting it."""
        which: dict[str, Any] = {"FunctionName": self.function}
        there = Query("lambda", "GetFunctionConfiguration", which, "FunctionName", absent=(_GONE,))
        if aws.read(there) == self.function:
            return
        yield Change(
            do=Call(
                "lambda",
                "CreateFunction",
                **which,
                Role=self.role_arn,
                Runtime="python3.12",
                Handler="index.handler",
                Code={"ZipFile": _idle()},
            ),
            undo=(Call("lambda", "DeleteFunction", absent_ok=(_GONE,), **which),),
            state=there,
        )


def _idle() -> bytes:
    """Code that does nothing, the same bytes each time."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr(zipfile.ZipInfo("index.py", (1980, 1, 1, 0, 0, 0)), "def handler(*_): pass\n")
    return archive.getvalue()
