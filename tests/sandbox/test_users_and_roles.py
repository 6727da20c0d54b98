"""What IAM does with users and roles beyond moto: tag keys in any case, and what must go before a user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.aws import policy, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.aws import Aws

TRUST = policy({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
GIT = "codecommit.amazonaws.com"


@pytest.fixture
def iam(aws: Aws) -> Any:
    return aws.client("iam")


@pytest.mark.parametrize("kind", ["role", "user"])
def test_a_tag_key_in_another_case_is_the_same_key(iam: Any, kind: str) -> None:
    who, prior = {f"{kind.title()}Name": f"tagged-{kind}"}, [{"Key": "Department", "Value": "finance"}]
    trust = {"AssumeRolePolicyDocument": TRUST} if kind == "role" else {}
    getattr(iam, f"create_{kind}")(**who, **trust, Tags=[*prior, {"Key": "team", "Value": "a"}])
    tag, untag = getattr(iam, f"tag_{kind}"), getattr(iam, f"untag_{kind}")

    def tags() -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in getattr(iam, f"list_{kind}_tags")(**who)["Tags"]}

    tag(**who, Tags=[{"Key": "department", "Value": "hr"}])
    assert tags() == {"department": "hr", "team": "a"}
    untag(**who, TagKeys=["DEPARTMENT"])
    assert tags() == {"team": "a"}


def _keys(iam: Any, who: dict[str, str]) -> Callable[[], Any]:
    key = iam.create_access_key(**who)["AccessKey"]["AccessKeyId"]
    return lambda: iam.delete_access_key(**who, AccessKeyId=key)


def _password(iam: Any, who: dict[str, str]) -> Callable[[], Any]:
    iam.create_login_profile(**who, Password="aA1!" * 5)
    return lambda: iam.delete_login_profile(**who)


def _ssh_key(iam: Any, who: dict[str, str]) -> Callable[[], Any]:
    made = iam.upload_ssh_public_key(**who, SSHPublicKeyBody="ssh-rsa AAAA")["SSHPublicKey"]
    return lambda: iam.delete_ssh_public_key(**who, SSHPublicKeyId=made["SSHPublicKeyId"])


def _service_credential(iam: Any, who: dict[str, str]) -> Callable[[], Any]:
    made = iam.create_service_specific_credential(**who, ServiceName=GIT)["ServiceSpecificCredential"]
    which = {"ServiceSpecificCredentialId": made["ServiceSpecificCredentialId"]}
    return lambda: iam.delete_service_specific_credential(**who, **which)


def _device(iam: Any, who: dict[str, str]) -> Callable[[], Any]:
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName="a-device")["VirtualMFADevice"]
    which = {**who, "SerialNumber": made["SerialNumber"]}
    iam.enable_mfa_device(**which, AuthenticationCode1="123456", AuthenticationCode2="654321")
    return lambda: iam.deactivate_mfa_device(**which)


def _group(iam: Any, who: dict[str, str]) -> Callable[[], Any]:
    iam.create_group(GroupName="a-group")
    iam.add_user_to_group(**who, GroupName="a-group")
    return lambda: iam.remove_user_from_group(**who, GroupName="a-group")


@pytest.mark.parametrize("give", [_keys, _password, _ssh_key, _service_credential, _device, _group])
def test_a_user_who_has_something_is_not_deleted(
    iam: Any, give: Callable[[Any, dict[str, str]], Callable[[], Any]]
) -> None:
    who = {"UserName": f"has{give.__name__}"}
    iam.create_user(**who)
    take = give(iam, who)
    code, message, status = refusal(iam.delete_user, **who)
    assert (code, status) == ("DeleteConflict", 409)
    assert message.startswith("Cannot delete entity, must ")
    take()
    iam.delete_user(**who)
    assert refusal(iam.get_user, **who)[0] == "NoSuchEntity"


def test_a_service_specific_credential_is_listed_without_its_password(iam: Any) -> None:
    who = {"UserName": "pushes"}
    iam.create_user(**who)
    made = iam.create_service_specific_credential(**who, ServiceName=GIT)["ServiceSpecificCredential"]
    assert made["ServicePassword"]
    (listed,) = iam.list_service_specific_credentials(**who)["ServiceSpecificCredentials"]
    assert listed == {name: value for name, value in made.items() if name != "ServicePassword"}
    other = iam.list_service_specific_credentials(**who, ServiceName="bedrock.amazonaws.com")
    assert other["ServiceSpecificCredentials"] == []


def test_service_specific_credentials_are_refused_as_iam_does(iam: Any) -> None:
    who = {"UserName": "pushes-more"}
    iam.create_user(**who)
    create = iam.create_service_specific_credential
    assert refusal(create, **who, ServiceName="s3.amazonaws.com")[::2] == ("NotSupportedService", 404)
    assert refusal(create, UserName="nobody", ServiceName=GIT)[::2] == ("NoSuchEntity", 404)
    for _ in range(2):
        create(**who, ServiceName=GIT)
    assert refusal(create, **who, ServiceName=GIT)[::2] == ("LimitExceeded", 409)
    which = {"ServiceSpecificCredentialId": "ACCA" + "0" * 17}
    assert refusal(iam.delete_service_specific_credential, **who, **which)[::2] == ("NoSuchEntity", 404)
