"""A role's sessions come to last longer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_SHORTEST: Final = 3600  # IAM API Reference, "UpdateRole"


@fault("iam.extend-session-duration", layer="identity", attack=("T1098.003", "T1550.001"), owasp_ml=("ML05",))
class ExtendSessionDuration(Fault):
    """Let a role's sessions last longer than a working day, so that stolen ones are of use overnight.

    Detected by: CloudTrail UpdateRole.

    Attributes:
        role: The role's name, without its path.
        seconds: The new maximum; AWS takes up to 43,200 (12 hours).
    """

    role: str
    seconds: int = 43_200

    def changes(self, aws: Reader) -> Changes:
        """Update the role; undone by the prior duration and description. One as long is not ours."""
        which: dict[str, Any] = {"RoleName": self.role}
        shape = "Role.{longest: MaxSessionDuration, description: Description || ''}"  # none is empty
        role = Query("iam", "GetRole", which, shape)
        prior = aws.read(role)
        if (prior["longest"] or _SHORTEST) >= self.seconds:
            return
        kept = {**which, "Description": prior["description"]} if prior["description"] else which
        longest = max(prior["longest"] or _SHORTEST, _SHORTEST)
        yield Change(
            do=Call("iam", "UpdateRole", **kept, MaxSessionDuration=self.seconds),
            undo=(Call("iam", "UpdateRole", **kept, MaxSessionDuration=longest),),
            state=role,
        )
