"""StackSets with service-managed permissions, through the API: stacks in other accounts, and refusals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chaoskit.sandbox.server import Served

REGION = "us-east-1"
MEMBER = "444455556666"


class Sets:
    """The organization's administrators, and a stack set of the test's own."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.api = self.client("management", "cloudformation")
        self.organizations = self.client("management", "organizations")
        self.root = self.organizations.list_roots()["Roots"][0]["Id"]
        (unit,) = self.organizations.list_organizational_units_for_parent(ParentId=self.root)[
            "OrganizationalUnits"
        ]
        self.unit: str = unit["Id"]

    def client(self, who: str, service: str, region: str = REGION) -> Any:
        key = self.served.credentials[who]
        session = boto3.Session(key.access_key_id, key.secret_access_key, region_name=region)
        return session.client(service, endpoint_url=self.served.url)

    def create(self, name: str, **more: Any) -> None:
        request = {
            "TemplateBody": queue("stack-sets", DelaySeconds=0),
            "PermissionModel": "SERVICE_MANAGED",
            **more,
        }
        self.api.create_stack_set(StackSetName=name, **request)

    def operate(self, name: str, operation: str, **more: Any) -> dict[str, Any]:
        """Do it in the sandbox OU and wait for its end; the operation, with its results."""
        request = {"DeploymentTargets": {"OrganizationalUnitIds": [self.unit]}, "Regions": [REGION], **more}
        begun = getattr(self.api, operation)(StackSetName=name, **request)
        assert self.served.cloud.idle(20)
        which = {"StackSetName": name, "OperationId": begun["OperationId"]}
        over: dict[str, Any] = self.api.describe_stack_set_operation(**which)["StackSetOperation"]
        return over | {"Results": self.api.list_stack_set_operation_results(**which)["Summaries"]}

    def remove(self, name: str) -> None:
        if self.api.list_stack_instances(StackSetName=name)["Summaries"]:
            regions = ["eu-west-1", REGION]
            self.operate(name, "delete_stack_instances", RetainStacks=False, Regions=regions)
        self.api.delete_stack_set(StackSetName=name)


@pytest.fixture(scope="module")
def sets(served: Served) -> Sets:
    made = Sets(served)
    made.api.activate_organizations_access()
    return made


@pytest.fixture
def name(sets: Sets, request: pytest.FixtureRequest) -> Iterator[str]:
    """A stack set; it is taken away after the test."""
    made = request.node.name.replace("_", "-")[:60]
    sets.create(made)
    yield made
    sets.remove(made)


def queue(name: str, **properties: Any) -> str:
    made = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name, **properties}}
    return json.dumps({"Resources": {"Queue": made}})


def said(call: Callable[..., Any], **given: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**given)
    return str(caught.value)


def test_a_stack_is_made_in_each_region_of_each_account_and_deleted_again(sets: Sets, name: str) -> None:
    over = sets.operate(name, "create_stack_instances", Regions=[REGION, "eu-west-1"])
    assert (over["Action"], over["Status"]) == ("CREATE", "SUCCEEDED")
    assert [(each["Account"], each["Region"]) for each in over["Results"]] == [
        (MEMBER, REGION),
        (MEMBER, "eu-west-1"),
    ]
    there = sets.client("admin", "sqs", "eu-west-1")
    assert there.get_queue_url(QueueName="stack-sets")
    listed = sets.api.list_stack_instances(StackSetName=name)["Summaries"]
    assert {each["Status"] for each in listed} == {"CURRENT"}
    assert "StackSetNotEmptyException" in said(sets.api.delete_stack_set, StackSetName=name)
    sets.operate(name, "delete_stack_instances", RetainStacks=False, Regions=[REGION, "eu-west-1"])
    assert "NonExistentQueue" in said(there.get_queue_url, QueueName="stack-sets")


