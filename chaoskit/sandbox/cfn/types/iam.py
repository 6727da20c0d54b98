"""AWS::IAM: roles, users and groups, with their inline and managed policies."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, document, gone_is_fine, names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.sandbox.cfn.types.base import Job


class _Identity(ResourceType):
    """What roles, users and groups have in common; `kind` is the word in IAM's operations, `Role` for one."""

    kind: str

    def named(self, was: Physical) -> dict[str, str]:
        return {f"{self.kind}Name": was.id}

    def grant(self, job: Job, was: Physical) -> None:
        """Bring inline policies, managed policies, boundary and tags to what the template says."""
        iam, who, kind = job.client("iam"), self.named(was), self.kind.lower()
        wanted, had = _inline(job.properties), _inline(job.before)
        for name in had.keys() - wanted.keys():
            getattr(iam, f"delete_{kind}_policy")(**who, PolicyName=name)
        for name, text in wanted.items():
            if had.get(name) != text:
                getattr(iam, f"put_{kind}_policy")(**who, PolicyName=name, PolicyDocument=text)
        attach, attached = _managed(job.properties), _managed(job.before)
        for arn in sorted(attached - attach):
            getattr(iam, f"detach_{kind}_policy")(**who, PolicyArn=arn)
        for arn in sorted(attach - attached):
            getattr(iam, f"attach_{kind}_policy")(**who, PolicyArn=arn)

    def change_boundary(self, job: Job, was: Physical) -> None:
        iam, who, kind = job.client("iam"), self.named(was), self.kind.lower()
        boundary = job.properties.get("PermissionsBoundary")
        if boundary == job.before.get("PermissionsBoundary"):
            return
        if boundary:
            getattr(iam, f"put_{kind}_permissions_boundary")(**who, PermissionsBoundary=boundary)
        else:
            getattr(iam, f"delete_{kind}_permissions_boundary")(**who)

    def retag(self, job: Job, was: Physical) -> None:
        if job.tags:
            getattr(job.client("iam"), f"tag_{self.kind.lower()}")(**self.named(was), Tags=job.tag_list())

    def revoke(self, job: Job, was: Physical) -> None:
        """Take away what the template granted, so that the identity can be deleted."""
        iam, who, kind = job.client("iam"), self.named(was), self.kind.lower()
        for name in _inline(job.properties):
            with gone_is_fine():
                getattr(iam, f"delete_{kind}_policy")(**who, PolicyName=name)
        for arn in _managed(job.properties):
            with gone_is_fine():
                getattr(iam, f"detach_{kind}_policy")(**who, PolicyArn=arn)


class Role(_Identity):
    """AWS::IAM::Role: Ref is the name; Arn, RoleId."""

    name = "AWS::IAM::Role"
    kind = "Role"
    properties = names(
        "AssumeRolePolicyDocument Description ManagedPolicyArns MaxSessionDuration Path "
        "PermissionsBoundary Policies RoleName Tags"
    )
    replaced_by = names("RoleName Path")

    def create(self, job: Job) -> Physical:
        made = job.client("iam").create_role(
            RoleName=job.properties.get("RoleName") or job.generated_name(64),
            AssumeRolePolicyDocument=document(job.properties["AssumeRolePolicyDocument"]),
            Tags=job.tag_list(),
            **job.pick("Path", "Description", "MaxSessionDuration", "PermissionsBoundary"),
        )["Role"]
        was = job.claim(Physical(made["RoleName"], {"Arn": made["Arn"], "RoleId": made["RoleId"]}))
        self.grant(job, was)
        return was

    def update(self, job: Job, was: Physical) -> Physical:
        iam = job.client("iam")
        trust = document(job.properties["AssumeRolePolicyDocument"])
        if trust != document(job.before["AssumeRolePolicyDocument"]):
            iam.update_assume_role_policy(RoleName=was.id, PolicyDocument=trust)
        if job.pick("Description", "MaxSessionDuration") != {
            name: job.before[name] for name in ("Description", "MaxSessionDuration") if name in job.before
        }:
            iam.update_role(
                RoleName=was.id,
                Description=job.properties.get("Description", ""),
                MaxSessionDuration=int(job.properties.get("MaxSessionDuration", 3600)),
            )
        self.change_boundary(job, was)
        self.grant(job, was)
        self.retag(job, was)
        return was

    def delete(self, job: Job, was: Physical) -> None:
        self.revoke(job, was)
        with gone_is_fine():
            job.client("iam").delete_role(RoleName=was.id)


