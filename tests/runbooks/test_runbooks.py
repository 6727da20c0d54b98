"""The runbooks, run by SSM Automation with the responder role on a served sandbox."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import yaml

from chaoskit.sandbox.automation.document import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chaoskit.sandbox.server import Served
    from tests.one_sandbox import OneSandbox

    Connect = Callable[[str], Any]

RUNBOOKS = Path(__file__).parents[2] / "runbooks"
# Of the core workload; the runbooks of the layers are proven by the experiments that start them.
CORE = ("close-public-bucket", "detach-permissive-policy", "disable-leaked-key")
RULES = ("leaked_key_rule", "permissive_policy_rule", "public_bucket_acl_rule", "public_bucket_policy_rule")
FILES = sorted(RUNBOOKS.glob("*.yaml"))
ADMIN_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"
AUDIT_POLICY = "arn:aws:iam::aws:policy/SecurityAudit"
EVERYONE = "http://acs.amazonaws.com/groups/global/AllUsers"


@pytest.fixture(scope="module")
def sandbox(one_sandbox: OneSandbox) -> Iterator[tuple[Served, dict[str, str]]]:
    with one_sandbox.deployed() as made:
        yield made


@pytest.fixture(scope="module")
def served(sandbox: tuple[Served, dict[str, str]]) -> Served:
    return sandbox[0]


@pytest.fixture(scope="module")
def connections(served: Served) -> dict[str, Connect]:
    def connection(who: str) -> Connect:
        key, made = served.credentials[who], dict[str, Any]()

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

    return {who: connection(who) for who in ("admin", "management")}


@pytest.fixture(scope="module")
def member(connections: dict[str, Connect]) -> Connect:
    return connections["admin"]


@pytest.fixture(scope="module")
def deployed(sandbox: tuple[Served, dict[str, str]]) -> dict[str, str]:
    return sandbox[1]


@pytest.fixture
def quiet(member: Connect, deployed: dict[str, str]) -> Iterator[None]:
    """No rule starts a runbook of its own, so that what is repaired is the test's own doing."""
    rules = [deployed[key] for key in RULES]
    for rule in rules:
        member("events").disable_rule(Name=rule)
    yield
    for rule in rules:
        member("events").enable_rule(Name=rule)


@pytest.fixture
def run(member: Connect, deployed: dict[str, str], quiet: None) -> Callable[..., dict[str, Any]]:
    del quiet

    def start(runbook: str, **parameters: str) -> dict[str, Any]:
        parameters["AutomationAssumeRole"] = deployed["responder_role_arn"]
        started = member("ssm").start_automation_execution(
            DocumentName=runbook, Parameters={name: [value] for name, value in parameters.items()}
        )
        return finished(member, started["AutomationExecutionId"])

    return start


def finished(member: Connect, execution_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        execution: dict[str, Any] = member("ssm").get_automation_execution(
            AutomationExecutionId=execution_id
        )["AutomationExecution"]
        if execution["AutomationExecutionStatus"] not in ("Pending", "InProgress"):
            return execution
        time.sleep(0.02)
    raise AssertionError(f"{execution_id} did not end: {execution}")


def steps(execution: dict[str, Any]) -> dict[str, str]:
    return {step["StepName"]: step["StepStatus"] for step in execution["StepExecutions"]}


def assert_success(execution: dict[str, Any]) -> None:
    assert execution["AutomationExecutionStatus"] == "Success", execution.get("FailureMessage")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_runbook_is_a_document_that_automation_accepts(path: Path) -> None:
    document = parse(path.read_text())
    assert document.assume_role == "{{ AutomationAssumeRole }}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_runbook_says_what_it_does_step_by_step(path: Path) -> None:
    document = yaml.safe_load(path.read_text())
    assert document["description"]
    assert all(parameter["description"] for parameter in document["parameters"].values())
    assert all(step["description"] for step in document["mainSteps"])


@pytest.mark.parametrize("path", [path for path in FILES if path.stem in CORE], ids=lambda path: path.stem)
def test_a_runbook_ends_by_proving_its_effect(path: Path) -> None:
    last = yaml.safe_load(path.read_text())["mainSteps"][-1]
    assert last["name"].startswith("Verify")
    assert last["isEnd"] is True
    assert "onFailure" not in last


def test_a_rule_gives_its_runbook_exactly_the_parameters_that_it_takes(
    member: Connect, deployed: dict[str, str]
) -> None:
    started = set()
    for rule in (deployed[key] for key in RULES):
        targets = member("events").list_targets_by_rule(Rule=rule)["Targets"]
        (target,) = [each for each in targets if each["Id"] == "responder"]
        name = target["Arn"].split("automation-definition/")[1].split(":")[0]
        template = re.sub(r"<(\w+)>", r'"\1"', target["InputTransformer"]["InputTemplate"])
        takes = set(yaml.safe_load((RUNBOOKS / f"{name}.yaml").read_text())["parameters"])
        assert set(json.loads(template)) == takes
        started.add(name)
    assert started == set(CORE)


def test_detaching_leaves_the_roles_other_policies(
    member: Connect, deployed: dict[str, str], run: Callable[..., dict[str, Any]]
) -> None:
    role, iam = deployed["training_role"], member("iam")
    iam.attach_role_policy(RoleName=role, PolicyArn=ADMIN_POLICY)
    iam.attach_role_policy(RoleName=role, PolicyArn=AUDIT_POLICY)
    execution = run("detach-permissive-policy", RoleName=role, PolicyArn=ADMIN_POLICY)
    assert_success(execution)
    left = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in left] == [AUDIT_POLICY]
    iam.detach_role_policy(RoleName=role, PolicyArn=AUDIT_POLICY)


