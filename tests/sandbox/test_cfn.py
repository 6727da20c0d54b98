"""CloudFormation as a person meets it: stacks made, changed, rolled back and deleted through the API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from zlib import crc32

import boto3
import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chaoskit.sandbox.server import Served

    Connect = Callable[[str], Any]

DESTROYED = "does not exist"


@pytest.fixture(scope="module")
def aws(served: Served) -> Connect:
    key, made = served.credentials["admin"], dict[str, Any]()

    def connect(service: str) -> Any:
        if service not in made:
            made[service] = boto3.client(
                service,
                region_name="us-east-1",
                endpoint_url=served.url,
                aws_access_key_id=key.access_key_id,
                aws_secret_access_key=key.secret_access_key,
            )
        return made[service]

    return connect


class Stacks:
    """Makes stacks under a name of the test's own, and waits for them."""

    def __init__(self, served: Served, aws: Connect, name: str) -> None:
        self._served = served
        self.aws = aws
        self.name = name
        self.api = aws("cloudformation")

    def create(self, resources: dict[str, Any], **request: Any) -> dict[str, Any]:
        self.api.create_stack(**self._request(resources, request))
        return self.settled()

    def update(self, resources: dict[str, Any], **request: Any) -> dict[str, Any]:
        self.api.update_stack(**self._request(resources, request))
        return self.settled()

    def delete(self) -> None:
        self.api.delete_stack(StackName=self.name)
        assert self._served.cloud.idle(20)

    def settled(self) -> dict[str, Any]:
        assert self._served.cloud.idle(20)
        stack: dict[str, Any] = self.api.describe_stacks(StackName=self.name)["Stacks"][0]
        return stack

    def outputs(self) -> dict[str, str]:
        return {each["OutputKey"]: each["OutputValue"] for each in self.settled()["Outputs"]}

    def reasons(self) -> str:
        events = self.api.describe_stack_events(StackName=self.name)["StackEvents"]
        return "\n".join(event.get("ResourceStatusReason", "") for event in events)

    def _request(self, resources: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
        sections: dict[str, Any] = {
            name: request.pop(name) for name in ("Conditions", "Mappings", "Outputs") if name in request
        }
        declared = request.pop("Declared", None)
        if declared:
            sections["Parameters"] = declared
        body = json.dumps({"Resources": resources, **sections})
        named = {"StackName": self.name, "TemplateBody": body}
        return {**named, "Capabilities": ["CAPABILITY_NAMED_IAM"], **request}


@pytest.fixture
def stacks(served: Served, aws: Connect, request: pytest.FixtureRequest) -> Iterator[Stacks]:
    made = Stacks(served, aws, f"test-{crc32(request.node.name.encode())}")
    yield made
    made.delete()


def queue(name: str, **properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name, **properties}}


def role(name: str, **properties: Any) -> dict[str, Any]:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {"RoleName": name, "AssumeRolePolicyDocument": trust, **properties},
    }