class User(_Identity):
    """AWS::IAM::User: Ref is the name; Arn."""

    name = "AWS::IAM::User"
    kind = "User"
    properties = names("Groups ManagedPolicyArns Path PermissionsBoundary Policies Tags UserName")
    replaced_by = names("UserName")

    def create(self, job: Job) -> Physical:
        iam = job.client("iam")
        made = iam.create_user(
            UserName=job.properties.get("UserName") or job.generated_name(64),
            Tags=job.tag_list(),
            **job.pick("Path", "PermissionsBoundary"),
        )["User"]
        was = job.claim(Physical(made["UserName"], {"Arn": made["Arn"]}))
        self._join(job, was)
        self.grant(job, was)
        return was

    def update(self, job: Job, was: Physical) -> Physical:
        iam = job.client("iam")
        path = job.properties.get("Path", "/")
        if path != job.before.get("Path", "/"):
            iam.update_user(UserName=was.id, NewPath=path)
        self._join(job, was)
        self.change_boundary(job, was)
        self.grant(job, was)
        self.retag(job, was)
        return Physical(was.id, {"Arn": iam.get_user(UserName=was.id)["User"]["Arn"]})

    def delete(self, job: Job, was: Physical) -> None:
        iam = job.client("iam")
        for group in job.properties.get("Groups", []):
            with gone_is_fine():
                iam.remove_user_from_group(UserName=was.id, GroupName=group)
        self.revoke(job, was)
        with gone_is_fine():
            iam.delete_user(UserName=was.id)

    def _join(self, job: Job, was: Physical) -> None:
        iam = job.client("iam")
        wanted, had = set(job.properties.get("Groups", [])), set(job.before.get("Groups", []))
        for group in sorted(had - wanted):
            iam.remove_user_from_group(UserName=was.id, GroupName=group)
        for group in sorted(wanted - had):
            iam.add_user_to_group(UserName=was.id, GroupName=group)


class Group(_Identity):
    """AWS::IAM::Group: Ref is the name; Arn. Groups have neither tags nor boundaries."""

    name = "AWS::IAM::Group"
    kind = "Group"
    properties = names("GroupName ManagedPolicyArns Path Policies")
    replaced_by = names("GroupName Path")

    def create(self, job: Job) -> Physical:
        name = job.properties.get("GroupName") or job.generated_name(128)
        made = job.client("iam").create_group(GroupName=name, **job.pick("Path"))["Group"]
        was = job.claim(Physical(made["GroupName"], {"Arn": made["Arn"]}))
        self.grant(job, was)
        return was

    def update(self, job: Job, was: Physical) -> Physical:
        self.grant(job, was)
        return was

    def delete(self, job: Job, was: Physical) -> None:
        self.revoke(job, was)
        with gone_is_fine():
            job.client("iam").delete_group(GroupName=was.id)


class ManagedPolicy(ResourceType):
    """AWS::IAM::ManagedPolicy: Ref is the ARN. Who has it says so itself, in ManagedPolicyArns."""

    name = "AWS::IAM::ManagedPolicy"
    properties = names("Description ManagedPolicyName Path PolicyDocument")
    replaced_by = names("Description ManagedPolicyName Path")

    def create(self, job: Job) -> Physical:
        made = job.client("iam").create_policy(
            PolicyName=job.properties.get("ManagedPolicyName") or job.generated_name(128),
            PolicyDocument=document(job.properties["PolicyDocument"]),
            Tags=job.tag_list(),
            **job.pick("Description", "Path"),
        )["Policy"]
        return Physical(made["Arn"], {"PolicyArn": made["Arn"]})

    def update(self, job: Job, was: Physical) -> Physical:
        text = document(job.properties["PolicyDocument"])
        if text != document(job.before["PolicyDocument"]):
            self._drop_versions(job, was)
            job.client("iam").create_policy_version(PolicyArn=was.id, PolicyDocument=text, SetAsDefault=True)
        return was

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            self._drop_versions(job, was)
            job.client("iam").delete_policy(PolicyArn=was.id)

    def _drop_versions(self, job: Job, was: Physical) -> None:
        """Delete all versions but the default one: there is room for five."""
        iam = job.client("iam")
        for version in iam.list_policy_versions(PolicyArn=was.id)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=was.id, VersionId=version["VersionId"])


def _inline(given: Mapping[str, Any]) -> dict[str, str]:
    return {policy["PolicyName"]: document(policy["PolicyDocument"]) for policy in given.get("Policies", [])}


def _managed(given: Mapping[str, Any]) -> set[str]:
    return set(given.get("ManagedPolicyArns", []))
