"""A function is moved to the role of another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("lambda.share-role", layer="identity", attack=("T1098.003", "T1548.005"), owasp_ml=("ML05",))
class ShareRole(Fault):
    """Let a function run as a role that another function runs as, so that it may do what both need.

    Who takes over the weaker function then has the stronger one's rights, and the audit trail can't tell them
    apart.

    Detected by: CloudTrail UpdateFunctionConfiguration20150331v2 with `role` in its request parameters.

    Attributes:
        function: The function's name.
        role_arn: The other function's role.
    """

    function: str
    role_arn: str

    example: ClassVar = {"role_arn": "arn:aws:iam::444455556666:role/a-role"}

    def changes(self, aws: Reader) -> Changes:
        """Change the role; undone by the prior one. Shared already, it is not ours."""
        which: dict[str, Any] = {"FunctionName": self.function}
        role = Query("lambda", "GetFunctionConfiguration", which, "Role")
        prior: str = aws.read(role)
        if prior == self.role_arn:
            return
        yield Change(
            do=Call("lambda", "UpdateFunctionConfiguration", **which, Role=self.role_arn),
            undo=(Call("lambda", "UpdateFunctionConfiguration", **which, Role=prior),),
            state=role,
        )
