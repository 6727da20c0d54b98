"""A session is taken without the session policy that should narrow it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from chaoskit.aws import Call
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._sessions import session

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "sts.unscoped-session",
    layer="identity",
    attack=("T1078.004", "T1550.001"),
    atlas=("AML.T0012",),
    owasp_ml=("ML05",),
)
class UnscopedSession(Fault):
    """Assume a role that a broker hands out narrowed to one project, but without a session policy.

    IAM has no condition key that could ask for one, so a broker's mistake, or an intruder in its place, gets
    all that the role may do. The session then asks who it is, and is dropped.

    Detected by: CloudTrail AssumeRole without `policy` in its request parameters.

    Attributes:
        role_arn: The role. It must trust the caller.
    """

    role_arn: str

    example: ClassVar = {"role_arn": "arn:aws:iam::444455556666:role/a-role"}

    def changes(self, aws: Reader) -> Changes:
        """Take the session and use it once; it ends by itself in 15 minutes."""
        del aws
        keys = yield from session(self.role_arn, "chaoskit-unscoped")
        yield Change(do=Call("sts", "GetCallerIdentity", signed_by=keys))
