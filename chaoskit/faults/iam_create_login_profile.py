"""A user who has none gets a console password."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from chaoskit.aws import Call, Query, Secret
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._identities import GONE

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("iam.create-login-profile", layer="identity", attack=("T1098.001", "T1098.003"), owasp_ml=("ML05",))
class CreateLoginProfile(Fault):
    """Give a user of programs a console password, as an intruder who wants a way in of their own would.

    The password is random, and neither kept nor written anywhere.

    Detected by: CloudTrail CreateLoginProfile.

    Attributes:
        user: The user's name; one who has a password already is left alone.
    """

    user: str

    def changes(self, aws: Reader) -> Changes:
        """Create it; undone by deleting it."""
        who: dict[str, Any] = {"UserName": self.user}
        profile = Query("iam", "GetLoginProfile", who, "LoginProfile.UserName", absent=(GONE,))
        if aws.read(profile) is not None:
            return
        # One of each kind of character, whatever the account's password policy asks for.
        password = Secret(f"aA1!{secrets.token_urlsafe(32)}")
        yield Change(
            do=Call("iam", "CreateLoginProfile", **who, Password=password, PasswordResetRequired=False),
            undo=(Call("iam", "DeleteLoginProfile", absent_ok=(GONE,), **who),),
            state=profile,
        )
