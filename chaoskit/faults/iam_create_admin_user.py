"""A user with administrator rights is created."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._identities import ADMINISTRATOR, GONE, each_of

if TYPE_CHECKING:
    from chaoskit.aws import Each, Reader
    from chaoskit.contract import Changes


@fault("iam.create-admin-user", layer="identity", attack=("T1136.003", "T1098.003"), owasp_ml=("ML05",))
class CreateAdminUser(Fault):
    """Create a user and attach a managed policy to it, as an intruder who means to come back would.

    Detected by: CloudTrail CreateUser, AttachUserPolicy.

    Attributes:
        user: The new user's name; one that exists already is left alone.
        path: Its path, which guardrails go by.
        policy: ARN of the managed policy.
    """

    user: str = "chaoskit-intruder"
    path: str = "/"
    policy: str = ADMINISTRATOR

    def changes(self, aws: Reader) -> Changes:
        """Create and attach; undone by deleting the user with all that it has been given meanwhile."""
        who: dict[str, Any] = {"UserName": self.user}
        there = Query("iam", "GetUser", who, "User.UserName", absent=(GONE,))
        if aws.read(there) is not None:  # in another case, too: IAM does not tell such names apart
            return
        yield Change(
            do=Call("iam", "CreateUser", **who, Path=self.path),
            undo=(*_stripped(self.user), Call("iam", "DeleteUser", absent_ok=(GONE,), **who)),
            state=there,
        )
        attached = Query(
            "iam", "ListAttachedUserPolicies", who, "sort(AttachedPolicies[].PolicyArn)", absent=(GONE,)
        )
        detach = Call("iam", "DetachUserPolicy", absent_ok=(GONE,), **who, PolicyArn=self.policy)
        yield Change(
            do=Call("iam", "AttachUserPolicy", **who, PolicyArn=self.policy), undo=(detach,), state=attached
        )


def _stripped(user: str) -> tuple[Call | Each, ...]:
    """What must go before IAM deletes a user (IAM API Reference, DeleteUser).

    A virtual MFA device is somebody's own, and stays, assigned to nobody.
    """
    who: dict[str, Any] = {"UserName": user}
    given = (
        ("ListAccessKeys", "AccessKeyMetadata[].AccessKeyId", "DeleteAccessKey", "AccessKeyId"),
        (
            "ListSigningCertificates",
            "Certificates[].CertificateId",
            "DeleteSigningCertificate",
            "CertificateId",
        ),
        ("ListSSHPublicKeys", "SSHPublicKeys[].SSHPublicKeyId", "DeleteSSHPublicKey", "SSHPublicKeyId"),
        (
            "ListServiceSpecificCredentials",
            "ServiceSpecificCredentials[].ServiceSpecificCredentialId",
            "DeleteServiceSpecificCredential",
            "ServiceSpecificCredentialId",
        ),
        ("ListMFADevices", "MFADevices[].SerialNumber", "DeactivateMFADevice", "SerialNumber"),
        ("ListUserPolicies", "PolicyNames", "DeleteUserPolicy", "PolicyName"),
        ("ListAttachedUserPolicies", "AttachedPolicies[].PolicyArn", "DetachUserPolicy", "PolicyArn"),
        ("ListGroupsForUser", "Groups[].GroupName", "RemoveUserFromGroup", "GroupName"),
    )
    return (
        Call("iam", "DeleteLoginProfile", absent_ok=(GONE,), **who),
        *(each_of(who, *what) for what in given),
    )
