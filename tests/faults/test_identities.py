"""Faults in roles, users and policies, while somebody else works on the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chaoskit.faults.iam_create_admin_user import CreateAdminUser
from chaoskit.faults.iam_create_login_profile import CreateLoginProfile
from chaoskit.faults.iam_create_unbounded_role import CreateUnboundedRole
from chaoskit.faults.iam_new_policy_version import NewPolicyVersion
from chaoskit.faults.iam_put_group_policy import PutGroupPolicy
from chaoskit.faults.iam_put_role_policy import PutRolePolicy
from chaoskit.faults.iam_put_user_policy import PutUserPolicy
from chaoskit.faults.iam_strip_responder_role import StripResponderRole
from chaoskit.faults.iam_tamper_role_tag import TamperRoleTag
from tests.sandbox.aws import allow, deny, policy, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chaoskit.aws import Query
    from chaoskit.contract import Fault
    from chaoskit.engine import Undone
    from tests.faults.between import Account

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
DENIED = "arn:aws:iam::aws:policy/AWSDenyAll"
LOGS = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
THEIRS = policy(allow("s3:ListAllMyBuckets"))
OURS = "chaoskit-everything"
TRUST = policy({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})


@pytest.fixture
def iam(place: Account) -> Any:
    return place.client("iam")


@pytest.fixture
def role(iam: Any) -> Iterator[str]:
    """A role of the test's own."""
    iam.create_role(RoleName="plain", AssumeRolePolicyDocument=TRUST)
    yield "plain"
    for name in iam.list_role_policies(RoleName="plain")["PolicyNames"]:
        iam.delete_role_policy(RoleName="plain", PolicyName=name)
    for each in iam.list_attached_role_policies(RoleName="plain")["AttachedPolicies"]:
        iam.detach_role_policy(RoleName="plain", PolicyArn=each["PolicyArn"])
    iam.delete_role(RoleName="plain")


def tags(iam: Any, role: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in iam.list_role_tags(RoleName=role)["Tags"]}


def out(undone: list[Undone]) -> bool:
    """Whether all of a fault is out, and more than nothing was in."""
    assert [each.note for each in undone if not each.ok] == []
    return bool(undone)


@pytest.mark.parametrize("kind", ["role", "user", "group"])
def test_an_inline_policy_goes_though_somebody_adds_another(
    iam: Any, place: Account, tmp_path: Path, kind: str
) -> None:
    name = f"inline-{kind}"
    who = {f"{kind.title()}Name": name}
    more = {"AssumeRolePolicyDocument": TRUST} if kind == "role" else {}
    getattr(iam, f"create_{kind}")(**who, **more)
    put, left = getattr(iam, f"put_{kind}_policy"), getattr(iam, f"list_{kind}_policies")
    faults: dict[str, Fault] = {
        "role": PutRolePolicy(role=name),
        "user": PutUserPolicy(user=name),
        "group": PutGroupPolicy(group=name),
    }

    def meanwhile() -> None:
        assert left(**who)["PolicyNames"] == [OURS]
        put(**who, PolicyName="theirs", PolicyDocument=THEIRS)

    assert out(place.undone(faults[kind], tmp_path, meanwhile))
    assert left(**who)["PolicyNames"] == ["theirs"]


def test_an_inline_policy_that_somebody_has_rewritten_is_left_to_them(
    iam: Any, place: Account, tmp_path: Path, role: str
) -> None:
    def meanwhile() -> None:
        iam.put_role_policy(RoleName=role, PolicyName=OURS, PolicyDocument=THEIRS)

    (undone,) = place.undone(PutRolePolicy(role=role), tmp_path, meanwhile)
    assert "somebody else has changed it since" in undone.note
    assert iam.get_role_policy(RoleName=role, PolicyName=OURS)["PolicyDocument"] == json.loads(THEIRS)


def test_an_inline_policy_that_is_there_already_is_not_ours(iam: Any, place: Account, role: str) -> None:
    iam.put_role_policy(RoleName=role, PolicyName=OURS, PolicyDocument=THEIRS)
    assert list(PutRolePolicy(role=role).changes(place)) == []


def test_a_responders_policy_is_attached_again_though_somebody_attaches_another(
    iam: Any, place: Account, tmp_path: Path, role: str
) -> None:
    iam.attach_role_policy(RoleName=role, PolicyArn=LOGS)

    def meanwhile() -> None:
        iam.attach_role_policy(RoleName=role, PolicyArn=READ_ONLY)

    assert out(place.undone(StripResponderRole(role=role, policy=LOGS), tmp_path, meanwhile))
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert sorted(each["PolicyArn"] for each in attached) == sorted([LOGS, READ_ONLY])


@pytest.mark.parametrize("prior", [{}, {"project": "blue"}, {"Project": "blue"}])
def test_a_tag_is_as_it_was_though_somebody_adds_another(
    iam: Any, place: Account, tmp_path: Path, role: str, prior: dict[str, str]
) -> None:
    iam.tag_role(RoleName=role, Tags=[{"Key": key, "Value": value} for key, value in prior.items()])

    def meanwhile() -> None:
        assert list(tags(iam, role).values()) == ["chaoskit-foreign"]
        iam.tag_role(RoleName=role, Tags=[{"Key": "touched-by", "Value": "an auto-tagger"}])

    assert out(place.undone(TamperRoleTag(role=role), tmp_path, meanwhile))
    assert tags(iam, role) == {**prior, "touched-by": "an auto-tagger"}