def test_a_policy_that_is_detached_already_is_a_success(
    deployed: dict[str, str], run: Callable[..., dict[str, Any]]
) -> None:
    execution = run("detach-permissive-policy", RoleName=deployed["training_role"], PolicyArn=ADMIN_POLICY)
    assert steps(execution) == {"DetachPolicy": "Failed", "VerifyDetached": "Success"}
    assert_success(execution)


def test_the_responder_cannot_detach_what_is_not_an_admin_policy(
    member: Connect, deployed: dict[str, str]
) -> None:
    role, ssm = deployed["training_role"], member("ssm")
    member("iam").attach_role_policy(RoleName=role, PolicyArn=AUDIT_POLICY)
    parameters = {
        "RoleName": [role],
        "PolicyArn": [AUDIT_POLICY],
        "AutomationAssumeRole": [deployed["responder_role_arn"]],
    }
    started = ssm.start_automation_execution(DocumentName="detach-permissive-policy", Parameters=parameters)
    execution_id = started["AutomationExecutionId"]
    step: dict[str, Any] = {"StepStatus": "Pending"}
    deadline = time.monotonic() + 10
    while step["StepStatus"] in ("Pending", "InProgress") and time.monotonic() < deadline:
        time.sleep(0.02)
        execution = ssm.get_automation_execution(AutomationExecutionId=execution_id)["AutomationExecution"]
        step = execution["StepExecutions"][0]
    assert "AccessDenied" in step["FailureMessage"]
    # The verifying step would look for a while: let it find the policy gone.
    member("iam").detach_role_policy(RoleName=role, PolicyArn=AUDIT_POLICY)
    finished(member, execution_id)


def test_closing_makes_a_public_acl_private(
    member: Connect, deployed: dict[str, str], run: Callable[..., dict[str, Any]]
) -> None:
    bucket, s3 = deployed["training_data_bucket"], member("s3")
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    execution = run("close-public-bucket", BucketName=bucket)
    assert_success(execution)
    assert steps(execution)["MakeAclPrivate"] == "Success"
    grants = s3.get_bucket_acl(Bucket=bucket)["Grants"]
    assert [grant["Permission"] for grant in grants] == ["FULL_CONTROL"]
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == json.loads(policy)


def test_closing_removes_only_the_statements_that_allow_everyone(
    member: Connect, deployed: dict[str, str], run: Callable[..., dict[str, Any]]
) -> None:
    bucket, s3 = deployed["training_data_bucket"], member("s3")
    original = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    own_account = {**read, "Sid": "OwnAccount", "Principal": {"AWS": "arn:aws:iam::444455556666:root"}}
    inside = {
        **read,
        "Sid": "Inside",
        "Principal": "*",
        "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-0a1b2c3d4e5f60718"}},
    }
    public = [
        {**read, "Sid": "Public", "Principal": "*"},
        {**read, "Sid": "PublicToo", "Principal": {"AWS": ["*"]}},
        {
            **read,
            "Sid": "PublicDespiteCondition",
            "Principal": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "true"}},
        },
    ]
    kept = [*original["Statement"], own_account, inside]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({**original, "Statement": [*public, *kept]}))
    assert_success(run("close-public-bucket", BucketName=bucket))
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"] == kept
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(original))


