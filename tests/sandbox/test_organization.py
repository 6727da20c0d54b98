from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaoskit.sandbox.server import Served

MANAGEMENT, MEMBER = "111122223333", "444455556666"


@pytest.fixture(scope="module")
def client(served: Served) -> Callable[[str, str], Any]:
    def connect(who: str, service: str) -> Any:
        key = served.credentials[who]
        return boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=served.url,
            aws_access_key_id=key.access_key_id,
            aws_secret_access_key=key.secret_access_key,
        )

    return connect


def test_each_administrator_acts_in_its_own_account(client: Callable[[str, str], Any]) -> None:
    assert client("management", "sts").get_caller_identity()["Account"] == MANAGEMENT
    identity = client("admin", "sts").get_caller_identity()
    assert identity["Arn"] == f"arn:aws:iam::{MEMBER}:user/admin"


def test_the_sandbox_account_is_alone_in_its_own_unit(client: Callable[[str, str], Any]) -> None:
    organizations = client("management", "organizations")
    parent = organizations.list_parents(ChildId=MEMBER)["Parents"][0]
    assert parent["Type"] == "ORGANIZATIONAL_UNIT"
    unit = organizations.describe_organizational_unit(OrganizationalUnitId=parent["Id"])
    assert unit["OrganizationalUnit"]["Name"] == "Sandbox"
    found = organizations.list_accounts_for_parent(ParentId=parent["Id"])["Accounts"]
    assert [each["Id"] for each in found] == [MEMBER]


def test_the_organization_holds_exactly_the_two_accounts(client: Callable[[str, str], Any]) -> None:
    found = client("management", "organizations").list_accounts()["Accounts"]
    assert {each["Id"] for each in found} == {MANAGEMENT, MEMBER}


def test_service_control_policies_are_enabled_and_nothing_is_denied_yet(
    client: Callable[[str, str], Any],
) -> None:
    organizations = client("management", "organizations")
    root = organizations.list_roots()["Roots"][0]
    assert {"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"} in root["PolicyTypes"]
    for target in (root["Id"], organizations.list_parents(ChildId=MEMBER)["Parents"][0]["Id"], MEMBER):
        attached = organizations.list_policies_for_target(TargetId=target, Filter="SERVICE_CONTROL_POLICY")
        assert [policy["Name"] for policy in attached["Policies"]] == ["FullAWSAccess"]


def test_the_management_account_may_assume_the_member_accounts_access_role(
    client: Callable[[str, str], Any],
) -> None:
    arn = f"arn:aws:iam::{MEMBER}:role/OrganizationAccountAccessRole"
    session = client("management", "sts").assume_role(RoleArn=arn, RoleSessionName="break-glass")
    assert session["AssumedRoleUser"]["Arn"].startswith(f"arn:aws:sts::{MEMBER}:assumed-role/")
    roles = client("management", "iam").list_roles()["Roles"]
    assert "OrganizationAccountAccessRole" not in [role["RoleName"] for role in roles]


def test_the_access_role_of_a_new_account_administers_it(
    served: Served, client: Callable[[str, str], Any]
) -> None:
    asked = {"Email": "another@example.com", "AccountName": "another"}
    made = client("management", "organizations").create_account(**asked)["CreateAccountStatus"]
    role = f"arn:aws:iam::{made['AccountId']}:role/OrganizationAccountAccessRole"
    keys = client("management", "sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    there = boto3.client(
        "iam",
        endpoint_url=served.url,
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    arn = there.create_user(UserName="somebody")["User"]["Arn"]
    assert arn == f"arn:aws:iam::{made['AccountId']}:user/somebody"
