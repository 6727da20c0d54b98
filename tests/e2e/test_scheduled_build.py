"""`chaoskit schedule install --to eventbridge`: what its build calls, with no more than its role may do."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from click.testing import CliRunner

from chaoskit.cli import cli
from chaoskit.history import History
from chaoskit.home import history_path
from chaoskit.sandbox.cfn.template import parse
from chaoskit.schedule.artefacts import ARTEFACTS, Wish
from tests.e2e.lab import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.lab import Lab

EXPERIMENT = SHIPPED / "identity" / "permissive-policy-on-training-role.yaml"
STACK = "chaoskit-schedule"


@pytest.fixture
def template() -> str:
    wish = Wish("chaoskit", Path(), (str(EXPERIMENT),), "aws")
    (text,) = ARTEFACTS["eventbridge"](wish).values()
    return text


@pytest.fixture
def build_role(lab: Lab, template: str) -> Iterator[str]:
    """The build's role as the template makes it, except that it is this test which assumes it."""
    cloudformation, iam = lab.client("cloudformation"), lab.client("iam")
    named = lab.target.variables
    given = {name: named[f"workload.{name.lower()}_role_arn"] for name in ("Harness", "Read", "Undo")}
    cloudformation.create_stack(
        StackName=STACK,
        TemplateBody=template.partition("  Project:\n")[0],  # the sandbox has no CodeBuild
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[
            {"ParameterKey": "Source", "ParameterValue": "sources/experiments.zip"},
            *({"ParameterKey": f"{name}Role", "ParameterValue": arn} for name, arn in given.items()),
        ],
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName=STACK)
    made = cloudformation.describe_stack_resource(StackName=STACK, LogicalResourceId="BuildRole")
    name = made["StackResourceDetail"]["PhysicalResourceId"]
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{lab.target.account}:root"},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=document)
    yield name
    cloudformation.delete_stack(StackName=STACK)


@pytest.fixture
def as_the_build(lab: Lab, build_role: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = f"arn:aws:iam::{lab.target.account}:role/{build_role}"
    keys = lab.client("sts").assume_role(RoleArn=arn, RoleSessionName="build")["Credentials"]
    monkeypatch.setenv("AWS_ENDPOINT_URL", lab.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", keys["SessionToken"])
    monkeypatch.setenv("AWS_REGION", lab.target.connection.region)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    (tmp_path / "chaoskit.toml").write_text(f'[aws]\naccounts = ["{lab.target.account}"]\nlanding_s = 0.5\n')
    monkeypatch.chdir(tmp_path)


def denied(lab: Lab, role: str) -> set[str]:
    """What the role's sessions were refused, as the audit trail has it."""
    client = lab.client("cloudtrail")
    pages = client.get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": "Username", "AttributeValue": "build"}]
    )
    records = [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]
    return {
        f"{each['eventSource'].partition('.')[0]}:{each['eventName']}"
        for each in records
        if f"/{role}/" in each["userIdentity"].get("arn", "") and "errorCode" in each
    }


@pytest.mark.long
@pytest.mark.usefixtures("as_the_build")
def test_the_build_runs_what_is_due_with_nothing_but_its_role(
    lab: Lab, template: str, build_role: str
) -> None:
    project = parse(template).resources["Project"]["Properties"]
    spec = yaml.safe_load(project["Source"]["BuildSpec"])
    program, *arguments = shlex.split(spec["phases"]["build"]["commands"][-1])
    assert (program, *arguments[-2:]) == ("chaoskit", "--heartbeat", "cloudwatch")
    ended = CliRunner().invoke(cli, arguments, standalone_mode=False)
    assert (ended.exception, ended.return_value) == (None, 0), ended.output
    (result,) = History(history_path()).find("last").results
    assert (result["verdict"], result["restored"]) == ("PASSED", True)
    # Of an organization's structure only its management account may ask; a prediction says that it could not.
    assert denied(lab, build_role) <= {"organizations:ListParents"}