def test_closing_deletes_a_policy_that_only_opened_the_bucket(
    member: Connect, deployed: dict[str, str], run: Callable[..., dict[str, Any]]
) -> None:
    bucket, s3 = deployed["training_data_bucket"], member("s3")
    original = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    opened = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{bucket}/*",
            }
        ],
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(opened))
    assert_success(run("close-public-bucket", BucketName=bucket))
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=original)


def test_closing_writes_nothing_to_a_bucket_that_is_not_public(
    member: Connect, deployed: dict[str, str], run: Callable[..., dict[str, Any]]
) -> None:
    bucket, s3 = deployed["training_data_bucket"], member("s3")
    before = s3.get_bucket_acl(Bucket=bucket)["Grants"], s3.get_bucket_policy(Bucket=bucket)["Policy"]
    execution = run("close-public-bucket", BucketName=bucket)
    assert_success(execution)
    assert steps(execution)["MakeAclPrivate"] == "Pending"
    assert (
        s3.get_bucket_acl(Bucket=bucket)["Grants"],
        s3.get_bucket_policy(Bucket=bucket)["Policy"],
    ) == before


def test_disabling_touches_only_the_leaked_key(
    member: Connect, deployed: dict[str, str], run: Callable[..., dict[str, Any]]
) -> None:
    iam, user = member("iam"), deployed["ml_engineer"]
    leaked, other = (iam.create_access_key(UserName=user)["AccessKey"]["AccessKeyId"] for _ in range(2))
    assert_success(run("disable-leaked-key", UserName=user, AccessKeyId=leaked))
    keys = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
    assert {key["AccessKeyId"]: key["Status"] for key in keys} == {leaked: "Inactive", other: "Active"}
    for key in (leaked, other):
        iam.delete_access_key(UserName=user, AccessKeyId=key)


def test_a_key_that_does_not_exist_fails_the_runbook(
    deployed: dict[str, str], run: Callable[..., dict[str, Any]]
) -> None:
    execution = run(
        "disable-leaked-key", UserName=deployed["ml_engineer"], AccessKeyId="AKIAIOSFODNN7EXAMPLE"
    )
    assert execution["AutomationExecutionStatus"] == "Failed"
    assert steps(execution)["DisableKey"] == "Failed"


def alerts(member: Connect, deployed: dict[str, str], rule: str) -> list[dict[str, Any]]:
    """What the rule has sent to the alert queue; other rules' alerts are taken from the queue too."""
    sqs, url, found = member("sqs"), deployed["alert_queue_url"], []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [each["event"]["detail"] for each in found if each["rule"] == rule]


def test_an_attached_admin_policy_is_reported_and_detached(
    served: Served, member: Connect, deployed: dict[str, str]
) -> None:
    role = deployed["training_role"]
    member("iam").attach_role_policy(RoleName=role, PolicyArn=ADMIN_POLICY)
    assert served.cloud.idle(30)
    assert member("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    (detail,) = alerts(member, deployed, "chaoskit-permissive-policy")
    assert detail["requestParameters"] == {"roleName": role, "policyArn": ADMIN_POLICY}


@pytest.mark.parametrize("opening", ["canned", "header", "body"])
def test_a_public_acl_is_reported_and_made_private(
    served: Served, member: Connect, deployed: dict[str, str], opening: str
) -> None:
    bucket, s3 = deployed["training_data_bucket"], member("s3")
    owner = s3.get_bucket_acl(Bucket=bucket)["Owner"]
    everyone = {"Grantee": {"Type": "Group", "URI": EVERYONE}, "Permission": "READ"}
    ways: dict[str, dict[str, Any]] = {
        "canned": {"ACL": "public-read"},
        "header": {"GrantRead": f'uri="{EVERYONE}"'},
        "body": {"AccessControlPolicy": {"Owner": owner, "Grants": [everyone]}},
    }
    s3.put_bucket_acl(Bucket=bucket, **ways[opening])
    assert served.cloud.idle(30)
    grants = s3.get_bucket_acl(Bucket=bucket)["Grants"]
    assert [grant["Grantee"]["Type"] for grant in grants] == ["CanonicalUser"]
    (detail,) = alerts(member, deployed, "chaoskit-public-bucket-acl")
    assert detail["requestParameters"]["bucketName"] == bucket


def test_a_public_bucket_policy_is_reported_and_closed(
    served: Served, member: Connect, deployed: dict[str, str]
) -> None:
    bucket, s3 = deployed["training_data_bucket"], member("s3")
    original = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    public = {
        "Sid": "Public",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    opened = {**original, "Statement": [*original["Statement"], public]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(opened))
    assert served.cloud.idle(30)
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == original
    assert len(alerts(member, deployed, "chaoskit-public-bucket-policy")) == 1


def test_a_leaked_key_is_reported_and_disabled(
    served: Served, member: Connect, deployed: dict[str, str]
) -> None:
    iam, user = member("iam"), deployed["ml_engineer"]
    key = iam.create_access_key(UserName=user)["AccessKey"]
    outside = boto3.client(
        "sagemaker-runtime",
        region_name="us-east-1",
        endpoint_url=served.url,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    outside.meta.events.register(
        "before-sign.sagemaker-runtime.InvokeEndpoint",
        lambda request, **_: request.headers.add_header("x-chaoskit-source-ip", "198.51.100.7"),
    )
    invocation = {"EndpointName": deployed["endpoint"], "ContentType": "application/json"}
    outside.invoke_endpoint(**invocation, Body=b"[[1, 2, 3]]")
    assert served.cloud.idle(30)
    (metadata,) = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
    assert metadata["Status"] == "Inactive"
    with pytest.raises(outside.exceptions.ClientError):
        outside.invoke_endpoint(**invocation, Body=b"[[1, 2, 3]]")
    (detail,) = alerts(member, deployed, "chaoskit-leaked-key")
    assert (detail["sourceIPAddress"], detail["userIdentity"]["userName"]) == ("198.51.100.7", user)
    iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])


def test_nothing_of_all_this_went_undelivered(member: Connect, deployed: dict[str, str]) -> None:
    url = deployed["undelivered_queue_url"]
    assert "Messages" not in member("sqs").receive_message(QueueUrl=url)