def policy(name: str, action: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return {"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}


def broken(name: str) -> dict[str, Any]:
    """A role that can be created, but whose policy is refused."""
    document = {"Version": "2012-10-17", "Statement": "nonsense"}
    return role(name, Policies=[{"PolicyName": "broken", "PolicyDocument": document}])


def said(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value)


def test_functions_are_evaluated_in_properties_and_outputs(stacks: Stacks) -> None:
    stacks.create(
        {
            "Q": queue(
                "functions", VisibilityTimeout={"Fn::FindInMap": ["Times", {"Ref": "Stage"}, "Seconds"]}
            )
        },
        Mappings={"Times": {"dev": {"Seconds": 17}}},
        Conditions={
            "IsDev": {"Fn::Equals": [{"Ref": "Stage"}, "dev"]},
            "Neither": {"Fn::Not": [{"Fn::Or": [{"Condition": "IsDev"}, {"Fn::Equals": ["a", "a"]}]}]},
        },
        Declared={"Stage": {"Type": "String", "Default": "dev"}, "Zones": {"Type": "CommaDelimitedList"}},
        Parameters=[{"ParameterKey": "Zones", "ParameterValue": "a, b,c"}],
        Outputs={
            "Sub": {
                "Value": {"Fn::Sub": ["${Q.QueueName}-${More}-${!Kept}-${AWS::AccountId}", {"More": "x"}]}
            },
            "Join": {"Value": {"Fn::Join": ["+", {"Ref": "Zones"}]}},
            "Select": {"Value": {"Fn::Select": [1, {"Fn::Split": ["/", "one/two/three"]}]}},
            "If": {"Value": {"Fn::If": ["IsDev", "yes", "no"]}},
            "Base64": {"Value": {"Fn::Base64": "text"}},
            "Json": {"Value": {"Fn::ToJsonString": {"arn": {"Fn::GetAtt": ["Q", "Arn"]}}}},
            "Absent": {"Condition": "Neither", "Value": "never"},
        },
    )
    arn = "arn:aws:sqs:us-east-1:444455556666:functions"
    assert stacks.outputs() == {
        "Sub": "functions-x-${Kept}-444455556666",
        "Join": "a+b+c",
        "Select": "two",
        "If": "yes",
        "Base64": "dGV4dA==",
        "Json": f'{{"arn":"{arn}"}}',
    }
    url = stacks.aws("sqs").get_queue_url(QueueName="functions")["QueueUrl"]
    got = stacks.aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    assert got["Attributes"]["VisibilityTimeout"] == "17"


def test_a_failure_rolls_back_all_that_was_made_and_says_why(stacks: Stacks) -> None:
    stack = stacks.create(
        {
            "Role": role("rolled-back"),
            "Broken": {**broken("never"), "DependsOn": "Role"},
        }
    )
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "failed to create: [Broken]" in stacks.reasons()
    assert "MalformedPolicyDocument" in stacks.reasons()
    assert "NoSuchEntity" in said(lambda: stacks.aws("iam").get_role(RoleName="rolled-back"))


def test_a_resource_that_fails_half_way_is_not_left_behind(stacks: Stacks) -> None:
    stack = stacks.create({"Role": broken("half-made")})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "NoSuchEntity" in said(lambda: stacks.aws("iam").get_role(RoleName="half-made"))


def test_a_failed_update_brings_back_what_was(stacks: Stacks) -> None:
    stacks.create({"Role": role("kept", Policies=[policy("one", "s3:ListBucket")])})
    stack = stacks.update(
        {
            "Role": role("kept", Policies=[policy("two", "s3:GetObject")]),
            "Broken": {**broken("never"), "DependsOn": "Role"},
        }
    )
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.aws("iam").list_role_policies(RoleName="kept")["PolicyNames"] == ["one"]
    resources = stacks.api.list_stack_resources(StackName=stacks.name)["StackResourceSummaries"]
    assert [each["LogicalResourceId"] for each in resources] == ["Role"]


def test_an_update_changes_adds_and_removes_just_what_differs(stacks: Stacks) -> None:
    stacks.create({"Role": role("changed", Policies=[policy("one", "s3:ListBucket")]), "Old": queue("old")})
    untouched = stacks.aws("iam").get_role(RoleName="changed")["Role"]["RoleId"]
    stack = stacks.update(
        {
            "Role": role(
                "changed",
                Description="now with one",
                Policies=[policy("two", "s3:GetObject")],
                ManagedPolicyArns=["arn:aws:iam::aws:policy/SecurityAudit"],
            ),
            "New": queue("new"),
        }
    )
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    iam = stacks.aws("iam")
    made = iam.get_role(RoleName="changed")["Role"]
    assert (made["RoleId"], made["Description"]) == (untouched, "now with one")
    assert iam.list_role_policies(RoleName="changed")["PolicyNames"] == ["two"]
    attached = iam.list_attached_role_policies(RoleName="changed")["AttachedPolicies"]
    assert [each["PolicyName"] for each in attached] == ["SecurityAudit"]
    urls = stacks.aws("sqs").list_queues()["QueueUrls"]
    assert [url.rpartition("/")[2] for url in urls] == ["new"]


def test_a_property_that_cannot_change_in_place_replaces_the_resource(stacks: Stacks) -> None:
    stacks.create({"Role": role("before")})
    assert stacks.update({"Role": role("after")})["StackStatus"] == "UPDATE_COMPLETE"
    iam = stacks.aws("iam")
    assert iam.get_role(RoleName="after")
    assert "NoSuchEntity" in said(lambda: iam.get_role(RoleName="before"))


def test_a_replaced_resource_comes_back_when_the_update_fails(stacks: Stacks) -> None:
    stacks.create({"Role": role("first")})
    made = stacks.aws("iam").get_role(RoleName="first")["Role"]["RoleId"]
    stack = stacks.update({"Role": role("second"), "Broken": {**broken("never"), "DependsOn": "Role"}})
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.aws("iam").get_role(RoleName="first")["Role"]["RoleId"] == made
    assert "NoSuchEntity" in said(lambda: stacks.aws("iam").get_role(RoleName="second"))


def test_an_update_without_a_difference_is_refused(stacks: Stacks) -> None:
    stacks.create({"Q": queue("same")})
    assert "No updates are to be performed." in said(lambda: stacks.update({"Q": queue("same")}))


def test_deleting_keeps_what_is_to_be_retained(stacks: Stacks) -> None:
    stacks.create({"Kept": {**queue("retained"), "DeletionPolicy": "Retain"}, "Gone": queue("gone")})
    stacks.delete()
    assert DESTROYED in said(lambda: stacks.api.describe_stacks(StackName=stacks.name))
    sqs = stacks.aws("sqs")
    url = sqs.get_queue_url(QueueName="retained")["QueueUrl"]
    assert "NonExistentQueue" in said(lambda: sqs.get_queue_url(QueueName="gone"))
    sqs.delete_queue(QueueUrl=url)


def test_deleting_a_stack_whose_resource_is_gone_succeeds(stacks: Stacks) -> None:
    stacks.create({"Role": role("vanished", Policies=[policy("one", "s3:ListBucket")])})
    stacks.aws("iam").delete_role_policy(RoleName="vanished", PolicyName="one")
    stacks.aws("iam").delete_role(RoleName="vanished")
    stacks.delete()
    assert DESTROYED in said(lambda: stacks.api.describe_stacks(StackName=stacks.name))


def test_a_bucket_that_holds_data_is_not_deleted(stacks: Stacks) -> None:
    s3 = stacks.aws("s3")
    stacks.create({"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "not-empty"}}})
    s3.put_object(Bucket="not-empty", Key="data", Body=b"x")
    stacks.delete()
    stack = stacks.settled()
    assert stack["StackStatus"] == "DELETE_FAILED"
    assert "[B]" in stack["StackStatusReason"]
    s3.delete_object(Bucket="not-empty", Key="data")


def test_resources_are_made_with_the_stacks_role_not_the_callers_rights(stacks: Stacks) -> None:
    iam = stacks.aws("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "cloudformation.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    arn = iam.create_role(RoleName="weak-deployer", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    stack = stacks.create({"Role": role("beyond-its-rights")}, RoleARN=arn)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "weak-deployer/AWSCloudFormation is not authorized to perform: iam:CreateRole" in stacks.reasons()


def test_a_role_that_does_not_trust_cloudformation_is_refused(stacks: Stacks) -> None:
    iam = stacks.aws("iam")
    trust = json.dumps(role("x")["Properties"]["AssumeRolePolicyDocument"])
    arn = iam.create_role(RoleName="for-lambda", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    assert "cannot be assumed" in said(lambda: stacks.create({"Q": queue("q")}, RoleARN=arn))


BAD: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "an unknown type": (
        {"X": {"Type": "AWS::Nothing::AtAll"}},
        {},
        "Unrecognized resource types: [AWS::Nothing::AtAll]",
    ),
    "a property that would be dropped": (
        {"Q": queue("q", Colour="red")},
        {},
        "Encountered unsupported property Colour",
    ),
    "a reference to nothing": (
        {"Q": queue("q", RedrivePolicy={"Ref": "Missing"})},
        {},
        "Unresolved resource dependencies [Missing]",
    ),
    "a circle": (
        {"A": {**queue("a"), "DependsOn": "B"}, "B": {**queue("b"), "DependsOn": "A"}},
        {},
        "Circular dependency between resources: [A, B]",
    ),
    "no resources": ({}, {}, "At least one Resources member must be defined."),
    "a missing parameter": (
        {"Q": queue("q")},
        {"Declared": {"Stage": {"Type": "String"}}},
        "Parameters: [Stage] must have values",
    ),
    "an unknown parameter": (
        {"Q": queue("q")},
        {"Parameters": [{"ParameterKey": "Nope", "ParameterValue": "1"}]},
        "Parameters: [Nope] do not exist in the template",
    ),
    "a parameter against its rules": (
        {"Q": queue("q")},
        {"Declared": {"Stage": {"Type": "String", "Default": "x", "AllowedValues": ["dev", "prod"]}}},
        "must be one of AllowedValues [dev, prod]",
    ),
    "IAM without consent": ({"R": role("r")}, {"Capabilities": []}, "CAPABILITY_NAMED_IAM"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_stack_is_refused_before_anything_is_made(stacks: Stacks, case: str) -> None:
    resources, request, reason = BAD[case]
    assert reason in said(lambda: stacks.create(resources, **dict(request)))
    assert DESTROYED in said(lambda: stacks.api.describe_stacks(StackName=stacks.name))


def test_a_name_is_taken_until_its_stack_is_deleted(stacks: Stacks) -> None:
    stacks.create({"Q": queue("taken")})
    assert "AlreadyExists" in said(lambda: stacks.create({"Q": queue("other")}))
    stacks.delete()
    assert stacks.create({"Q": queue("taken-again")})["StackStatus"] == "CREATE_COMPLETE"


def test_a_template_that_is_not_yaml_is_refused_with_its_place(stacks: Stacks) -> None:
    reason = said(lambda: stacks.api.validate_template(TemplateBody="Resources:\n  - a\n b: ["))
    assert "(line 3, column" in reason


def test_a_template_that_is_nested_beyond_reason_is_refused_and_ends_nothing(stacks: Stacks) -> None:
    reason = said(lambda: stacks.api.validate_template(TemplateBody="[" * 51_000))
    assert "(line 1, column 101)" in reason


def test_yaml_short_forms_and_dates_are_read_as_cloudformation_reads_them(stacks: Stacks) -> None:
    body = """
    AWSTemplateFormatVersion: 2010-09-09
    Resources:
      Role:
        Type: AWS::IAM::Role
        Properties:
          RoleName: short-forms
          AssumeRolePolicyDocument:
            Version: 2012-10-17
            Statement:
              - Effect: Allow
                Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}
                Action: sts:AssumeRole
    Outputs:
      Arn: {Value: !GetAtt Role.Arn}
    """
    stacks.api.create_stack(StackName=stacks.name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
    assert stacks.outputs() == {"Arn": "arn:aws:iam::444455556666:role/short-forms"}
    made = stacks.aws("iam").get_role(RoleName="short-forms")["Role"]
    assert made["AssumeRolePolicyDocument"]["Version"] == "2012-10-17"


def test_exports_are_seen_by_other_stacks(served: Served, aws: Connect, stacks: Stacks) -> None:
    stacks.create(
        {"Q": queue("exporting")},
        Outputs={"Name": {"Value": {"Fn::GetAtt": ["Q", "QueueName"]}, "Export": {"Name": "the-queue"}}},
    )
    exports = stacks.api.list_exports()["Exports"]
    assert [(each["Name"], each["Value"]) for each in exports] == [("the-queue", "exporting")]
    other = Stacks(served, aws, f"{stacks.name}-importer")
    name = {"Fn::Join": ["-", [{"Fn::ImportValue": "the-queue"}, "copy"]]}
    other.create({"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}}})
    assert aws("sqs").get_queue_url(QueueName="exporting-copy")
    other.delete()
