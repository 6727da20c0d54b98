"""An organization of member accounts for a fleet: each with the little that five cheap experiments need."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config

from chaoskit.fleets import Roles
from chaoskit.journal.table import TABLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EXPERIMENTS: Final = Path(__file__).parent / "quick"
STACK: Final = "chaoskit-fleet"
JOURNAL: Final = "chaoskit-fleet-journal"
_ROLES: Final = Roles()
_PATH_STYLE: Final = Config(s3={"addressing_style": "path"})
_SPECIFIED: Final = ("AttributeDefinitions", "KeySchema", "BillingMode")


@dataclass(frozen=True)
class Organization:
    """A sandbox with a tooling account, a management account and members.

    Attributes:
        url: The sandbox's.
        accounts: The members.
        unit: The OU that they are in.
    """

    url: str
    region: str
    tooling: boto3.Session
    management: boto3.Session
    accounts: tuple[str, ...]
    unit: str

    def client(self, service: str) -> Any:
        """A client of the tooling account's administrator."""
        return self.tooling.client(service, endpoint_url=self.url, config=_PATH_STYLE)

    def member(self, account: str, service: str) -> Any:
        """A client of a member account's administrator."""
        return _as_admin(self, account).client(service, endpoint_url=self.url, config=_PATH_STYLE)

    @property
    def environment(self) -> Mapping[str, str]:
        """What leads AWS tools to the tooling account."""
        keys = self.tooling.get_credentials().get_frozen_credentials()
        return {
            "AWS_ACCESS_KEY_ID": keys.access_key,
            "AWS_SECRET_ACCESS_KEY": keys.secret_key,
            "AWS_REGION": self.region,
            "AWS_ENDPOINT_URL": self.url,
        }


def organize(about: Mapping[str, Any], size: int) -> Organization:
    """Make an organization of a sandbox that is bare, as it describes itself."""

    def session(who: str) -> boto3.Session:
        keys = about["credentials"][who]
        return boto3.Session(keys["access_key_id"], keys["secret_access_key"], region_name=about["region"])

    management = session("management")
    client = management.client("organizations", endpoint_url=about["url"])
    root = client.list_roots()["Roots"][0]["Id"]
    unit = client.create_organizational_unit(ParentId=root, Name="Fleet")["OrganizationalUnit"]["Id"]
    accounts = [_account(client, number, root, unit) for number in range(size)]
    made = Organization(
        about["url"], about["region"], session("admin"), management, tuple(sorted(accounts)), unit
    )
    tool(made)
    for account in accounts:
        equip(made, account)
    return made


def tool(made: Organization) -> None:
    """Give the tooling account what a fleet needs."""
    tables = made.client("dynamodb")
    tables.create_table(TableName=JOURNAL, **{name: TABLE[name] for name in _SPECIFIED})
    definition = (files("chaoskit.fleet") / "state-machine.asl.json").read_text("utf-8")
    resources = {
        "Work": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "chaoskit-fleet-work"}},
        "Results": {"Type": "AWS::S3::Bucket"},
        "MachineRole": _role(
            "chaoskit-fleet-machine", {"Service": "states.amazonaws.com"}, ["s3:*", "sqs:*", "states:*"]
        ),
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "StateMachineName": "chaoskit-fleet",
                "RoleArn": {"Fn::GetAtt": "MachineRole.Arn"},
                "DefinitionString": definition,
                "DefinitionSubstitutions": {"QueueUrl": {"Ref": "Work"}},
            },
        },
    }
    outputs = {
        "StateMachineArn": {"Ref": "Machine"},
        "QueueUrl": {"Ref": "Work"},
        "BucketName": {"Ref": "Results"},
        "TableName": JOURNAL,
    }
    _deploy(made.client("cloudformation"), STACK, resources, outputs)


def equip(made: Organization, account: str) -> None:
    """Give a member account its roles, a role and a bucket to experiment on, and the word that it may be."""
    tooling = made.tooling.client("sts", endpoint_url=made.url).get_caller_identity()["Account"]
    trust = {"AWS": f"arn:aws:iam::{tooling}:root"}
    changes = [
        "iam:*",
        "s3:*",
        "scheduler:*",
        "ssm:*",
        "cloudtrail:*",
        "fis:*",
        "organizations:*",
        "sts:*",
        "sqs:*",
    ]
    looks = [
        "cloudformation:Describe*",
        "cloudtrail:LookupEvents",
        "fis:GetSafetyLever",
        "iam:Get*",
        "iam:List*",
        "organizations:Describe*",
        "s3:Get*",
        "s3:List*",
        "ssm:Get*",
    ]
    resources = {
        "Inject": _role(_ROLES.inject, trust, changes),
        "Undo": _role(_ROLES.undo, {**trust, "Service": "scheduler.amazonaws.com"}, changes),
        "Read": _role(_ROLES.read, trust, looks),
        "DeadLetters": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"QueueName": "chaoskit-fleet-undo-dead-letters"},
        },
        "Consent": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": "/chaoskit/sandbox", "Type": "String", "Value": "true"},
        },
        "TrainingRole": _role("ml-training", {"Service": "sagemaker.amazonaws.com"}, ["s3:GetObject"]),
        "TrainingData": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "BucketName": f"ml-training-{account}",
                "VersioningConfiguration": {"Status": "Enabled"},
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": True,
                    "BlockPublicPolicy": True,
                    "IgnorePublicAcls": True,
                    "RestrictPublicBuckets": True,
                },
            },
        },
    }
    outputs = {"TrainingRole": {"Ref": "TrainingRole"}, "TrainingDataBucket": {"Ref": "TrainingData"}}
    _deploy(made.member(account, "cloudformation"), "chaoskit-workload", resources, outputs)


def _account(client: Any, number: int, root: str, unit: str) -> str:
    asked = client.create_account(Email=f"fleet-{number}@example.com", AccountName=f"fleet-{number}")
    account: str = asked["CreateAccountStatus"]["AccountId"]
    client.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit)
    return account


def _as_admin(made: Organization, account: str) -> boto3.Session:
    keys = made.management.client("sts", endpoint_url=made.url).assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole", RoleSessionName="fleet-fixture"
    )["Credentials"]
    return boto3.Session(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=made.region
    )


def _role(name: str, trust: Mapping[str, str], actions: Sequence[str]) -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": name,
            "Description": "made for the fleet",
            "AssumeRolePolicyDocument": _document(Principal=trust, Action="sts:AssumeRole"),
            "Policies": [
                {"PolicyName": "all", "PolicyDocument": _document(Action=list(actions), Resource="*")}
            ],
        },
    }


def _document(**statement: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}


def _deploy(client: Any, name: str, resources: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
    template = {
        "Resources": resources,
        "Outputs": {output: {"Value": value} for output, value in outputs.items()},
    }
    client.create_stack(
        StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    client.get_waiter("stack_create_complete").wait(
        StackName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 400}
    )