@pytest.mark.parametrize("prior", [{}, {"project": "blue"}])
def test_a_tag_that_somebody_has_set_since_stays(
    iam: Any, place: Account, tmp_path: Path, role: str, prior: dict[str, str]
) -> None:
    iam.tag_role(RoleName=role, Tags=[{"Key": key, "Value": value} for key, value in prior.items()])

    def meanwhile() -> None:
        iam.tag_role(RoleName=role, Tags=[{"Key": "project", "Value": "green"}])

    place.undone(TamperRoleTag(role=role), tmp_path, meanwhile)
    assert tags(iam, role) == {"project": "green"}


def test_a_role_that_has_the_tag_in_another_case_is_left_alone(iam: Any, place: Account, role: str) -> None:
    iam.tag_role(RoleName=role, Tags=[{"Key": "PROJECT", "Value": "chaoskit-foreign"}])
    assert list(TamperRoleTag(role=role).changes(place)) == []


def test_a_new_role_goes_with_all_that_it_was_given_meanwhile(
    iam: Any, place: Account, tmp_path: Path
) -> None:
    which = {"RoleName": "chaoskit-unbounded"}
    iam.create_instance_profile(InstanceProfileName="theirs")

    def meanwhile() -> None:
        iam.attach_role_policy(**which, PolicyArn=DENIED)
        iam.put_role_policy(**which, PolicyName="no", PolicyDocument=policy(deny("*")))
        iam.add_role_to_instance_profile(**which, InstanceProfileName="theirs")

    assert out(place.undone(CreateUnboundedRole(), tmp_path, meanwhile))
    assert refusal(iam.get_role, **which)[0] == "NoSuchEntity"
    assert iam.get_instance_profile(InstanceProfileName="theirs")["InstanceProfile"]["Roles"] == []


@pytest.fixture
def certificate() -> str:
    """A signing certificate, which moto looks into."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "theirs")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_a_new_user_goes_with_all_that_it_was_given_meanwhile(
    iam: Any, place: Account, tmp_path: Path, certificate: str
) -> None:
    who = {"UserName": "chaoskit-intruder"}
    iam.create_group(GroupName="theirs")

    def meanwhile() -> None:
        iam.create_login_profile(**who, Password="aA1!" * 5)
        iam.create_access_key(**who)
        iam.upload_signing_certificate(**who, CertificateBody=certificate)
        iam.upload_ssh_public_key(**who, SSHPublicKeyBody="ssh-rsa AAAA")
        iam.create_service_specific_credential(**who, ServiceName="codecommit.amazonaws.com")
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName="theirs")["VirtualMFADevice"]
        codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
        iam.enable_mfa_device(**who, SerialNumber=device["SerialNumber"], **codes)
        iam.put_user_policy(**who, PolicyName="no", PolicyDocument=policy(deny("*")))
        iam.attach_user_policy(**who, PolicyArn=DENIED)
        iam.add_user_to_group(**who, GroupName="theirs")

    assert out(place.undone(CreateAdminUser(), tmp_path, meanwhile))
    assert refusal(iam.get_user, **who)[0] == "NoSuchEntity"
    assert iam.get_group(GroupName="theirs")["Users"] == []


class Spelled:
    """An account that knows everybody by another spelling, as IAM may: case tells no names apart."""

    account, region = "444455556666", "us-east-1"

    def read(self, query: Query) -> Any:
        return {"GetUser": "Chaoskit-Intruder", "GetRole": "Unbounded", "GetLoginProfile": "CI"}[
            query.operation
        ]

    def messages(self, queue_url: str) -> Any:
        raise NotImplementedError(queue_url)


@pytest.mark.parametrize(
    "fault",
    [CreateAdminUser(), CreateUnboundedRole(role="unbounded"), CreateLoginProfile(user="ci")],
    ids=lambda fault: fault.about.name,
)
def test_what_is_there_in_another_case_is_left_alone(fault: Fault) -> None:
    assert list(fault.changes(Spelled())) == []


def test_a_policys_default_is_put_back_though_somebody_makes_a_version(
    iam: Any, place: Account, tmp_path: Path
) -> None:
    which = {"PolicyArn": iam.create_policy(PolicyName="p", PolicyDocument=THEIRS)["Policy"]["Arn"]}

    def meanwhile() -> None:
        iam.create_policy_version(**which, PolicyDocument=policy(allow("s3:GetObject")))

    assert out(place.undone(NewPolicyVersion(policy=which["PolicyArn"]), tmp_path, meanwhile))
    versions = iam.list_policy_versions(**which)["Versions"]
    assert {each["VersionId"]: each["IsDefaultVersion"] for each in versions} == {"v1": True, "v3": False}
