"""A role is created without the boundary that its kind must have."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._identities import GONE, each_of

if TYPE_CHECKING:
    from chaoskit.aws import Each, Reader
    from chaoskit.contract import Changes


@fault("iam.create-unbounded-role", layer="identity", attack=("T1098.003", "T1136.003"), owasp_ml=("ML05",))
class CreateUnboundedRole(Fault):
    """Create a role without a permissions boundary, which can then be granted anything.

    Detected by: CloudTrail CreateRole without `permissionsBoundary` in its request parameters.

    Attributes:
        role: The new role's name; one that exists already is left alone.
        path: Its path, which guardrails go by.
        service: The service that it trusts.
    """

    role: str = "chaoskit-unbounded"
    path: str = "/ml/research/"
    service: str = "sagemaker.amazonaws.com"

    def changes(self, aws: Reader) -> Changes:
        """Create it; undone by deleting it with all that it has been given meanwhile, be it a denial."""
        which: dict[str, Any] = {"RoleName": self.role}
        there = Query("iam", "GetRole", which, "Role.RoleName", absent=(GONE,))
        if aws.read(there) is not None:  # in another case, too: IAM does not tell such names apart
            return
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": self.service},
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringEquals": {"aws:SourceAccount": aws.account}},
                }
            ],
        }
        create = Call(
            "iam", "CreateRole", **which, Path=self.path, AssumeRolePolicyDocument=json.dumps(trust)
        )
        delete = Call("iam", "DeleteRole", absent_ok=(GONE,), **which)
        yield Change(do=create, undo=(*_stripped(self.role), delete), state=there)


def _stripped(role: str) -> tuple[Each, ...]:
    """What must go before IAM deletes a role (IAM API Reference, DeleteRole)."""
    who = {"RoleName": role}
    given = (
        ("ListRolePolicies", "PolicyNames", "DeleteRolePolicy", "PolicyName"),
        ("ListAttachedRolePolicies", "AttachedPolicies[].PolicyArn", "DetachRolePolicy", "PolicyArn"),
        (
            "ListInstanceProfilesForRole",
            "InstanceProfiles[].InstanceProfileName",
            "RemoveRoleFromInstanceProfile",
            "InstanceProfileName",
        ),
    )
    return tuple(each_of(who, *what) for what in given)