def test_an_update_reaches_the_stacks_and_what_is_retained_stays(sets: Sets, name: str) -> None:
    sets.operate(name, "create_stack_instances")
    body = queue("stack-sets", VisibilityTimeout=77)
    begun = sets.api.update_stack_set(StackSetName=name, TemplateBody=body)
    assert sets.served.cloud.idle(20)
    which = {"StackSetName": name, "OperationId": begun["OperationId"]}
    assert sets.api.describe_stack_set_operation(**which)["StackSetOperation"]["Status"] == "SUCCEEDED"
    there = sets.client("admin", "sqs")
    url = there.get_queue_url(QueueName="stack-sets")["QueueUrl"]
    asked = {"QueueUrl": url, "AttributeNames": ["VisibilityTimeout"]}
    assert there.get_queue_attributes(**asked)["Attributes"] == {"VisibilityTimeout": "77"}
    sets.operate(name, "delete_stack_instances", RetainStacks=True)
    assert there.get_queue_attributes(**asked)
    there.delete_queue(QueueUrl=url)


def test_a_stack_that_fails_fails_the_operation_with_its_reason(sets: Sets, name: str) -> None:
    there = sets.client("admin", "sqs")
    url = there.create_queue(QueueName="stack-sets", Attributes={"DelaySeconds": "7"})["QueueUrl"]
    over = sets.operate(name, "create_stack_instances")
    (result,) = over["Results"]
    assert (over["Status"], result["Status"]) == ("FAILED", "FAILED")
    assert result["StatusReason"].startswith("ResourceLogicalId:Queue, ResourceType:AWS::SQS::Queue, ")
    there.delete_queue(QueueUrl=url)
    assert sets.operate(name, "create_stack_instances")["Status"] == "SUCCEEDED"


def test_a_guardrail_above_the_account_holds_for_its_stack(sets: Sets, name: str) -> None:
    deny = {"Sid": "No", "Effect": "Deny", "Action": "sqs:CreateQueue", "Resource": "*"}
    policy = sets.organizations.create_policy(
        Name="no-queues",
        Description="",
        Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )["Policy"]["PolicySummary"]["Id"]
    sets.organizations.attach_policy(PolicyId=policy, TargetId=sets.unit)
    try:
        (result,) = sets.operate(name, "create_stack_instances")["Results"]
    finally:
        sets.organizations.detach_policy(PolicyId=policy, TargetId=sets.unit)
        sets.organizations.delete_policy(PolicyId=policy)
    assert "explicit deny in a service control policy" in result["StatusReason"]


def test_the_management_account_gets_no_stack(sets: Sets, name: str) -> None:
    targets = {"OrganizationalUnitIds": [sets.root]}
    over = sets.operate(name, "create_stack_instances", DeploymentTargets=targets)
    assert [each["Account"] for each in over["Results"]] == [MEMBER]
    sets.operate(name, "delete_stack_instances", RetainStacks=False, DeploymentTargets=targets)


def test_what_is_not_known_or_not_allowed_is_refused(sets: Sets, name: str) -> None:
    template = {"TemplateBody": queue("other")}
    managed = {**template, "PermissionModel": "SERVICE_MANAGED"}
    api = sets.api
    assert "NameAlreadyExistsException" in said(api.create_stack_set, StackSetName=name, **managed)
    assert "SERVICE_MANAGED only" in said(api.create_stack_set, StackSetName="own", **template)
    assert "StackSetNotFoundException" in said(api.describe_stack_set, StackSetName="none")
    assert "OperationNotFoundException" in said(
        api.describe_stack_set_operation, StackSetName=name, OperationId="none"
    )
    member = sets.client("admin", "cloudformation")
    assert "management account" in said(member.create_stack_set, StackSetName="own", **managed)
    accounts = {"StackSetName": name, "Accounts": [MEMBER], "Regions": [REGION]}
    assert "OrganizationalUnit as target" in said(api.create_stack_instances, **accounts)
    unknown = {"OrganizationalUnitIds": ["ou-ab12-12345678"]}
    there = {"StackSetName": name, "DeploymentTargets": unknown, "Regions": [REGION]}
    assert "ou-ab12-12345678 does not exist" in said(api.create_stack_instances, **there)
    assert [each["StackSetName"] for each in api.list_stack_sets()["Summaries"]] == [name]


def test_without_trusted_access_nothing_begins(sets: Sets) -> None:
    sets.api.deactivate_organizations_access()
    try:
        assert sets.api.describe_organizations_access()["Status"] == "DISABLED"
        assert "enable organizations access" in said(sets.create, name="early")
    finally:
        sets.api.activate_organizations_access()
    assert sets.api.describe_organizations_access()["Status"] == "ENABLED"
